package main

import (
	"errors"
	"fmt"
	"io/fs"
	"sort"
	"strings"

	"github.com/sworn-build/sworn/provenance"
	"github.com/sworn-build/sworn/sbom"
	"github.com/sworn-build/sworn/step"
)

// attribute turns what the runner saw into inputs: files of the root that were
// not there before the step are its own outputs and fall away, files that a
// package owns and that were read whole are counted with it, the rest is listed.
func attribute(o step.Observation, before *sbom.Tree, owners *sbom.Owners) (provenance.Inputs, error) {
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
		f, keep, err := input(i, before)
		if err != nil {
			return provenance.Inputs{}, err
		}
		if !keep {
			continue
		}
		if i.Mount == "" {
			f.Package, _ = owners.Of(i.Path, false)
		}
		if f.Package != "" && !f.Changed && f.Reason == "" {
			counts[f.Package]++
			continue
		}
		in.Files = append(in.Files, f)
	}
	for purl, n := range counts {
		in.Packages = append(in.Packages, provenance.PackageInput{PURL: purl, Files: n})
	}
	sort.Slice(in.Packages, func(a, b int) bool { return in.Packages[a].PURL < in.Packages[b].PURL })
	return in, nil
}

// input makes one observed file; false when it is an output of the step itself.
func input(i step.Input, before *sbom.Tree) (provenance.FileInput, bool, error) {
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
		f.Digest = map[string]string{"sha256": sum}
	}
	if i.Mount != "" {
		if i.Changed && f.Reason == "" {
			f.Digest, f.Reason = nil, "changed in the step; the mount's state before it is not kept"
		}
		return f, true, explain(&f)
	}
	was, err := before.Stat(string(i.Path))
	if errors.Is(err, fs.ErrNotExist) || err == nil && was.Type != sbom.TypeFile {
		return f, false, nil
	}
	if err != nil {
		return f, false, err
	}
	if i.Changed {
		r, err := before.Open(string(i.Path))
		if err != nil {
			return f, false, err
		}
		defer r.Close()
		sum, n, err := sbom.Digest(r)
		if err != nil {
			return f, false, fmt.Errorf("hash %q: %w", string(i.Path), err)
		}
		f.Digest, f.Size, f.Reason = map[string]string{"sha256": sum}, n, ""
	}
	return f, true, explain(&f)
}

// explain refuses an input without a digest and without a reason for that.
func explain(f *provenance.FileInput) error {
	if f.Digest == nil && f.Reason == "" {
		return fmt.Errorf("%q: no digest and no reason", string(f.Path))
	}
	return nil
}
