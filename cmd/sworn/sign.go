package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/sworn-build/sworn/provenance/envelope"
	"github.com/sworn-build/sworn/provenance/repository"
	"github.com/sworn-build/sworn/provenance/signature"
	"github.com/sworn-build/sworn/sbom/wording"
)

func (c *cli) signCommand() *cobra.Command {
	var keyPath string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "sign --key KEY IMAGE",
		Short: "Sign every statement that is attached to an image",
		Long: `Sign every statement that is attached to an image, BuildKit's provenance
included. The statements must be about the image, and its contents/v1 must be what
the layers hold; otherwise nothing is signed.

Each statement is stored as a Sigstore bundle that refers to the index and to the
manifest of its platform; the attestation manifest that the statements hang on is signed
as well, for builds on top of the image. What the same key signed before is left as it is.`,
		Args: oneImage,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := c.sign(cmd.Context(), args[0], keyPath, asJSON); err != nil {
				return fmt.Errorf("sign %s: %w", args[0], err)
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&keyPath, "key", "", "private key: of sworn key generate, of cosign, or PKCS #8 or EC in PEM")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// signedOutput is the JSON of sworn sign.
type signedOutput struct {
	Image    string `json:"image"`
	Resolved string `json:"resolved"`
	signature.Signed
}

func (c *cli) sign(ctx context.Context, image, keyPath string, asJSON bool) error {
	key, err := c.privateKey(keyPath)
	if err != nil {
		return err
	}
	return c.signWith(ctx, image, key, asJSON)
}

func (c *cli) signWith(ctx context.Context, image string, key *envelope.Key, asJSON bool) error {
	return c.withImage(ctx, image, func(ctx context.Context, repo *repository.Repository) error {
		desc, err := resolve(ctx, repo)
		if err != nil {
			return err
		}
		signed, err := signature.Sign(ctx, repo, desc, key, c.options(repo))
		if err != nil {
			return atFault(err)
		}
		for _, w := range signed.Warnings {
			c.say("warning: %s", w)
		}
		out := signedOutput{image, repo.Reference().Pinned(desc.Digest), signed}
		if asJSON {
			return c.printJSON(out)
		}
		return c.printSigned(out)
	})
}

func (c *cli) printSigned(out signedOutput) error {
	p := &printer{w: c.stdout}
	p.line("image  %s", out.Resolved)
	p.line("key    %s", out.Key)
	for _, pl := range out.Platforms {
		p.line("%s  %s  %s as the layers have them", pl.Platform, pl.Digest, wording.Count(pl.Files, "file"))
		for _, s := range pl.Statements {
			state := c.painted(green, "signed       ")
			if s.Existed() {
				state = "signed before"
			}
			p.line("  %s  %s", state, s.PredicateType)
		}
		state := c.painted(green, "signed       ")
		if pl.Attestations.Existing {
			state = "signed before"
		}
		p.line("  %s  the attestation manifest %s", state, pl.Attestations.Subject)
	}
	if out.New() == 0 {
		p.line("nothing to do: everything carries a signature of this key")
	}
	return p.err
}
