package main

import (
	"path"
	"slices"
	"strings"

	"github.com/sworn-build/sworn/provenance"
	"github.com/sworn-build/sworn/step"
)

// Values of whyInside.How.
const (
	insideKept       = "kept"
	insideRead       = "read"
	insideMoved      = "moved"
	insideDownloaded = "downloaded"
)

// insideSources are where a RUN can have had a file's bytes from: the file as it was before,
// an input with the same bytes, a file with them that it removed, a download.
func (w *why) insideSources(s *provenance.Step, at string, t *trail) []source {
	if t.digest == "" {
		return nil
	}
	var out []source
	if _, changed := slices.BinarySearchFunc(s.Outputs.Changed, step.Path(at), byPath); changed {
		if from, ok := w.had(s.Parent, at, t); ok {
			from.inside = &whyInside{How: insideKept, Paths: []step.Path{step.Path(at)}}
			out = append(out, from)
		}
	}
	if _, known := t.inside[s.ID]; !known {
		t.inside[s.ID] = w.insideBytes(s, t)
	}
	return append(out, t.inside[s.ID]...)
}

// insideBytes are the sources of a RUN that do not depend on where it wrote the file.
func (w *why) insideBytes(s *provenance.Step, t *trail) []source {
	out := w.readSources(s, t)
	var moved []source
	for _, p := range s.Outputs.Removed {
		if from, ok := w.had(s.Parent, string(p), t); ok {
			from.inside = &whyInside{How: insideMoved, Paths: []step.Path{p}}
			moved = append(moved, from)
		}
	}
	out = append(out, sharing(moved)...)
	if s.Network != nil {
		for _, id := range s.Network.Downloads {
			if m := w.material[id]; m != nil && m.Digest["sha256"] == t.digest {
				out = append(out, source{id: id, inside: &whyInside{How: insideDownloaded}})
			}
		}
	}
	return out
}

// readSources are the inputs of a step that have the bytes.
func (w *why) readSources(s *provenance.Step, t *trail) []source {
	if s.Inputs == nil {
		return nil
	}
	var out []source
	for _, in := range s.Inputs.Files {
		if in.Digest.String() != t.digest {
			continue
		}
		state, at := s.Parent, string(in.Path)
		if in.Mount != "" {
			var ok bool
			if state, at, ok = mounted(s, in); !ok {
				continue
			}
		}
		id, _ := w.writer(state, at)
		out = append(out, source{id: id, at: at, inside: &whyInside{How: insideRead, Paths: []step.Path{in.Path}}})
	}
	return sharing(out)
}

// mounted is where an input in a mount lies in the state that is mounted; false of caches
// and others that are of no state.
func mounted(s *provenance.Step, in provenance.FileInput) (state, at string, ok bool) {
	for _, m := range slices.Backward(s.Mounts) {
		if m.Target != in.Mount || m.Type != "bind" {
			continue
		}
		below := strings.TrimPrefix(string(in.Path), strings.TrimSuffix(in.Mount, "/"))
		return m.From, path.Join("/", m.Path, below), true
	}
	return "", "", false
}

// had is the place of a path in a state that has the bytes: by a step's account, or because
// they came to be at that path of the material that the state begins with.
func (w *why) had(state, at string, t *trail) (source, bool) {
	from, same := w.bytesIn(state, at, t)
	return from, same || w.steps[from.id] == nil && from.id == t.origin && at == t.originPath
}

// maxAlike bounds the places with the same bytes that are told of a step.
const maxAlike = 20

// sharing has each of some sources name the paths of all of them, its own first.
func sharing(list []source) []source {
	list = list[:min(len(list), maxAlike)]
	for i := range list {
		own := list[i].inside
		paths := slices.Clone(own.Paths)
		for j := range list {
			if j != i {
				paths = append(paths, list[j].inside.Paths[0])
			}
		}
		list[i].inside = &whyInside{How: own.How, Paths: paths}
	}
	return list
}
