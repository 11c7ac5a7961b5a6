package main

import (
	"cmp"
	"slices"
	"strings"

	"github.com/sworn-build/sworn/provenance"
	"github.com/sworn-build/sworn/step"
)

// maxHops bounds the way of some bytes, maxTries the ways that are tried: the same bytes can
// be in many places.
const (
	maxHops  = 64
	maxTries = 10_000
)

// source is a place that bytes can have come from: a step or material and the path there,
// which is empty when it is not known. inside is set when a RUN had them.
type source struct {
	id, at string
	inside *whyInside
}

// trail is what a way has to lead to.
type trail struct {
	digest, origin string
	// originPath is where the bytes lay at the origin; empty when that is not known, or not
	// asked for.
	originPath string
	tries      int
	// seen are places that lead nowhere, by id and path; inside what insideBytes returns, by
	// step.
	seen   map[[2]string]bool
	inside map[string][]source
}

// again begins anew, with or without a path to lead to.
func (t *trail) again(originPath string) {
	t.originPath, t.tries, t.seen, t.inside = originPath, 0, map[[2]string]bool{}, map[string][]source{}
}

// chain is the way of a file's bytes: from the step that wrote it last, through copies and
// through steps that have the same bytes as input, to where they came to be. What evidence
// does not tell is left out: the last hop is the file's origin.
func (w *why) chain(f *provenance.File) []hop {
	origin := w.contents.Origins[f.Origin]
	t := &trail{digest: f.Digest.String(), origin: origin.From}
	t.again(cmp.Or(string(f.OriginPath), string(f.Path))) // it says so when it is another
	out, found := w.way(source{id: f.Step, at: string(f.Path)}, t, 0)
	if !found {
		t.again("")
		out, _ = w.way(source{id: f.Step, at: string(f.Path)}, t, 0)
	}
	if n := len(out); n == 0 || out[n-1].ID != origin.From {
		if h := w.hop(origin.From, ""); h != nil {
			out = append(out, *h)
		}
	}
	if n := len(out); n > 0 && out[n-1].ID == origin.From {
		if f.OriginPath != "" {
			out[n-1].Path = f.OriginPath
		}
		out[n-1].Next = w.next(&out[n-1], string(out[n-1].Path))
	}
	return out
}

// way goes on from a place to the origin, and reports whether it leads there. When no way
// does, it is the one by copies, as far as it goes: that the bytes are those of an input
// proves nothing when the origin is another.
func (w *why) way(from source, t *trail, depth int) ([]hop, bool) {
	h := w.hop(from.id, step.Path(from.at))
	place := [2]string{from.id, from.at}
	if t.tries++; h == nil || depth == maxHops || t.tries > maxTries || t.seen[place] {
		return nil, false
	}
	t.seen[place] = true
	if from.id == t.origin {
		return []hop{*h}, t.originPath == "" || from.at == t.originPath
	}
	s := w.steps[from.id]
	if s == nil {
		return []hop{*h}, false
	}
	var partial []hop
	for _, next := range w.sources(s, from.at, t) {
		rest, found := w.way(next, t, depth+1)
		if found {
			h.Inside = next.inside
			return append([]hop{*h}, rest...), true
		}
		if next.inside == nil && partial == nil {
			partial = rest
		}
	}
	return append([]hop{*h}, partial...), false
}

// hop is a step or material; nil of an id that is neither.
func (w *why) hop(id string, at step.Path) *hop {
	if m := w.material[id]; m != nil {
		return &hop{ID: id, Kind: m.Kind, What: m.URI, Path: at, Digest: m.Digest, Carried: m.Carried}
	}
	s := w.steps[id]
	if s == nil {
		return nil
	}
	h := &hop{ID: id, Kind: s.Kind, What: whatText(s), Lines: s.Lines, Path: at, Read: s.Inputs}
	if s.Network != nil {
		for _, d := range s.Network.Downloads {
			if m := w.material[d]; m != nil {
				h.Downloads = append(h.Downloads, m.URI)
			}
		}
	}
	return h
}

// mention is a step without what it read and downloaded.
func (w *why) mention(s *provenance.Step) hop {
	h := w.hop(s.ID, "")
	h.Read, h.Downloads = nil, nil
	return *h
}

// sources are where a step can have had a file from, likeliest first.
func (w *why) sources(s *provenance.Step, at string, t *trail) []source {
	switch s.Kind {
	case step.KindExec:
		return w.insideSources(s, at, t)
	case step.KindMerge, step.KindDiff:
		var out []source
		for _, state := range append(slices.Clone(s.Reads), s.Parent) {
			if from, ok := w.bytesIn(state, at, t); ok {
				out = append(out, from)
			}
		}
		return out
	}
	return w.copySources(s, at, t)
}

// bytesIn is the place of a path in a state, when a step wrote these very bytes to it.
func (w *why) bytesIn(state, at string, t *trail) (source, bool) {
	id, f := w.writer(state, at)
	return source{id: id, at: at}, f != nil && f.Digest.String() == t.digest
}

// writer is the step that wrote a path into a state last, with what it wrote; or the
// material that the state begins with, of which it is not known what it holds.
func (w *why) writer(state, at string) (id string, f *provenance.FileOutput) {
	for id = stateOf(state); ; {
		s := w.steps[id]
		if s == nil {
			return id, nil
		}
		if f := written(s, step.Path(at)); f != nil {
			return id, f
		}
		id = stateOf(s.Parent)
	}
}

func byPath(f provenance.FileOutput, p step.Path) int {
	return strings.Compare(string(f.Path), string(p))
}

// written is what a step added or changed at a path.
func written(s *provenance.Step, at step.Path) *provenance.FileOutput {
	for _, list := range [][]provenance.FileOutput{s.Outputs.Added, s.Outputs.Changed} {
		if i, found := slices.BinarySearchFunc(list, at, byPath); found {
			return &list[i]
		}
	}
	return nil
}
