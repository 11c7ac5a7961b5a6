package main

import (
	"slices"
	"strings"

	"github.com/sworn-build/sworn/provenance"
	"github.com/sworn-build/sworn/sbom"
	"github.com/sworn-build/sworn/step"
)

// copyActions are what a file step copied, the last action first, and the files that it
// made of the Dockerfile's text.
type copyActions struct {
	copies []copyAction
	inline []string
}

// trace follows an entry to where its bytes came to be.
func (o *origins) trace(h sbom.Held) traced {
	s, made := o.steps[h.Step]
	switch {
	case !made:
		t := o.sourced(h.Step, h.Path)
		t.purl = o.ownerInSource(&h)
		return t
	case s.Kind == step.KindExec:
		return o.executed(s, &h)
	case s.Kind == step.KindBuild && hasBytes(&h.Entry):
		return traced{Origin: sbom.Origin{Class: sbom.OriginUnexplained, From: s.ID, Path: h.Path, Reason: "it comes from a build within the build"}}
	}
	k := wrotePath{s.ID, h.Path}
	t, ok := o.placed[k]
	if !ok {
		t = o.taken(s, &h)
		o.placed[k] = t
	}
	return t
}

// ownerInSource is the package that an entry which came with a source belonged to there. A
// package of a database that lists it later did not bring it.
func (o *origins) ownerInSource(h *sbom.Held) string {
	l := o.layer(h.Step)
	if l == nil {
		return h.Package
	}
	e, ok := l.wrote(h.Path)
	if !ok || e.Package == "" && !provenance.OfDatabase(h.Package) {
		return h.Package
	}
	return e.Package
}

// sourced is the origin of what came with a source; an empty path is not known.
func (o *origins) sourced(id string, p step.Path) traced {
	src := o.sources[id]
	class := sbom.OriginDownload
	switch src.Kind {
	case step.SourceImage, step.SourceOCILayout:
		class = sbom.OriginBase
	case step.SourceLocal:
		class = sbom.OriginContext
	case step.SourceGit:
		if !o.added(src) {
			class = sbom.OriginContext
		}
	}
	return traced{Origin: sbom.Origin{Class: class, From: id, Path: p}}
}

// added reports whether an ADD names a git source; otherwise it is a context.
func (o *origins) added(src step.Source) bool {
	url, _, _ := strings.Cut(strings.TrimPrefix(src.URI, "git+"), "#")
	return slices.ContainsFunc(o.plan.Steps, func(s step.Step) bool {
		return s.Kind == step.KindFile && slices.Contains(s.Reads, src.ID) && strings.Contains(s.Name, "ADD ") && strings.Contains(s.Name, url)
	})
}

// wroteHere is what a step made itself.
func wroteHere(s step.Step, h *sbom.Held) traced {
	return traced{Origin: sbom.Origin{Class: sbom.OriginStep, From: s.ID, Path: h.Path}, by: s.ID}
}

// better reports whether a place is a better answer than another, which may be none.
func (t traced) better(other traced) bool {
	return other.Class == "" || other.Class == sbom.OriginUnexplained && t.Class != sbom.OriginUnexplained
}

// taken is the origin of what a step copied or merged.
func (o *origins) taken(s step.Step, h *sbom.Held) traced {
	if s.Kind == step.KindMerge || s.Kind == step.KindDiff {
		return o.merges(s, h)
	}
	a, ok := o.copies[s.ID]
	if !ok {
		a.copies, a.inline = o.copiesOf(s)
		o.copies[s.ID] = a
	}
	if slices.Contains(a.inline, string(h.Path)) {
		return traced{Origin: sbom.Origin{Class: sbom.OriginContext, From: s.ID, Path: h.Path}}
	}
	var best traced
	var open []traced // where evidence does not reach
	for _, c := range a.copies {
		may, below := c.mayBring(string(h.Path))
		if !may {
			continue
		}
		for _, p := range c.sources(string(h.Path)) {
			if t, ok := o.lies(c.from, p, h); ok && t.better(best) {
				best = t
			}
		}
		if hasBytes(&h.Entry) || below {
			open = append(open, o.bottom(c.from, c.sources(string(h.Path))))
		}
	}
	if hasBytes(&h.Entry) && (best.Class == "" || best.Class == sbom.OriginUnexplained) {
		if t, ok := o.byDigest(o.reach.of(s.Reads...), h.SHA256); ok && t.better(best) {
			best = t
		}
		if best.Class == "" && len(open) == 0 {
			for _, state := range s.Reads {
				open = append(open, o.bottom(state, nil))
			}
		}
	}
	switch {
	case best.Class != "":
		return best
	case len(open) > 0:
		return oneOf(s, h, open)
	}
	return o.remade(s, h)
}

// merges is the origin of what a merge or difference took of the states that it reads.
func (o *origins) merges(s step.Step, h *sbom.Held) traced {
	var best traced
	for _, state := range slices.Backward(s.Reads) {
		if t, ok := o.lies(state, string(h.Path), h); ok && t.better(best) {
			best = t
		}
	}
	if best.better(traced{Origin: sbom.Origin{Class: sbom.OriginUnexplained}}) && best.Class != "" {
		return best
	}
	if hasBytes(&h.Entry) {
		if t, ok := o.byDigest(o.reach.of(append(s.Reads, s.Parent)...), h.SHA256); ok && t.better(best) {
			best = t
		}
	}
	if best.Class != "" {
		return best
	}
	var open []traced
	for _, state := range s.Reads {
		open = append(open, o.bottom(state, []string{string(h.Path)}))
	}
	return oneOf(s, h, open)
}

// lies is the origin of an entry that lies at a path of a state, with or without links
// on the way; false when what evidence knows there is not like it.
func (o *origins) lies(state, p string, h *sbom.Held) (traced, bool) {
	l := o.layer(state)
	if l == nil {
		return traced{}, false
	}
	found, ok := l.at(step.Path(p))
	if !ok || !alike(&found.Entry, &h.Entry) {
		real, sure := l.resolve(p)
		if !sure {
			return traced{}, false
		}
		if found, ok = l.at(step.Path(real)); !ok || !alike(&found.Entry, &h.Entry) {
			return traced{}, false
		}
	}
	return o.trace(found), true
}

// byDigest is the origin of bytes that something within reach has.
func (o *origins) byDigest(within reach, sum string) (best traced, found bool) {
	if o.wrote == nil {
		o.wrote = o.writers()
	}
	o.wrote.of(sum, func(h sbom.Held) bool {
		if !within.has(o.reach.number[h.Step]) {
			return true
		}
		if t := o.trace(h); t.better(best) {
			best, found = t, true
		}
		return best.Class == sbom.OriginUnexplained
	})
	return best, found
}

// bottom is the source that a state begins with, where what no step wrote must lie, and
// its path when it can be one alone. It has no class when the state begins with nothing.
func (o *origins) bottom(state string, paths []string) traced {
	for {
		s, made := o.steps[state]
		if !made {
			break
		}
		if o.delta(s.Evidence) == nil {
			return traced{Origin: sbom.Origin{Class: sbom.OriginUnexplained, From: s.ID, Reason: "nothing tells what " + at(s) + " wrote"}}
		}
		state = s.Parent
	}
	if state == "" {
		return traced{}
	}
	t := o.sourced(state, "")
	if t.Class == sbom.OriginBase && len(paths) == 1 {
		t.Path = step.Path(paths[0])
	}
	return t
}

// oneOf is an origin that is one of several.
func oneOf(s step.Step, h *sbom.Held, open []traced) traced {
	var best traced
	for _, t := range open {
		switch {
		case t.Class == "" || t == best:
		case best.Class == "":
			best = t
		case t.Class == best.Class:
			if best.Path = ""; t.From != best.From {
				best.From = s.ID
			}
		default:
			return traced{Origin: sbom.Origin{
				Class: sbom.OriginUnexplained, From: s.ID, Path: h.Path,
				Reason: at(s) + " took it from one of several sources, and nothing tells which",
			}}
		}
	}
	if best.Class == "" {
		return wroteHere(s, h)
	}
	return best
}

// remade is the origin of an entry without bytes that a step made, or only gave another
// mode or owner.
func (o *origins) remade(s step.Step, h *sbom.Held) traced {
	l := o.layer(s.ID)
	if l == nil {
		return wroteHere(s, h)
	}
	if _, changed := search(l.delta.Changed, h.Path); !changed {
		return wroteHere(s, h)
	}
	if was, ok := l.below.at(h.Path); ok && alike(&was.Entry, &h.Entry) {
		return o.trace(was)
	}
	return wroteHere(s, h)
}

// executed is the origin of what a command left.
func (o *origins) executed(s step.Step, h *sbom.Held) traced {
	if purl := o.installedBy(s, h.Path); purl != "" {
		return traced{sbom.Origin{Class: sbom.OriginPackage, From: s.ID, Path: h.Path}, purl, s.ID}
	}
	if !hasBytes(&h.Entry) {
		return o.remade(s, h)
	}
	k := wroteBytes{s.ID, h.SHA256}
	t, ok := o.known[k]
	if !ok {
		t = o.ranFor(s, h.SHA256)
		o.known[k] = t
	}
	if t.From == s.ID && t.Path == "" {
		t.Path = h.Path
		if t.Class == sbom.OriginUnexplained && sbom.PackageState(h.Path) && o.changesPackages(s) {
			t.Class, t.Reason = sbom.OriginPackageState, ""
		}
	}
	return t
}

// changesPackages reports whether a step installed or removed packages of a database. Entries
// for which nothing else speaks do not count.
func (o *origins) changesPackages(s step.Step) bool {
	d := o.delta(s.Evidence)
	return d != nil && len(o.addedPackages(s.ID))+len(d.PackagesRemoved) > len(o.installation(s.ID).unsaid)
}

// installedBy is the package that a file belongs to which the step that installed it wrote.
func (o *origins) installedBy(s step.Step, p step.Path) string {
	l := o.layer(s.ID)
	if l == nil {
		return ""
	}
	e, ok := l.wrote(p)
	if !ok || e.Package == "" {
		return ""
	}
	if _, ok = slices.BinarySearch(o.delta(s.Evidence).PackagesAdded, e.Package); !ok || o.installation(s.ID).unsaid[e.Package] {
		return ""
	}
	return e.Package
}

// ranFor is the origin of bytes that a command left: that of the file that had them
// before, a download or, when none had, the command itself.
func (o *origins) ranFor(s step.Step, sum string) traced {
	var best traced
	for _, h := range o.hadBefore(s)[sum] {
		if t := o.trace(h); t.better(best) {
			best = t
		}
	}
	if id := o.downloadOf(s, sum); id != "" && (best.Class == "" || best.Class == sbom.OriginUnexplained) {
		return traced{Origin: sbom.Origin{Class: sbom.OriginDownload, From: id}, by: s.ID}
	}
	if best.Class != "" {
		return best
	}
	if gap := o.ranOffRecord(s); gap != "" {
		return traced{Origin: sbom.Origin{Class: sbom.OriginUnexplained, From: s.ID, Reason: gap}, by: s.ID}
	}
	return traced{Origin: sbom.Origin{Class: sbom.OriginStep, From: s.ID}, by: s.ID}
}
