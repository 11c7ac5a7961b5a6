package main

import (
	"path"
	"slices"
	"strings"

	"github.com/sworn-build/sworn/sbom"
	"github.com/sworn-build/sworn/step"
)

// layer is a state as evidence knows it: what one step changed, on top of the state
// that it started from. Nil is a state of which nothing is known.
type layer struct {
	by    string // the step or source
	delta *sbom.Delta
	below *layer
	// whole: nothing of the state is unknown.
	whole bool
}

// layer returns a state. Below a step without evidence nothing is known, as the
// step can have changed anything.
func (g *graph) layer(state string) *layer {
	if l, ok := g.layers[state]; ok {
		return l
	}
	var l *layer
	if s, ok := g.steps[state]; ok {
		if d := g.delta(s.Evidence); d != nil {
			l = &layer{by: state, delta: &d.Delta, below: g.layer(s.Parent), whole: d.Base}
			l.whole = l.whole || l.below != nil && l.below.whole
		}
	} else if s, ok := g.sources[state]; ok && s.Evidence != nil {
		e := g.evidence[*s.Evidence]
		d := e.state()
		l = &layer{by: state, delta: &d.Delta, whole: d.Base}
	}
	g.layers[state] = l
	return l
}

// at returns the entry at a path, if evidence knows of one.
func (l *layer) at(p step.Path) (sbom.Held, bool) {
	for ; l != nil; l = l.below {
		if e, ok := l.wrote(p); ok {
			return sbom.Held{Entry: e, Step: l.by}, true
		}
		if _, ok := slices.BinarySearch(l.delta.Removed, p); ok {
			break
		}
	}
	return sbom.Held{}, false
}

// wrote returns the entry that the step itself added or changed.
func (l *layer) wrote(p step.Path) (sbom.Entry, bool) {
	for _, es := range [][]sbom.Entry{l.delta.Added, l.delta.Changed} {
		if i, ok := search(es, p); ok {
			return es[i], true
		}
	}
	return sbom.Entry{}, false
}

func search(es []sbom.Entry, p step.Path) (int, bool) {
	return slices.BinarySearchFunc(es, p, func(e sbom.Entry, p step.Path) int { return strings.Compare(string(e.Path), string(p)) })
}

// known reports whether evidence knows all that lies below a folder: all of the
// state, or the folder or one that it lies in was made by a known step.
func (l *layer) known(dir string) bool {
	if l == nil || l.whole {
		return l != nil
	}
	for ; l != nil; l = l.below {
		for p := dir; p != "/"; p = path.Dir(p) {
			if _, ok := search(l.delta.Added, step.Path(p)); ok {
				return true
			}
		}
	}
	return false
}

// resolve follows the symlinks on the way to an absolute path, the last name
// included, as far as evidence knows them; false when there are too many.
func (l *layer) resolve(p string) (string, bool) {
	end, _, ok := sbom.FollowLinks(p, func(at string) (string, bool) {
		h, ok := l.at(step.Path(at))
		return string(h.Target), ok && h.Type == sbom.TypeSymlink
	})
	return end, ok
}

// below returns the known entries below a folder, sorted by path.
func (l *layer) under(dir string) []sbom.Held {
	var chain []*layer
	for ; l != nil; l = l.below {
		chain = append(chain, l)
	}
	held := map[step.Path]sbom.Held{}
	for _, l := range slices.Backward(chain) {
		for _, p := range l.delta.Removed {
			delete(held, p)
		}
		for _, es := range [][]sbom.Entry{l.delta.Added, l.delta.Changed} {
			for _, e := range below(es, dir) {
				held[e.Path] = sbom.Held{Entry: e, Step: l.by}
			}
		}
	}
	out := make([]sbom.Held, 0, len(held))
	for _, h := range held {
		out = append(out, h)
	}
	slices.SortFunc(out, func(a, b sbom.Held) int { return strings.Compare(string(a.Path), string(b.Path)) })
	return out
}

// below returns the part of a sorted list that lies below a folder.
func below(es []sbom.Entry, dir string) []sbom.Entry {
	if dir == "/" {
		return es
	}
	// In the order of bytes "0" comes next after "/".
	first, _ := search(es, step.Path(dir+"/"))
	last, _ := search(es, step.Path(dir+"0"))
	return es[first:last]
}
