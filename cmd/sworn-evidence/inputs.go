package main

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"sort"
	"strings"

	"github.com/sworn-build/sworn/provenance"
	"github.com/sworn-build/sworn/sbom"
	"github.com/sworn-build/sworn/step"
)

// attribution turns what the runner saw of a step into its inputs.
type attribution struct {
	before *sbom.Tree
	owners *sbom.Owners
	// changed are the entries after the step of what it changed, and removed what is
	// gone, whatever the runner noticed of it.
	changed map[step.Path]sbom.Entry
	removed map[step.Path]bool
	// opened are the packages of whose files some were opened; true: a program was.
	opened map[string]bool
	// left has the digests of what the step wrote, and taken the files of packages with
	// one of them.
	left  map[string]bool
	taken []sbom.Entry
	buf   []byte
}

func newAttribution(before *sbom.Tree, owners *sbom.Owners, d sbom.Delta) *attribution {
	a := &attribution{
		before: before, owners: owners, buf: make([]byte, sbom.HashBuffer),
		changed: make(map[step.Path]sbom.Entry, len(d.Changed)), removed: make(map[step.Path]bool, len(d.Removed)),
		opened: map[string]bool{}, left: leftBytes(&d),
	}
	for _, e := range d.Changed {
		a.changed[e.Path] = e
	}
	for _, p := range d.Removed {
		a.removed[p] = true
	}
	return a
}

// leftBytes are the digests of the files that a delta added or changed.
func leftBytes(d *sbom.Delta) map[string]bool {
	out := make(map[string]bool, len(d.Added)+len(d.Changed))
	for e := range d.Wrote() {
		if hasBytes(e) {
			out[e.SHA256] = true
		}
	}
	return out
}

// inputs makes the inputs of an observation: files of the root that were not there
// before the step are its own outputs and fall away, files that a package owns and
// that were read whole are counted with it, the rest is listed. copied are the files
// of an [sbom.Comparison].
func (a *attribution) inputs(o step.Observation, copied []step.Path) (provenance.Inputs, error) {
	in := provenance.Inputs{
		Mode:     o.Mode,
		Complete: o.Complete,
		Reasons:  o.Reasons,
		Packages: []provenance.PackageInput{},
		Files:    []provenance.FileInput{},
	}
	counts := map[string]int{}
	last := step.Path("")
	for _, i := range o.Inputs {
		if i.Path <= last {
			return provenance.Inputs{}, fmt.Errorf("%q: not sorted or twice", string(i.Path))
		}
		last = i.Path
		f, keep, err := a.input(i)
		if err != nil {
			return provenance.Inputs{}, err
		}
		if !keep {
			continue
		}
		if f.Package != "" && !f.Changed && f.Reason == "" {
			counts[f.Package]++
			if sum := f.Digest.String(); a.left[sum] {
				a.taken = append(a.taken, sbom.Entry{Path: f.Path, Type: sbom.TypeFile, Size: f.Size, SHA256: sum, Package: f.Package})
			}
			continue
		}
		in.Files = append(in.Files, f)
	}
	for purl, n := range counts {
		in.Packages = append(in.Packages, provenance.PackageInput{PURL: purl, Files: n})
	}
	sort.Slice(in.Packages, func(i, j int) bool { return in.Packages[i].PURL < in.Packages[j].PURL })
	if err := a.unseen(&in, o, copied); err != nil {
		return provenance.Inputs{}, err
	}
	return in, nil
}

// input makes one observed file; false when it is an output of the step itself.
func (a *attribution) input(i step.Input) (provenance.FileInput, bool, error) {
	f := provenance.FileInput{
		Path:    i.Path,
		Size:    i.Size,
		Changed: i.Changed,
		Mount:   i.Mount,
		Shared:  i.Shared,
		Reason:  i.Reason,
	}
	if i.Digest != "" {
		sum, ok := strings.CutPrefix(i.Digest, "sha256:")
		if !ok || len(sum) != 64 || strings.Trim(sum, "0123456789abcdef") != "" {
			return f, false, fmt.Errorf("%q: digest %q", string(i.Path), i.Digest)
		}
		f.Digest = provenance.NewSHA256(sum)
	}
	if i.Mount != "" {
		if i.Changed && f.Reason == "" {
			f.Digest, f.Reason = nil, "changed in the step; the mount's state before it is not kept"
		}
		return f, true, explain(&f)
	}
	was, err := a.before.Stat(string(i.Path))
	if errors.Is(err, fs.ErrNotExist) || err == nil && was.Type != sbom.TypeFile {
		return f, false, nil
	}
	if err != nil {
		return f, false, err
	}
	if f.Package, _ = a.owners.Of(i.Path, false); f.Package != "" {
		a.opened[f.Package] = a.opened[f.Package] || isProgram(&was)
	}
	// A write under another name is nothing that the runner saw.
	if _, ok := a.changed[i.Path]; ok || a.removed[i.Path] {
		f.Changed = true
	}
	if f.Changed {
		if err := a.asBefore(&f); err != nil {
			return f, false, err
		}
	}
	return f, true, explain(&f)
}

// isProgram reports whether a file is one to be started: somebody may execute it, and it
// is no library, which some distributions give that mode as well.
func isProgram(e *sbom.Entry) bool {
	return strings.ContainsAny(e.Mode[1:], "1357") && !strings.Contains(path.Base(string(e.Path)), ".so")
}

// packages are those of an inventory of whose files the step opened some.
func (a *attribution) packages(inv *sbom.Inventory) []readPackage {
	out := make([]readPackage, 0, len(a.opened))
	for _, p := range inv.Packages {
		if program, ok := a.opened[p.PURL]; ok {
			out = append(out, readPackage{program, withoutFiles(p)})
		}
	}
	return out
}

// withoutFiles is what a package says of itself. The texts of licences of its own are with
// its inventory, which is not kept, and so their names mean nothing.
func withoutFiles(p sbom.Package) sbom.Package {
	p.Files, p.Sums = nil, nil
	for _, l := range []*string{&p.Declared, &p.Concluded} {
		if strings.Contains(*l, "LicenseRef-") {
			*l = ""
		}
	}
	return p
}

// asBefore sets digest and size to those of the file before the step.
func (a *attribution) asBefore(f *provenance.FileInput) error {
	r, err := a.before.Open(string(f.Path))
	if err != nil {
		return err
	}
	sum, n, err := sbom.Digest(r, a.buf)
	if err := errors.Join(err, r.Close()); err != nil {
		return fmt.Errorf("hash %q: %w", string(f.Path), err)
	}
	f.Digest, f.Size, f.Reason = provenance.NewSHA256(sum), n, ""
	return nil
}

// maxUnseen bounds the files that are listed though nobody saw them opened. More
// than that are no longer a hint at what was read.
const maxUnseen = 1000

// unseenReason is why they are listed.
const unseenReason = "it was replaced, linked, moved or touched and has the bytes that it had; it may have been read under another name"

// unseen adds the files that the step can have read under a name that nobody
// watched, such as a hard link in a new folder: making one copies the file, and the
// copy stays when the link is gone. Files with other bytes are left out: most were
// replaced by new ones.
func (a *attribution) unseen(in *provenance.Inputs, o step.Observation, copied []step.Path) error {
	var paths []step.Path
	for _, p := range copied {
		_, seen := slices.BinarySearchFunc(o.Inputs, p, func(i step.Input, p step.Path) int { return strings.Compare(string(i.Path), string(p)) })
		if !seen {
			paths = append(paths, p)
		}
	}
	if len(paths) > maxUnseen {
		in.Complete = false
		in.Reasons = append(slices.Clone(in.Reasons), fmt.Sprintf("%d files were replaced, linked, moved or touched; any may have been read under another name", len(paths)))
		slices.Sort(in.Reasons)
		return nil
	}
	for _, p := range paths {
		f := provenance.FileInput{Path: p}
		now, changed := a.changed[p]
		if err := a.asBefore(&f); err != nil {
			return err
		}
		if changed && now.SHA256 != f.Digest.Hex {
			continue
		}
		f.Changed, f.Reason = changed, unseenReason
		f.Package, _ = a.owners.Of(p, false)
		in.Files = append(in.Files, f)
	}
	slices.SortFunc(in.Files, func(a, b provenance.FileInput) int { return strings.Compare(string(a.Path), string(b.Path)) })
	return nil
}

// explain refuses an input without a digest and without a reason for that.
func explain(f *provenance.FileInput) error {
	if f.Digest == nil && f.Reason == "" {
		return fmt.Errorf("%q: no digest and no reason", string(f.Path))
	}
	return nil
}
