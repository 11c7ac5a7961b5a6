package main

import (
	"slices"
	"strings"

	"github.com/sworn-build/sworn/provenance"
	"github.com/sworn-build/sworn/step"
)

// folder sums up what lies in a folder.
func (w *why) folder(dir step.Path) *whyFolder {
	below := w.below(dir)
	t := count(provenance.Contents{Files: below})
	out := &whyFolder{Entries: t.Entries, Files: t.Files, Bytes: t.Bytes, ByOrigin: map[string]int{}, BySource: t.BySource}
	packages := map[int]bool{}
	for i := range below {
		f := &below[i]
		out.ByOrigin[w.contents.Origins[f.Origin].Class]++
		if f.Package != nil {
			out.Owned++
			packages[*f.Package] = true
		}
	}
	out.Packages = len(packages)
	return out
}

// below are the entries in a folder, at any depth.
func (w *why) below(dir step.Path) []provenance.File {
	prefix := strings.TrimSuffix(string(dir), "/") + "/"
	first, _ := slices.BinarySearchFunc(w.contents.Files, prefix, func(f provenance.File, p string) int {
		return strings.Compare(string(f.Path), p)
	})
	last := first
	for last < len(w.contents.Files) && strings.HasPrefix(string(w.contents.Files[last].Path), prefix) {
		last++
	}
	return w.contents.Files[first:last]
}
