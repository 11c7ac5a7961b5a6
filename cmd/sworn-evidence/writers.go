package main

import "github.com/sworn-build/sworn/sbom"

// writers finds by digest which steps and sources have files of the same bytes. It keeps
// one file for each of them and digest: bytes do not tell two names of theirs apart.
type writers struct {
	first map[string]int32 // by digest, the last writer's index in all
	all   []writer
}

type writer struct {
	entry *sbom.Entry
	by    string
	next  int32 // the writer before it; -1 when there is none
}

// writers are those of all sources and steps that were described.
func (g *graph) writers() *writers {
	w := &writers{first: map[string]int32{}}
	for _, s := range g.plan.Sources {
		if s.Evidence != nil {
			e := g.evidence[*s.Evidence]
			w.add(s.ID, &e.state().Delta)
		}
	}
	for _, s := range g.plan.Steps {
		if d := g.delta(s.Evidence); d != nil {
			w.add(s.ID, &d.Delta)
		}
	}
	return w
}

// add adds what a step or source wrote. Those that come later are found first.
func (w *writers) add(by string, d *sbom.Delta) {
	for e := range d.Wrote() {
		if !hasBytes(e) {
			continue
		}
		before, ok := w.first[e.SHA256]
		if !ok {
			before = -1
		} else if w.all[before].by == by {
			continue
		}
		w.first[e.SHA256] = int32(len(w.all))
		w.all = append(w.all, writer{e, by, before})
	}
}

// of calls f with the writers of a digest, the last of the plan first, until it is false.
func (w *writers) of(sum string, f func(sbom.Held) bool) {
	i, ok := w.first[sum]
	if !ok {
		return
	}
	for ; i >= 0; i = w.all[i].next {
		if !f(sbom.Held{Entry: *w.all[i].entry, Step: w.all[i].by}) {
			return
		}
	}
}

// hasBytes reports whether there is something to say of an entry's bytes.
func hasBytes(e *sbom.Entry) bool { return e.Type == sbom.TypeFile && e.Size > 0 }

// alike reports whether two entries hold the same, whatever their names, modes and owners.
func alike(a, b *sbom.Entry) bool {
	return a.Type == b.Type && a.Size == b.Size && a.SHA256 == b.SHA256 && a.Target == b.Target && a.Device == b.Device
}
