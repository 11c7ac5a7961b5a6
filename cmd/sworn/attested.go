package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/opencontainers/go-digest"
	"github.com/spf13/cobra"

	"github.com/sworn-build/sworn/provenance"
	"github.com/sworn-build/sworn/provenance/image"
	"github.com/sworn-build/sworn/provenance/repository"
	"github.com/sworn-build/sworn/provenance/signature"
)

// attested is one platform of an image with the statements attached to it.
type attested struct {
	Image    string `json:"image"`
	Resolved string `json:"resolved"`
	Platform string `json:"platform"`
	// Digest of the platform's manifest; empty of a folder.
	Digest digest.Digest `json:"digest,omitempty"`
	// Verified: the statements are signed with the key that was given.
	Verified   bool `json:"verified"`
	statements []predicate
}

// predicate is what a statement says, byte for byte.
type predicate struct {
	kind string
	json []byte
}

// attestedOptions say which statements are wanted.
type attestedOptions struct {
	key, platform string
	// needs are types of statements without which nothing else is looked at.
	needs []string
	// wanted says which statements are read; nil: all.
	wanted func(predicateType string, nth int) bool
}

func (o *attestedOptions) flags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&o.key, "key", "", "verify first, with the signer's public key in PEM; an image that fails exits 1")
	cmd.Flags().StringVar(&o.platform, "platform", "", "of one platform, like linux/amd64; needed where the image has several")
}

// localPrefix names the folder that a build with -o type=local left.
const localPrefix = "local:"

// attestedOf reads the statements of one platform of an image, or of the folder of a local
// export, and with a key verifies them first.
func (c *cli) attestedOf(ctx context.Context, ref string, o attestedOptions, do func(attested) error) error {
	if dir, ok := strings.CutPrefix(ref, localPrefix); ok {
		if o.key != "" {
			return &hinted{errors.New("a folder has no signatures"), "leave out --key, or name the image that was pushed"}
		}
		a, err := readLocal(dir, o.platform)
		if err != nil {
			return err
		}
		a.Image, a.Resolved = ref, ref
		c.say("not verified: this is what the folder says of itself")
		return do(a)
	}
	key, err := optionalKey(o.key)
	if err != nil {
		return err
	}
	return c.withImage(ctx, ref, func(ctx context.Context, repo *repository.Repository) error {
		desc, err := resolve(ctx, repo)
		if err != nil {
			return err
		}
		a := attested{Image: ref, Resolved: repo.Reference().Pinned(desc.Digest), Verified: key != nil}
		ix, err := image.ReadIndex(ctx, repo, desc)
		if err == nil {
			err = a.read(ctx, repo, ix, o)
		}
		if err != nil {
			return atFault(err)
		}
		for _, kind := range o.needs {
			if len(a.of(kind)) == 0 {
				return a.lacks(kind)
			}
		}
		if key == nil {
			c.say("not verified: this is what the image says of itself")
			return do(a)
		}
		v, err := signature.Verify(ctx, repo, desc, *key, c.options(repo))
		if err != nil {
			return err
		}
		if err := failed(v); err != nil {
			return err
		}
		return do(a)
	})
}

// atFault makes a failure of an error that the image is to blame for.
func atFault(err error) error {
	if !signature.AtFault(err) {
		return err
	}
	f := &failure{message: err.Error()}
	if hint := signature.Advice(err); hint != "" {
		f.hints = append(f.hints, hint)
	}
	if none := (*image.NoAttestationsError)(nil); errors.As(err, &none) {
		return &noStatement{f}
	}
	return f
}

// read reads the statements of the platform that is asked for, or of the only one.
func (a *attested) read(ctx context.Context, repo *repository.Repository, ix image.Index, o attestedOptions) error {
	platform, wanted := o.platform, o.wanted
	if wanted == nil {
		wanted = func(string, int) bool { return true }
	}
	var names []string
	for _, p := range ix.Platforms {
		names = append(names, p.Name)
		if platform != "" && image.SamePlatform(platform, p.Name) || platform == "" && len(ix.Platforms) == 1 {
			attached, err := image.ReadSelected(ctx, repo, ix, p, wanted)
			if err != nil {
				return err
			}
			a.Platform, a.Digest = p.Name, p.Manifest.Digest
			for _, s := range attached {
				a.statements = append(a.statements, predicate{s.Statement.PredicateType, s.Statement.Predicate})
			}
			return nil
		}
	}
	return noPlatform(platform, names)
}

func noPlatform(platform string, names []string) error {
	if platform == "" {
		return &hinted{fmt.Errorf("%d platforms, want one", len(names)), "name one with --platform: " + strings.Join(names, ", ")}
	}
	return &hinted{fmt.Errorf("no platform %q", platform), "the image has " + strings.Join(names, ", ")}
}

// of returns the statements of a type, in the order in which they are attached.
func (a *attested) of(kind string) [][]byte {
	var out [][]byte
	for _, s := range a.statements {
		if s.kind == kind {
			out = append(out, s.json)
		}
	}
	return out
}

// only returns the one statement of a type; it is a failure when there is none, or two.
func (a *attested) only(kind string) ([]byte, error) {
	switch all := a.of(kind); len(all) {
	case 0:
		return nil, a.lacks(kind)
	case 1:
		return all[0], nil
	default:
		return nil, &failure{message: fmt.Sprintf("%d statements of type %s, want one", len(all), kind)}
	}
}

// lacks is the failure of an image without a statement.
func (a *attested) lacks(kind string) error {
	f := &failure{message: fmt.Sprintf("no statement of type %s is attached to %s", kind, a.Platform)}
	switch kind {
	case provenance.SPDXType, provenance.SPDX3Type:
		f.hints = []string{"build it with Sworn's frontend, and not with sbom=off"}
	default:
		f.hints = []string{"build it with Sworn's frontend, and not with statements=off"}
		return &noStatement{f}
	}
	return f
}

// steps and contents decode what Sworn says of an image.
func (a *attested) steps() (provenance.Steps, error) {
	b, err := a.only(provenance.StepsType)
	if err != nil {
		return provenance.Steps{}, err
	}
	s, err := provenance.DecodeSteps(b)
	if err != nil {
		return s, &failure{message: err.Error()}
	}
	return s, nil
}

func (a *attested) contents() (provenance.Contents, error) {
	b, err := a.only(provenance.ContentsType)
	if err != nil {
		return provenance.Contents{}, err
	}
	c, err := provenance.DecodeContents(b)
	if err != nil {
		return c, &failure{message: err.Error()}
	}
	return c, nil
}
