package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sworn-build/sworn/provenance/repository"
	"github.com/sworn-build/sworn/provenance/signature"
)

func (c *cli) verifyCommand() *cobra.Command {
	var keyPath string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "verify --key PUB IMAGE",
		Short: "Verify an image's statements with the signer's public key",
		Long: `Verify an image's statements with the signer's public key. Nothing in the image is
trusted: every statement attached to every platform must be signed with the key
and be about this image, and contents/v1 must be what the layers hold.

It prints each referrer that it considered and why it was taken or refused, what
was checked and what was not. It exits 0 when all of it passes, 1 when the image
fails, 2 when that could not be told.`,
		Args: oneImage,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := c.verify(cmd.Context(), args[0], keyPath, asJSON); err != nil {
				return fmt.Errorf("verify %s: %w", args[0], err)
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&keyPath, "key", "", "the signer's public key in PEM")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// verdictOutput is the JSON of sworn verify.
type verdictOutput struct {
	Image    string `json:"image"`
	Resolved string `json:"resolved"`
	KeyFile  string `json:"keyFile"`
	signature.Verdict
}

func (c *cli) verify(ctx context.Context, image, keyPath string, asJSON bool) error {
	key, err := publicKey(keyPath)
	if err != nil {
		return err
	}
	return c.withImage(ctx, image, func(ctx context.Context, repo *repository.Repository) error {
		desc, err := resolve(ctx, repo)
		if err != nil {
			return err
		}
		verdict, err := signature.Verify(ctx, repo, desc, key, c.options(repo))
		if err != nil {
			return err
		}
		out := verdictOutput{image, repo.Reference().Pinned(desc.Digest), keyPath, verdict}
		if asJSON {
			err = c.printJSON(out)
		} else {
			err = c.printVerdict(out)
		}
		if err != nil {
			return err
		}
		return failed(verdict)
	})
}

// failed returns the failure of a verdict, or nil.
func failed(v signature.Verdict) error {
	if v.Pass {
		return nil
	}
	f := &failure{message: v.Problems[0], hints: v.Next}
	if n := len(v.Problems) - 1; n > 0 {
		f.message += fmt.Sprintf("; and %d more", n)
	}
	return f
}

func (c *cli) printVerdict(out verdictOutput) error {
	p := &printer{w: c.stdout}
	p.line("image     %s", out.Image)
	p.line("resolved  %s", out.Resolved)
	p.line("key       %s (%s)", out.Key, out.KeyFile)
	p.line("")
	p.line("%s", c.painted(bold, "referrers considered"))
	for _, r := range out.Referrers {
		c.printConsidered(p, r)
	}
	if len(out.Referrers) == 0 {
		p.line("  none")
	}
	p.line("%s", c.painted(bold, "statements"))
	for _, pl := range out.Platforms {
		p.line("  %s %s", pl.Platform, pl.Digest)
		for _, s := range pl.Statements {
			state := c.painted(red, "NOT SIGNED")
			if s.Signed {
				state = c.painted(green, "signed    ")
			}
			p.line("    %s  %s", state, s.PredicateType)
		}
	}
	c.printList(p, "checked", out.Checked)
	c.printList(p, "not checked", out.NotChecked)
	c.printList(p, "warnings", out.Warnings)
	c.printList(p, "problems", out.Problems)
	c.printList(p, "try next", out.Next)
	if out.Pass {
		p.line("verdict: %s, signed by key %s", c.painted(green, "pass"), out.Key)
	} else {
		p.line("verdict: %s", c.painted(red, "fail"))
	}
	return p.err
}

func (c *cli) printConsidered(p *printer, r signature.Considered) {
	state := c.painted(green, r.Outcome)
	if r.Outcome != signature.Taken {
		state = c.painted(yellow, r.Outcome)
	}
	about := ""
	if r.PredicateType != "" {
		about = "  " + r.PredicateType
	}
	if len(r.Platforms) > 0 {
		about += " of " + strings.Join(r.Platforms, ", ")
	}
	p.line("  %-11s %s  %s%s: %s", r.Of, r.Digest, state, about, r.Reason)
}

func (c *cli) printList(p *printer, title string, list []string) {
	if len(list) == 0 {
		return
	}
	p.line("%s", c.painted(bold, title))
	for _, s := range list {
		p.line("  - %s", s)
	}
}
