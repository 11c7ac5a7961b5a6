package signature

import (
	"context"
	"errors"
	"fmt"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/sworn-build/sworn/provenance"
	"github.com/sworn-build/sworn/provenance/envelope"
	"github.com/sworn-build/sworn/provenance/image"
)

// Verdict is what [Verify] found. Its lists are never null in JSON.
type Verdict struct {
	Digest digest.Digest `json:"digest"`
	Key    string        `json:"key"` // fingerprint
	// Pass is true when every statement of every platform is signed with the key
	// and agrees with the image.
	Pass      bool              `json:"pass"`
	Platforms []PlatformVerdict `json:"platforms"`
	Referrers []Considered      `json:"referrers"`
	// Problems say why it did not pass.
	Problems []string `json:"problems"`
	// Warnings are of no weight for the verdict, but others may stumble over them.
	Warnings   []string `json:"warnings"`
	Checked    []string `json:"checked"`
	NotChecked []string `json:"notChecked"`
	// Next says what to try.
	Next []string `json:"next"`
}

// PlatformVerdict is a verdict on one platform.
type PlatformVerdict struct {
	Platform   string             `json:"platform"`
	Digest     digest.Digest      `json:"digest"`
	Statements []StatementVerdict `json:"statements"`
	// Files that were compared with the layers; 0 when they were not.
	Files int `json:"files"`

	attached []image.Attached
}

// StatementVerdict is a verdict on one attached statement.
type StatementVerdict struct {
	PredicateType string        `json:"predicateType"`
	Statement     digest.Digest `json:"statement"`
	Signed        bool          `json:"signed"`
	// Referrers carry its signature.
	Referrers []digest.Digest `json:"referrers"`
}

// Attached returns the platform's statements as attached. They may be believed
// when the verdict passed.
func (p PlatformVerdict) Attached() []image.Attached { return p.attached }

// Verify verifies an image's signatures with a key. An image that fails gives a
// verdict, not an error.
//
// Errors: those of the connection, when no verdict can be given.
func Verify(ctx context.Context, src Source, d ocispec.Descriptor, key envelope.PublicKey, opts Options) (Verdict, error) {
	v := Verdict{
		Digest: d.Digest, Key: key.Fingerprint(), NotChecked: notChecked(), Checked: []string{}, Next: []string{},
		Platforms: []PlatformVerdict{}, Referrers: []Considered{}, Problems: []string{}, Warnings: []string{},
	}
	if err := v.verify(ctx, src, d, key, opts); err != nil {
		if !atFault(err) {
			return Verdict{}, err
		}
		v.fail("%v", err)
		v.advise(err)
	}
	v.Pass = len(v.Problems) == 0
	return v, nil
}

func (v *Verdict) verify(ctx context.Context, src Source, d ocispec.Descriptor, key envelope.PublicKey, opts Options) error {
	ix, err := image.ReadIndex(ctx, src, d)
	if err != nil {
		return err
	}
	if err := v.readPlatforms(ctx, src, ix); err != nil {
		return err
	}
	opts.progress("reading the referrers of %s", d.Digest)
	list, err := considerAll(ctx, src, ix, &key)
	if err != nil {
		return err
	}
	v.Referrers = append(v.Referrers, list...)
	for _, p := range v.Platforms {
		if types := missing(p.attached); len(types) > 0 {
			err := &MissingError{p.Platform, types}
			v.fail("%v", err)
			v.advise(err)
		}
	}
	if !v.anyTaken() {
		v.nothingTaken()
		return nil
	}
	for i := range v.Platforms {
		v.judge(&v.Platforms[i])
	}
	for i := range v.Platforms {
		if err := v.compare(ctx, src, ix.Platforms[i], &v.Platforms[i], opts); err != nil {
			return err
		}
	}
	return v.compareManifests(ctx, src, ix, key)
}

// compare compares a platform's statements with its layers.
func (v *Verdict) compare(ctx context.Context, src Source, p image.Platform, pv *PlatformVerdict, opts Options) error {
	if !pv.signed(provenance.ContentsType) {
		v.NotChecked = append(v.NotChecked, "files of "+p.Name+": no signed statement lists them")
		return nil
	}
	rootfs, err := checkContents(ctx, src, p, pv.attached, opts)
	if err != nil && !atFault(err) {
		return err
	}
	if err != nil {
		// What is missing has been said.
		if _, said := errors.AsType[*MissingError](err); !said {
			v.fail("%v", err)
			v.advise(err)
		}
		return nil
	}
	pv.Files = len(rootfs.Files)
	v.check("%s: every file of contents/v1 was written by, and came from, a step or a material of steps/v1, and the SPDX documents have the packages and files that they are to have", p.Name)
	v.check("%s: %d files in %d layers are those of contents/v1: path, type, mode, owner, size, digest, link target, device, capabilities",
		p.Name, len(rootfs.Files), rootfs.Layers)
	return nil
}

// readPlatforms reads the attached statements.
func (v *Verdict) readPlatforms(ctx context.Context, src Source, ix image.Index) error {
	for _, p := range ix.Platforms {
		attached, err := image.ReadStatements(ctx, src, ix, p)
		if err != nil {
			return err
		}
		pv := PlatformVerdict{Platform: p.Name, Digest: p.Manifest.Digest, attached: attached}
		for _, a := range attached {
			pv.Statements = append(pv.Statements, StatementVerdict{
				PredicateType: a.Statement.PredicateType, Statement: a.Descriptor.Digest, Referrers: []digest.Digest{},
			})
		}
		v.Platforms = append(v.Platforms, pv)
	}
	v.check("index %s lists %d platform(s), and all statements attached are about them", ix.Descriptor.Digest, len(ix.Platforms))
	return nil
}

func (v *Verdict) fail(format string, args ...any) {
	v.Problems = append(v.Problems, fmt.Sprintf(format, args...))
}

func (v *Verdict) check(format string, args ...any) {
	v.Checked = append(v.Checked, fmt.Sprintf(format, args...))
}

// atFault reports whether an error is the image's, not the connection's.
func atFault(err error) bool {
	var none *image.NoAttestationsError
	var content *image.ContentError
	var lacks *MissingError
	var differs *DifferenceError
	return errors.As(err, &none) || errors.As(err, &content) || errors.As(err, &lacks) || errors.As(err, &differs)
}

// AtFault reports whether an error of [Sign] says that the image is at fault, and
// not the connection or the key.
func AtFault(err error) bool { return atFault(err) }
