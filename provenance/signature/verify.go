package signature

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"

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
	Problems   []string `json:"problems"`
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
		Platforms: []PlatformVerdict{}, Referrers: []Considered{}, Problems: []string{},
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
		p := &v.Platforms[i]
		if !p.signed(provenance.ContentsType) {
			v.NotChecked = append(v.NotChecked, "files of "+p.Platform+": no signed statement lists them")
			continue
		}
		rootfs, err := checkContents(ctx, src, ix.Platforms[i], p.attached, opts)
		if err != nil && !atFault(err) {
			return err
		}
		if err != nil {
			v.fail("%v", err)
			v.advise(err)
			continue
		}
		p.Files = len(rootfs.Files)
		v.check("%s: %d files in %d layers are those of contents/v1: path, type, mode, owner, size, digest, link target",
			p.Platform, len(rootfs.Files), rootfs.Layers)
	}
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

// judge matches the platform's attached statements with the signed ones.
func (v *Verdict) judge(p *PlatformVerdict) {
	taken := v.takenFor(p.Platform)
	used := make(map[digest.Digest]bool)
	signed := 0
	for i, a := range p.attached {
		st := &p.Statements[i]
		sum := sha256.Sum256(a.Statement.Predicate)
		for _, c := range taken {
			if c.PredicateType == st.PredicateType && c.predicate == sum {
				st.Signed, used[c.Digest] = true, true
				st.Referrers = append(st.Referrers, c.Digest)
			}
		}
		if st.Signed {
			signed++
			continue
		}
		v.fail("%s: %s is not signed with this key%s", p.Platform, st.PredicateType, v.refusals(p.Platform, st.PredicateType))
	}
	for _, c := range taken {
		if used[c.Digest] {
			continue
		}
		if len(ofType(p.attached, c.PredicateType)) > 0 || slices.Contains(required(), c.PredicateType) {
			v.fail("%s: referrer %s signs another %s than the attached one", p.Platform, c.Digest, c.PredicateType)
		} else {
			v.NotChecked = append(v.NotChecked, fmt.Sprintf("%s: %s is signed, but no statement of the build", p.Platform, c.PredicateType))
		}
	}
	v.check("%s: %d of %d statements are signed with the key, the attached ones byte for byte the signed ones",
		p.Platform, signed, len(p.attached))
}

func (p *PlatformVerdict) signed(predicateType string) bool {
	return slices.ContainsFunc(p.Statements, func(s StatementVerdict) bool {
		return s.PredicateType == predicateType && s.Signed
	})
}

func (v *Verdict) takenFor(platform string) []Considered {
	var out []Considered
	for _, c := range v.Referrers {
		if c.Outcome == Taken && slices.Contains(c.Platforms, platform) {
			out = append(out, c)
		}
	}
	return out
}

func (v *Verdict) anyTaken() bool {
	return slices.ContainsFunc(v.Referrers, func(c Considered) bool { return c.Outcome == Taken })
}

// refusals says why candidates for a statement were refused.
func (v *Verdict) refusals(platform, predicateType string) string {
	for _, c := range v.Referrers {
		mine := c.Of == platform || c.Of == "index" && slices.Contains(c.Platforms, platform)
		if c.Outcome == Refused && mine && (c.PredicateType == predicateType || c.PredicateType == "") {
			return fmt.Sprintf("; referrer %s was refused: %s", c.Digest, c.Reason)
		}
	}
	return ""
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
