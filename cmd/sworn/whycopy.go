package main

import (
	"path"
	"slices"
	"strings"

	"github.com/sworn-build/sworn/provenance"
)

// copySources are where the copies of a file step can have had a file from: steps that wrote
// the same bytes, or the material that they came to be in. What a material holds is not
// known, so of its paths only one that is the same is told.
func (w *why) copySources(s *provenance.Step, at string, t *trail) []source {
	var out []source
	for _, action := range slices.Backward(s.Actions) {
		words := strings.Fields(action)
		if len(words) != 3 || words[0] != "copy" {
			continue
		}
		state, src, found := strings.Cut(words[1], ":")
		if !found {
			continue
		}
		paths := copied(src, words[2], at)
		for _, p := range paths {
			from, same := w.bytesIn(state, p, t)
			switch {
			case same:
			case w.material[from.id] == nil || from.id != t.origin:
				continue
			case p == t.originPath || at == path.Clean("/"+words[2]):
			case slices.Contains(paths, at):
				from.at = at
			default:
				from.at = ""
			}
			out = append(out, from)
		}
	}
	return out
}

// copied are the paths that a file can have been copied from: by its place below the
// destination, or by name.
func copied(src, dst, at string) []string {
	src, dst = path.Clean("/"+src), path.Clean("/"+dst)
	var out []string
	if at == dst {
		out = append(out, src)
	}
	if below, ok := strings.CutPrefix(at, strings.TrimSuffix(dst, "/")+"/"); ok {
		out = append(out, path.Join(src, below), path.Join(path.Dir(src), below))
	}
	return out
}
