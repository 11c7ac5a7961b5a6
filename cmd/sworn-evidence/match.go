package main

import (
	"fmt"
	"path"
	"strings"

	"github.com/sworn-build/sworn/sbom"
	"github.com/sworn-build/sworn/step"
)

// consistent verifies that evidence of what one step wrote and evidence of what
// another took of it agree, as in-toto's MATCH rule does. The builder's cache may
// hold evidence of several runs of a step; only the image's own file system is
// checked against the real one, so what leads to it must be checked in itself.
//
// Whatever evidence leaves open (a base that was not described, an archive that may
// have been unpacked, two copies to one place) is passed over.
func (g *graph) consistent() error {
	for _, s := range g.plan.Steps {
		var err error
		switch s.Kind {
		case step.KindFile:
			err = g.copied(s)
		case step.KindMerge, step.KindDiff:
			err = g.merged(s)
		case step.KindExec:
			err = g.read(s)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// differentBuilds is evidence of two steps that cannot be of one build.
func differentBuilds(wrote sbom.Held, taker, verb, sum string) error {
	return fmt.Errorf("evidence of %s and %s are of different builds: %s was sha256:%s when %s wrote it, sha256:%s when %s %s it",
		wrote.Step, taker, printable(wrote.Path), wrote.SHA256, wrote.Step, sum, taker, verb)
}

// merged verifies a merge or difference: each file that it does not have from its
// parent is that of one of the states that it reads.
func (g *graph) merged(s step.Step) error {
	own := g.layer(s.ID)
	if own == nil {
		return nil
	}
	var from []*layer
	for _, state := range s.Reads {
		l := g.layer(state)
		if l == nil || !l.whole {
			return nil
		}
		from = append(from, l)
	}
	for e := range own.delta.Wrote() {
		var claims []sbom.Held
		for _, l := range from {
			if h, ok := l.at(e.Path); ok {
				claims = append(claims, h)
			}
		}
		if h, ok := refuted(*e, claims); ok {
			return differentBuilds(h, s.ID, "merged", e.SHA256)
		}
	}
	return nil
}

// refuted reports whether a file is none of those that it can be, and returns the
// last of them.
func refuted(e sbom.Entry, claims []sbom.Held) (sbom.Held, bool) {
	if e.Type != sbom.TypeFile || len(claims) == 0 {
		return sbom.Held{}, false
	}
	for _, h := range claims {
		if h.Type != sbom.TypeFile || h.SHA256 == e.SHA256 && h.Size == e.Size {
			return sbom.Held{}, false
		}
	}
	return claims[len(claims)-1], true
}

// read verifies the files that a step was seen to read: those of its root against
// the state that it started from, those of read-only mounts against the state that
// was mounted.
func (g *graph) read(s step.Step) error {
	d := g.delta(s.Evidence)
	if d == nil || d.Record == nil {
		return nil
	}
	for _, f := range d.Record.Inputs.Files {
		sum := f.Digest.String()
		if sum == "" {
			continue
		}
		l, p, ok := g.origin(s, f.Mount, f.Path)
		if !ok {
			continue
		}
		h, ok := l.at(step.Path(p))
		if ok && h.Type == sbom.TypeFile && h.SHA256 != sum {
			return differentBuilds(h, s.ID, "read", sum)
		}
	}
	return nil
}

// origin returns the state that a file which a step saw comes from, and its path
// there; false when that is not known.
func (g *graph) origin(s step.Step, mount string, file step.Path) (*layer, string, bool) {
	if mount == "" {
		return g.layer(s.Parent), string(file), true
	}
	for _, m := range s.Exec.Mounts {
		if m.Type != step.MountBind || !m.ReadOnly || path.Clean(m.Target) != mount {
			continue
		}
		rest, ok := strings.CutPrefix(string(file), mount)
		if _, made := g.steps[m.From]; !ok || !made {
			return nil, "", false
		}
		l := g.layer(m.From)
		dir, ok := l.resolve(m.Path)
		return l, path.Join(dir, rest), ok
	}
	return nil, "", false
}
