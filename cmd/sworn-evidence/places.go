package main

import (
	"path"
	"slices"
	"strings"

	"github.com/sworn-build/sworn/step"
)

// copyAction is a copy action of a file step as far as the plan tells.
type copyAction struct {
	from string // a step or source
	src  string // empty when it is not known which
	dest string // where it lies after links; empty when that is not known
	// flat: the contents of a folder are copied, not the folder itself.
	flat bool
}

// copiesOf are the copy actions of a step, the last first, and the files that it made of
// the Dockerfile's own text.
func (o *origins) copiesOf(s step.Step) (copies []copyAction, inline []string) {
	own := o.layer(s.ID)
	add := func(c copyAction) {
		if !path.IsAbs(c.dest) || own == nil {
			c.dest = ""
		} else if at, ok := own.below.resolve(c.dest); ok {
			c.dest = at
		} else {
			c.dest = ""
		}
		copies = append(copies, c)
	}
	for _, c := range s.Copies {
		src := c.Src
		if c.Pattern {
			src = ""
		}
		add(copyAction{c.From, src, c.Dest, c.Contents})
	}
	for _, a := range s.Actions {
		verb, rest, _ := strings.Cut(a, " ")
		if verb == "mkfile" {
			inline = append(inline, path.Clean("/"+rest))
		}
		from, rest, ok := strings.Cut(rest, ":")
		if _, source := o.sources[from]; verb != "copy" || !ok || !source {
			continue
		}
		c := copyAction{from: from}
		// Names may hold spaces, so that two of them can have several readings.
		if src, dest, ok := strings.Cut(rest, " /"); ok && !strings.Contains(dest, " /") {
			c.src, c.dest = src, "/"+dest
			if strings.ContainsAny(src, `*?[\`) {
				c.src = ""
			}
		}
		add(c)
	}
	slices.Reverse(copies)
	return copies, inline
}

// mayBring reports whether the action can have written a path: below reports whether only
// it can have, as the path is not a folder on the way.
func (c copyAction) mayBring(p string) (may, below bool) {
	switch {
	case c.dest == "":
		return true, false
	case p == c.dest:
		return true, false
	}
	below = c.dest == "/" || strings.HasPrefix(p, c.dest+"/")
	return below, below
}

// sources are the paths that a file at p can have had where it was copied from.
func (c copyAction) sources(p string) []string {
	if c.src == "" || c.dest == "" {
		return nil
	}
	src := path.Clean("/" + c.src)
	rest := strings.TrimPrefix(strings.TrimPrefix(p, c.dest), "/")
	out := []string{path.Join(src, rest)}
	if name, more, _ := strings.Cut(rest, "/"); !c.flat && name == path.Base(src) {
		out = append(out, path.Join(src, more))
	} else if rest == path.Base(src) { // a file, into a folder
		out = append(out, src)
	}
	return out
}
