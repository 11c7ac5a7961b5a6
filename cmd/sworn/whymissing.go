package main

import (
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/sworn-build/sworn/provenance"
	"github.com/sworn-build/sworn/step"
)

// What the documents say of files of a package (docs/statements.md, "SPDX").
var (
	changedNotes = []string{"missing, or not as the package came with them: ", "written or removed by steps after the base: "}
	andMore      = regexp.MustCompile(` and ([0-9]+) more$`)
)

// missing learns the files that a package came with and the image has not: those that steps
// wrote as the package's and removed, and those that the document names, which are the first
// by path of all that are changed or missing.
func (w *why) missing(k *whyPackage) {
	found := maps.Clone(w.removedFiles()[k.PURL])
	if found == nil {
		found = map[step.Path]string{}
	}
	var lists [][]step.Path
	var counts []int
	for _, note := range changedNotes {
		names, more := listedIn(k.Comment, note)
		lists, counts = append(lists, names), append(counts, more)
		for _, p := range names {
			if found[p] != "" {
				continue
			}
			found[p] = ""
			if s := w.remover(p); s != nil {
				found[p] = s.ID
			}
		}
	}
	for _, p := range slices.Sorted(maps.Keys(found)) {
		if w.files[p] == nil {
			k.Missing = append(k.Missing, whyAffected{p, found[p]})
		}
	}
	for i, names := range lists {
		if len(names) > 0 {
			k.Unnamed = max(k.Unnamed, counts[i]-w.knownBehind(k, slices.Max(names)))
		}
	}
}

// knownBehind counts the files behind a path that are known to be changed or missing.
func (w *why) knownBehind(k *whyPackage, last step.Path) int {
	known := map[step.Path]bool{}
	for _, list := range [][]whyAffected{k.Changed, k.Unexplained, k.Missing} {
		for _, f := range list {
			known[f.Path] = f.Path > last
		}
	}
	for _, p := range k.Files {
		if p > last && w.steps[w.files[p].Step] != nil {
			known[p] = true
		}
	}
	n := 0
	for _, behind := range known {
		if behind {
			n++
		}
	}
	return n
}

// removedFiles are, by package, the files that a step of the image wrote as the package's
// and a later one removed, with the id of that one.
func (w *why) removedFiles() map[string]map[step.Path]string {
	if w.removed != nil {
		return w.removed
	}
	w.removed = map[string]map[step.Path]string{}
	for _, s := range w.order {
		if !w.own[s.ID] {
			continue
		}
		for _, p := range s.Outputs.Removed {
			_, f := w.writer(s.Parent, string(p))
			if f == nil || f.Package == "" || f.Type == provenance.TypeDir {
				continue
			}
			if w.removed[f.Package] == nil {
				w.removed[f.Package] = map[step.Path]string{}
			}
			w.removed[f.Package][p] = s.ID
		}
	}
	return w.removed
}

// remover is the step of the image that removed a path last; nil when none did.
func (w *why) remover(p step.Path) *provenance.Step {
	for _, s := range slices.Backward(w.order) {
		if _, found := slices.BinarySearch(s.Outputs.Removed, p); found && w.own[s.ID] {
			return s
		}
	}
	return nil
}

// listedIn are the paths that a note in a package's comment lists, and how many more it
// counts. A name with a comma in it may not be told.
func listedIn(comment, note string) (paths []step.Path, more int) {
	_, list, found := strings.Cut(comment, note)
	if !found {
		return nil, 0
	}
	list, _, _ = strings.Cut(list, "; ")
	if m := andMore.FindStringSubmatch(list); m != nil {
		more, _ = strconv.Atoi(m[1])
		list = strings.TrimSuffix(list, m[0])
	}
	for name := range strings.SplitSeq(list, ", ") {
		var p step.Path
		if err := p.UnmarshalText([]byte(name)); err == nil && strings.HasPrefix(name, "/") {
			paths = append(paths, p)
		}
	}
	return paths, more
}
