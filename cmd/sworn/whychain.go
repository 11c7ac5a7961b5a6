package main

import (
	"path"
	"slices"
	"strings"

	"github.com/sworn-build/sworn/provenance"
	"github.com/sworn-build/sworn/step"
)

// maxHops bounds the way of some bytes.
const maxHops = 64

// chain is the way of a file's bytes: from the step that wrote it last, through copies, to
// where they came to be. What evidence does not tell is left out: the last hop is the
// file's origin.
func (w *why) chain(f *provenance.File) []hop {
	origin := w.contents.Origins[f.Origin]
	var out []hop
	id, at := f.Step, string(f.Path)
	for range maxHops {
		h := w.hop(id, step.Path(at))
		if h == nil {
			break
		}
		out = append(out, *h)
		s := w.steps[id]
		if id == origin.From || s == nil || s.Kind == step.KindExec {
			break
		}
		var ok bool
		if id, at, ok = w.source(s, at, f.Digest.String(), origin.From); !ok {
			break
		}
	}
	if n := len(out); n == 0 || out[n-1].ID != origin.From {
		if h := w.hop(origin.From, ""); h != nil {
			out = append(out, *h)
		}
	}
	if n := len(out); n > 0 && f.OriginPath != "" && out[n-1].ID == origin.From {
		out[n-1].Path = f.OriginPath
	}
	return out
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

// source is where a copy or merge took a file from: the step that wrote it there and its
// path, or the material that its bytes came to be in. What a material holds is not known, so
// of its paths only one that is the same is told. False when the bytes are nowhere.
func (w *why) source(s *provenance.Step, at, digest, origin string) (id, from string, ok bool) {
	for _, action := range slices.Backward(s.Actions) {
		words := strings.Fields(action)
		if len(words) != 3 || words[0] != "copy" {
			continue
		}
		state, src, found := strings.Cut(words[1], ":")
		if !found {
			continue
		}
		paths := sources(src, words[2], at)
		for _, p := range paths {
			id, same := w.writer(state, p, digest)
			switch {
			case w.steps[id] != nil && same:
				return id, p, true
			case w.material[id] == nil || id != origin:
			case at == path.Clean("/"+words[2]):
				return id, p, true
			case slices.Contains(paths, at):
				return id, at, true
			default:
				return id, "", true
			}
		}
	}
	if s.Kind == step.KindMerge || s.Kind == step.KindDiff {
		for _, state := range append(slices.Clone(s.Reads), s.Parent) {
			if id, same := w.writer(state, at, digest); w.steps[id] != nil && same {
				return id, at, true
			}
		}
	}
	return "", "", false
}

// sources are the paths that a file can have been copied from: by its place below the
// destination, or by name.
func sources(src, dst, at string) []string {
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

// writer is the step that wrote a path into a state last, and whether it has the bytes of a
// digest there; or the material that the state begins with.
func (w *why) writer(state, at, digest string) (id string, same bool) {
	for id = stateOf(state); ; {
		s := w.steps[id]
		if s == nil {
			return id, false
		}
		for _, list := range [][]provenance.FileOutput{s.Outputs.Added, s.Outputs.Changed} {
			i, found := slices.BinarySearchFunc(list, step.Path(at), func(f provenance.FileOutput, p step.Path) int {
				return strings.Compare(string(f.Path), string(p))
			})
			if found {
				return id, list[i].Digest.String() == digest
			}
		}
		id = stateOf(s.Parent)
	}
}
