package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"github.com/spf13/cobra"

	"github.com/sworn-build/sworn/provenance"
	"github.com/sworn-build/sworn/provenance/image"
	"github.com/sworn-build/sworn/provenance/repository"
	"github.com/sworn-build/sworn/provenance/signature"
)

func (c *cli) inspectCommand() *cobra.Command {
	var o inspectOptions
	cmd := &cobra.Command{
		Use:   "inspect [--key PUB] IMAGE",
		Short: "Show how an image was made: its steps, what they read and wrote, who signed",
		Long: `Show how an image was made: its steps, what they read and wrote, who signed.

With --key the signatures are verified, as sworn verify does, and an image that
fails exits 1. Without, everything shown is only what the image says of itself.`,
		Args: oneImage,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := c.inspect(cmd.Context(), args[0], o); err != nil {
				return fmt.Errorf("inspect %s: %w", args[0], err)
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&o.key, "key", "", "the signer's public key in PEM")
	cmd.Flags().StringVar(&o.platform, "platform", "", "show one platform, like linux/amd64")
	cmd.Flags().BoolVar(&o.json, "json", false, "print JSON")
	return cmd
}

type inspectOptions struct {
	key, platform string
	json          bool
}

// inspection is the JSON of sworn inspect.
type inspection struct {
	Image     string              `json:"image"`
	Resolved  string              `json:"resolved"`
	Platforms []inspectedPlatform `json:"platforms"`
	Signers   []signer            `json:"signers"`
	Verdict   *signature.Verdict  `json:"verdict,omitempty"`
	referrers []signature.Considered
}

type inspectedPlatform struct {
	Platform   string               `json:"platform"`
	Digest     digest.Digest        `json:"digest"`
	Statements []inspectedStatement `json:"statements"`
	// Steps and Contents are absent when no such statement is attached.
	Steps    *provenance.Steps `json:"steps,omitempty"`
	Contents *totals           `json:"contents,omitempty"`
}

type inspectedStatement struct {
	PredicateType string        `json:"predicateType"`
	Digest        digest.Digest `json:"digest"`
	Size          int64         `json:"size"`
}

// signer is a key that bundles name, and how many name it.
type signer struct {
	Key      string `json:"key"`
	Bundles  int    `json:"bundles"`
	Verified bool   `json:"verified"`
}

func (c *cli) inspect(ctx context.Context, ref string, o inspectOptions) error {
	return c.inspected(ctx, ref, o, func(in inspection) error {
		var err error
		if o.json {
			err = c.printJSON(in)
		} else {
			err = c.printInspection(in)
		}
		if err == nil && in.Verdict != nil {
			err = failed(*in.Verdict)
		}
		return err
	})
}

// inspected reads what is attached to an image and, with a key, verifies it.
func (c *cli) inspected(ctx context.Context, ref string, o inspectOptions, do func(inspection) error) error {
	key, err := optionalKey(o.key)
	if err != nil {
		return err
	}
	return c.withImage(ctx, ref, func(ctx context.Context, repo *repository.Repository) error {
		desc, err := resolve(ctx, repo)
		if err != nil {
			return err
		}
		in := inspection{Image: ref, Resolved: repo.Reference().Pinned(desc.Digest)}
		if err := in.read(ctx, repo, desc, o.platform); err != nil {
			return atFault(err)
		}
		if key != nil {
			v, err := signature.Verify(ctx, repo, desc, *key, c.options(repo))
			if err != nil {
				return err
			}
			in.Verdict, in.referrers = &v, v.Referrers
		}
		in.countSigners()
		return do(in)
	})
}

// read reads the attached statements, of one platform if it is named.
func (in *inspection) read(ctx context.Context, repo *repository.Repository, desc ocispec.Descriptor, platform string) error {
	ix, err := image.ReadIndex(ctx, repo, desc)
	if err != nil {
		return err
	}
	var names []string
	for _, p := range ix.Platforms {
		names = append(names, p.Name)
		if platform != "" && platform != p.Name {
			continue
		}
		attached, err := image.ReadStatements(ctx, repo, ix, p)
		if err != nil {
			return err
		}
		pl, err := inspectPlatform(p, attached)
		if err != nil {
			return err
		}
		in.Platforms = append(in.Platforms, pl)
	}
	if len(in.Platforms) == 0 {
		return &hinted{fmt.Errorf("no platform %q", platform), "the image has " + strings.Join(names, ", ")}
	}
	in.referrers, err = signature.Claims(ctx, repo, ix)
	return err
}

func inspectPlatform(p image.Platform, attached []image.Attached) (inspectedPlatform, error) {
	out := inspectedPlatform{Platform: p.Name, Digest: p.Manifest.Digest}
	for _, a := range attached {
		s := a.Statement
		if s.PredicateType == provenance.StepsType && out.Steps != nil || s.PredicateType == provenance.ContentsType && out.Contents != nil {
			return out, &image.ContentError{Subject: "platform " + p.Name, Err: fmt.Errorf("two statements of type %s", s.PredicateType)}
		}
		out.Statements = append(out.Statements, inspectedStatement{s.PredicateType, a.Descriptor.Digest, a.Descriptor.Size})
		switch s.PredicateType {
		case provenance.StepsType:
			steps, err := provenance.DecodeSteps(s.Predicate)
			if err != nil {
				return out, &image.ContentError{Subject: "statement " + s.PredicateType + " of " + p.Name, Err: err}
			}
			out.Steps = &steps
		case provenance.ContentsType:
			contents, err := provenance.DecodeContents(s.Predicate)
			if err != nil {
				return out, &image.ContentError{Subject: "statement " + s.PredicateType + " of " + p.Name, Err: err}
			}
			t := count(contents)
			out.Contents = &t
		}
	}
	return out, nil
}

// countSigners counts the bundles of each key that bundles name.
func (in *inspection) countSigners() {
	in.Signers = []signer{}
	at := make(map[string]int)
	for _, r := range in.referrers {
		if r.Hint == "" {
			continue
		}
		verified := r.Outcome == signature.Taken
		name := r.Hint
		if verified {
			name = in.Verdict.Key
		}
		id := fmt.Sprint(name, verified)
		i, ok := at[id]
		if !ok {
			i = len(in.Signers)
			at[id] = i
			in.Signers = append(in.Signers, signer{Key: name, Verified: verified})
		}
		in.Signers[i].Bundles++
	}
}
