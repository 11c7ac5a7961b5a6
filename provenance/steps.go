package provenance

import (
	"fmt"
	"maps"
	"slices"

	"github.com/sworn-build/sworn/step"
)

// Check verifies that the steps hold together: what [Steps.CheckFields] does, and each
// digest of a delta the one over the files listed (where none are omitted).
func (s *Steps) Check() error {
	if err := s.CheckFields(); err != nil {
		return err
	}
	for i := range s.Steps {
		if err := s.Steps[i].Outputs.checkDigest(); err != nil {
			return fmt.Errorf("check steps: step %q: outputs: %w", s.Steps[i].ID, err)
		}
	}
	return nil
}

// CheckFields verifies that ids are unique, every state that is named made earlier, and
// lists sorted and present. The digests, which take as long as all of this, are left to
// those who did not just make them.
func (s *Steps) CheckFields() error {
	if s.Platform == "" || s.Options == nil || s.Materials == nil || s.Steps == nil {
		return fmt.Errorf("check steps: platform, options, materials or steps missing")
	}
	known := map[string]bool{"": true}
	for _, m := range s.Materials {
		if err := m.check(known); err != nil {
			return fmt.Errorf("check steps: material %q: %w", m.ID, err)
		}
		known[m.ID] = true
	}
	for i := range s.Steps {
		if err := s.Steps[i].check(known); err != nil {
			return fmt.Errorf("check steps: step %q: %w", s.Steps[i].ID, err)
		}
		known[s.Steps[i].ID] = true
	}
	if !known[s.Image] {
		return fmt.Errorf("check steps: image %q is no step or material", s.Image)
	}
	return nil
}

func (m *Material) check(known map[string]bool) error {
	switch {
	case known[m.ID]:
		return fmt.Errorf("no id, or one that is taken")
	case m.Kind == "" || m.URI == "":
		return fmt.Errorf("no kind or no uri")
	case m.Digest == nil:
		return fmt.Errorf("no digest set")
	}
	if err := m.checkCarried(); err != nil {
		return err
	}
	return m.checkVerified()
}

// checkCarried verifies that it is said of an image which documents it carries, and once.
func (m *Material) checkCarried() error {
	c := m.Carried
	switch {
	case c == nil:
		return nil
	case m.Kind != step.SourceImage && m.Kind != step.SourceOCILayout:
		return fmt.Errorf("carries documents, but is no image")
	case c.None != "" && (len(c.Documents) > 0 || c.Unknown != ""):
		return fmt.Errorf("carries documents and none")
	case c.None == "" && c.Unknown == "" && len(c.Documents) == 0:
		return fmt.Errorf("nothing is said of the documents that it carries")
	}
	for _, d := range c.Documents {
		if d.PredicateType == "" || d.Namespace == "" || len(d.Digest) == 0 || len(d.Statement) == 0 {
			return fmt.Errorf("carries a document without type, namespace or digests")
		}
	}
	return nil
}

// checkVerified verifies that an image is verified by one signer.
func (m *Material) checkVerified() error {
	v := m.Verified
	switch {
	case v == nil:
		return nil
	case m.Kind != step.SourceImage || !m.Pinned:
		return fmt.Errorf("verified, but no pinned image")
	case (v.Key == "") == (v.Identity == "") || (v.Identity == "") != (v.Issuer == ""):
		return fmt.Errorf("verified by neither a key nor an identity of an issuer, or by both")
	case len(v.Attestations) == 0 || len(v.PredicateTypes) == 0:
		return fmt.Errorf("verified without attestations")
	}
	if err := sorted(v.PredicateTypes); err != nil {
		return fmt.Errorf("predicate types: %w", err)
	}
	return nil
}

func (s *Step) check(known map[string]bool) error {
	if known[s.ID] {
		return fmt.Errorf("no id, or one that is taken")
	}
	if s.Kind == "" {
		return fmt.Errorf("no kind")
	}
	for _, state := range append([]string{s.Parent}, s.Reads...) {
		if !known[state] {
			return fmt.Errorf("starts from or reads %q, which is not made before it", state)
		}
	}
	for _, m := range s.Mounts {
		if !known[m.From] {
			return fmt.Errorf("mounts %q, which is not made before it", m.From)
		}
	}
	if err := sorted(s.Reads); err != nil {
		return fmt.Errorf("reads: %w", err)
	}
	if err := s.Network.check(known); err != nil {
		return fmt.Errorf("network: %w", err)
	}
	if s.Inputs != nil {
		if err := s.Inputs.check(); err != nil {
			return fmt.Errorf("inputs: %w", err)
		}
	}
	if err := s.Outputs.check(); err != nil {
		return fmt.Errorf("outputs: %w", err)
	}
	return nil
}

// Modes of [Inputs], beside those of the runner: no record was made.
const InputsNone = "none"

func (in *Inputs) check() error {
	switch in.Mode {
	case step.ObserveInotify:
	case step.ObserveOff, InputsNone:
		if in.Complete {
			return fmt.Errorf("mode %s cannot be complete", in.Mode)
		}
	default:
		return fmt.Errorf("mode %q", in.Mode)
	}
	if in.Packages == nil || in.Files == nil {
		return fmt.Errorf("packages or files missing")
	}
	if in.OmittedFiles < 0 {
		return fmt.Errorf("%d files omitted", in.OmittedFiles)
	}
	last := ""
	for _, p := range in.Packages {
		if p.PURL <= last || p.Files < 1 {
			return fmt.Errorf("package %q: not sorted, twice or without files", p.PURL)
		}
		last = p.PURL
	}
	lastPath := step.Path("")
	for _, f := range in.Files {
		if err := f.check(); err != nil {
			return fmt.Errorf("%q: %w", string(f.Path), err)
		}
		if f.Path <= lastPath {
			return fmt.Errorf("%q: not sorted or twice", string(f.Path))
		}
		lastPath = f.Path
	}
	return nil
}

func (f *FileInput) check() error {
	if err := cleanPath(f.Path); err != nil {
		return err
	}
	if f.Size < 0 {
		return fmt.Errorf("size %d", f.Size)
	}
	if f.Digest == nil {
		if f.Reason == "" {
			return fmt.Errorf("no digest and no reason")
		}
		return nil
	}
	return f.Digest.check()
}

func (o *Outputs) check() error {
	if o.Digest == nil || o.Added == nil || o.Changed == nil || o.Removed == nil || o.PackagesAdded == nil || o.PackagesRemoved == nil {
		return fmt.Errorf("digest or a list missing")
	}
	listed := len(o.Added) + len(o.Changed) + len(o.Removed)
	if len(o.Digest) == 0 {
		if listed+len(o.PackagesAdded)+len(o.PackagesRemoved)+len(o.PackagesLost)+len(o.PackagesFound) > 0 || o.Omitted != nil {
			return fmt.Errorf("files or packages without a digest")
		}
		return nil
	}
	if err := o.checkPackages(); err != nil {
		return err
	}
	if o.Omitted != nil {
		if listed > 0 || o.Omitted.Added < 0 || o.Omitted.Changed < 0 || o.Omitted.Removed < 0 {
			return fmt.Errorf("lists that are omitted and not empty")
		}
		if len(o.Digest) != 1 {
			return fmt.Errorf("digest %v, want one sha256", o.Digest)
		}
		return NewSHA256(o.Digest["sha256"]).check()
	}
	for _, list := range [][]FileOutput{o.Added, o.Changed} {
		last := step.Path("")
		for _, f := range list {
			e := f.entry()
			if err := e.check(); err != nil {
				return fmt.Errorf("%q: %w", string(f.Path), err)
			}
			if f.Path <= last {
				return fmt.Errorf("%q: not sorted or twice", string(f.Path))
			}
			last = f.Path
		}
	}
	return sorted(o.Removed)
}

// checkPackages verifies that a package that is lost is neither removed nor found again.
func (o *Outputs) checkPackages() error {
	for _, list := range [][]string{o.PackagesAdded, o.PackagesRemoved, o.PackagesLost, o.PackagesFound} {
		if err := sorted(list); err != nil {
			return err
		}
	}
	for _, purl := range o.PackagesLost {
		for _, list := range [][]string{o.PackagesRemoved, o.PackagesFound} {
			if _, both := slices.BinarySearch(list, purl); both {
				return fmt.Errorf("package %q is lost, and removed or found again", purl)
			}
		}
	}
	return nil
}

// checkDigest verifies the digest of outputs that were described and are listed.
func (o *Outputs) checkDigest() error {
	if len(o.Digest) == 0 || o.Omitted != nil {
		return nil
	}
	if want := DeltaDigest(*o); !maps.Equal(o.Digest, want) {
		return fmt.Errorf("digest is %s, the lists give %s", o.Digest["sha256"], want["sha256"])
	}
	return nil
}
