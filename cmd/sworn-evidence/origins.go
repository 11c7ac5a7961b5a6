package main

import (
	"path"
	"slices"
	"strconv"

	"github.com/sworn-build/sworn/provenance"
	"github.com/sworn-build/sworn/sbom"
	"github.com/sworn-build/sworn/step"
)

// origins tells of which files nobody can say where their bytes come from. On record are
// the bytes of sources; of packages that a step installed; of files that a step only
// moved, copied or gave another mode; and what a step made when all that it read and
// asked the network for is on record, and on record itself.
//
// What copies and merges brought is found by its digest, not by its path: links of a
// base that was not described lead elsewhere.
type origins struct {
	*graph
	order map[string]int         // of steps
	made  map[string][]sbom.Held // what execs wrote, by digest
	had   map[string]map[string][]sbom.Held
	gaps  map[string]string // of execs that were asked for
	known map[wroteBytes]string
}

// wroteBytes are bytes that a step wrote.
type wroteBytes struct {
	step, sum string
}

func (g *graph) origins() *origins {
	apart := *g // layers are made while others make theirs
	apart.layers = map[string]*layer{}
	o := &origins{
		graph: &apart, order: map[string]int{}, made: map[string][]sbom.Held{},
		had: map[string]map[string][]sbom.Held{}, gaps: map[string]string{}, known: map[wroteBytes]string{},
	}
	for i, s := range g.plan.Steps {
		o.order[s.ID] = i
		d := g.delta(s.Evidence)
		if d == nil || s.Kind != step.KindExec {
			continue
		}
		for _, es := range [][]sbom.Entry{d.Added, d.Changed} {
			for _, e := range es {
				if e.Type == sbom.TypeFile {
					o.made[e.SHA256] = append(o.made[e.SHA256], sbom.Held{Entry: e, Step: s.ID})
				}
			}
		}
	}
	return o
}

// gap says why it is not on record where the bytes of a file come from; empty when it is.
func (o *origins) gap(h sbom.Held) string {
	s, ok := o.steps[h.Step]
	if !ok || h.Size == 0 {
		return ""
	}
	if s.Kind == step.KindExec && o.installed(s, h.Path) {
		return ""
	}
	k := wroteBytes{h.Step, h.SHA256}
	gap, ok := o.known[k]
	if !ok {
		if s.Kind == step.KindExec {
			gap = o.execGap(s, h.SHA256)
		} else {
			gap = o.copyGap(s, h.SHA256)
		}
		o.known[k] = gap
	}
	return gap
}

// installed reports whether a file was written by the step that installed its package.
func (o *origins) installed(s step.Step, p step.Path) bool {
	l := o.layer(s.ID)
	if l == nil {
		return false
	}
	e, ok := l.wrote(p)
	if !ok || e.Package == "" {
		return false
	}
	_, ok = slices.BinarySearch(o.delta(s.Evidence).PackagesAdded, e.Package)
	return ok
}

// copyGap is the gap of bytes that a step copied or merged: those of an exec before it
// that wrote them, or else of a source.
func (o *origins) copyGap(s step.Step, sum string) string {
	if s.Kind == step.KindBuild {
		return "it comes from a build within the build"
	}
	gap := ""
	for _, h := range o.made[sum] {
		if o.order[h.Step] >= o.order[s.ID] {
			continue
		}
		if gap = o.gap(h); gap == "" {
			return ""
		}
	}
	if gap == "" || o.inContext(s, sum) {
		return ""
	}
	return gap
}

// inContext reports whether a step reads a local source that has a file of those bytes.
func (o *origins) inContext(s step.Step, sum string) bool {
	for _, state := range s.Reads {
		src, ok := o.sources[state]
		if !ok || src.Evidence == nil {
			continue
		}
		e := o.evidence[*src.Evidence]
		d := e.state()
		if slices.ContainsFunc(d.Added, func(e sbom.Entry) bool { return e.SHA256 == sum }) {
			return true
		}
	}
	return false
}

// execGap is the gap of bytes that a command left: that of the file that had them before
// or, when none had, that of the command itself.
func (o *origins) execGap(s step.Step, sum string) string {
	had := o.hadBefore(s)[sum]
	if len(had) == 0 {
		return o.ranOffRecord(s)
	}
	gap := ""
	for _, h := range had {
		if gap = o.gap(h); gap == "" {
			return ""
		}
	}
	return gap
}

// hadBefore are the files, by digest, that a command had and may have copied, moved or
// changed the mode of: what it read, and what it removed or changed.
func (o *origins) hadBefore(s step.Step) map[string][]sbom.Held {
	if had, ok := o.had[s.ID]; ok {
		return had
	}
	had := map[string][]sbom.Held{}
	o.had[s.ID] = had
	d := o.delta(s.Evidence)
	if d == nil {
		return had
	}
	before := o.layer(s.Parent)
	was := func(p step.Path) {
		if h, ok := before.at(p); ok && h.Type == sbom.TypeFile {
			had[h.SHA256] = append(had[h.SHA256], h)
		}
	}
	for _, p := range d.Removed {
		was(p)
	}
	for _, e := range d.Changed {
		was(e.Path)
	}
	if d.Record != nil {
		for _, f := range d.Record.Inputs.Files {
			h, why := o.input(s, f)
			if sum := f.Digest.String(); why == "" && sum != "" && (h.SHA256 == "" || h.SHA256 == sum) {
				had[sum] = append(had[sum], h)
			}
		}
	}
	return had
}

// ranOffRecord says why what a command made is not on record; empty when all of it is
// that it can have been made of.
func (o *origins) ranOffRecord(s step.Step) string {
	gap, ok := o.gaps[s.ID]
	if ok {
		return gap
	}
	d := o.delta(s.Evidence)
	switch {
	case d == nil || d.Record == nil:
		gap = at(s) + " ran without a record: " + s.Unobserved
	case !d.Record.Inputs.Complete:
		gap = "not all that " + at(s) + " read is on record"
		if why := d.Record.Inputs.Reasons; len(why) > 0 {
			gap += ": " + why[0]
		}
	case !network(s.Exec, d).Complete:
		gap = "not all that " + at(s) + " did on the network is on record"
		if why := network(s.Exec, d).Reasons; len(why) > 0 {
			gap += ": " + why[0]
		}
	default:
		gap = o.readOffRecord(s, d)
	}
	o.gaps[s.ID] = gap
	return gap
}

// readOffRecord says what is not on record of the files that a command read.
func (o *origins) readOffRecord(s step.Step, d *described) string {
	for _, f := range d.Record.Inputs.Files {
		h, why := o.input(s, f)
		if why == "" {
			why = o.gap(h)
		}
		if why != "" {
			return why
		}
	}
	return ""
}

// input returns the file of its root that a command read; one that came with a source
// has no step. Of files in mounts, and where nothing is known, it says what is not on
// record, if anything is.
func (o *origins) input(s step.Step, f provenance.FileInput) (sbom.Held, string) {
	read := at(s) + " read " + printable(f.Path)
	if f.Mount == "" {
		before := o.layer(s.Parent)
		if _, made := o.steps[s.Parent]; made && before == nil {
			return sbom.Held{}, read + " of a step without evidence"
		}
		h, _ := before.at(f.Path)
		return h, ""
	}
	for _, m := range s.Exec.Mounts {
		_, made := o.steps[m.From]
		sum := f.Digest.String()
		switch {
		case path.Clean(m.Target) != f.Mount:
			continue
		case m.Type == step.MountCache:
			return sbom.Held{}, read + " in a cache mount, which other builds write to"
		case !made:
			return sbom.Held{}, ""
		case sum == "":
			return sbom.Held{}, read + ", whose bytes are not on record"
		}
		return sbom.Held{}, o.copyGap(s, sum)
	}
	return sbom.Held{}, read + " in a mount that the plan does not have"
}

// at names a step for a user.
func at(s step.Step) string {
	if len(s.Lines) > 0 {
		return "line " + strconv.Itoa(s.Lines[0].Start)
	}
	return s.Name
}
