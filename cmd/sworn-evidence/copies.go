package main

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/sworn-build/sworn/sbom"
	"github.com/sworn-build/sworn/step"
)

// copies is what the copy actions of one step must have put where, as far as
// evidence of their sources tells.
type copies struct {
	step   step.Step
	own    *layer
	claims map[step.Path][]claim
	unsure []unsure
	// folder: the files of a folder were among them.
	folder bool
}

// claim is a file that a copy action brought.
type claim struct {
	sbom.Held
	by int // which action
}

// unsure is a place where an action may have written what is not known.
type unsure struct {
	at string
	by int
	// self: what is known of the same action may not hold either.
	self bool
}

// copied verifies the copies of a step.
func (g *graph) copied(s step.Step) error {
	own := g.layer(s.ID)
	if own == nil || len(s.Copies) == 0 {
		return nil
	}
	c := copies{step: s, own: own, claims: map[step.Path][]claim{}}
	for i, a := range s.Copies {
		dest, ok := own.below.resolve(a.Dest)
		from := g.layer(a.From)
		if !ok || from == nil || a.Unpack {
			if !ok {
				dest = "/"
			}
			c.unsure = append(c.unsure, unsure{dest, i, true})
			continue
		}
		c.copy(i, a, from, dest)
	}
	c.others()
	return c.check()
}

// copy adds what one action brings.
func (c *copies) copy(by int, a step.Copy, from *layer, dest string) {
	sources := []string{a.Src}
	if a.Pattern {
		var sure bool
		if sources, sure = from.match(a.Src); !sure {
			c.unsure = append(c.unsure, unsure{dest, by, true})
		}
	}
	for _, src := range sources {
		real, ok := from.resolve(src)
		if !ok {
			c.unsure = append(c.unsure, unsure{dest, by, true})
			continue
		}
		// In a folder that is there already the file has the name that it was called
		// by, not that of a link's target.
		inside := path.Join(dest, path.Base(path.Clean("/"+src)))
		if h, ok := from.at(step.Path(real)); ok && h.Type != sbom.TypeDir {
			c.claim(by, dest, h)
			c.claim(by, inside, h)
			continue
		}
		c.folder = true
		for _, h := range from.under(real) {
			rest := strings.TrimPrefix(string(h.Path), strings.TrimSuffix(real, "/"))
			c.claim(by, path.Join(dest, rest), h)
			if !a.Contents {
				c.claim(by, path.Join(inside, rest), h)
			}
		}
		if !from.known(real) {
			c.unsure = append(c.unsure, unsure{at: dest, by: by})
		}
	}
}

func (c *copies) claim(by int, at string, h sbom.Held) {
	c.claims[step.Path(at)] = append(c.claims[step.Path(at)], claim{h, by})
}

// others notes where actions write that are not among the copies.
func (c *copies) others() {
	known := map[string]bool{}
	for _, a := range c.step.Copies {
		known[fmt.Sprintf("copy %s:%s %s", a.From, a.Src, a.Dest)] = true
	}
	for _, a := range c.step.Actions {
		verb, rest, _ := strings.Cut(a, " ")
		switch {
		case verb == "mkdir" || known[a]:
		case verb == "rm" || !strings.Contains(rest, "/"):
			c.unsure = append(c.unsure, unsure{"/", -1, true})
		default:
			// Names may hold spaces, so that where the last one begins is open.
			for i := range len(rest) {
				if rest[i] != '/' || i > 0 && rest[i-1] != ' ' {
					continue
				}
				at, ok := c.own.below.resolve(rest[i:])
				if !ok {
					at = "/"
				}
				c.unsure = append(c.unsure, unsure{at, -1, true})
			}
		}
	}
}

// check compares what the step wrote with the claims.
func (c *copies) check() error {
	for e := range c.own.delta.Wrote() {
		var held []sbom.Held
		for _, cl := range c.claims[e.Path] {
			held = append(held, cl.Held)
		}
		h, bad := refuted(*e, held)
		if bad && !c.open(e.Path) {
			return differentBuilds(h, c.step.ID, "copied", e.SHA256)
		}
	}
	return c.missing()
}

// open reports whether another action, or one of which not all is known, may have
// written a path.
func (c *copies) open(p step.Path) bool {
	for _, u := range c.unsure {
		if u.at != "/" && string(p) != u.at && !strings.HasPrefix(string(p), u.at+"/") {
			continue
		}
		if u.self || slices.ContainsFunc(c.claims[p], func(cl claim) bool { return cl.by != u.by }) {
			return true
		}
	}
	return false
}

// missing looks for files of a folder that was copied whole by the step's only
// action of note, which are not where they must be.
func (c *copies) missing() error {
	a := c.step.Copies[0]
	if !c.folder || len(c.step.Copies) > 1 || a.Filtered || a.Pattern || !a.Contents || slices.ContainsFunc(c.unsure, func(u unsure) bool { return u.self }) {
		return nil
	}
	var paths []step.Path
	for p := range c.claims {
		paths = append(paths, p)
	}
	slices.Sort(paths)
	for _, p := range paths {
		dir := path.Dir(string(p))
		h := c.claims[p][0].Held
		folder, ok := c.own.at(step.Path(dir))
		if h.Type != sbom.TypeFile || len(c.claims[p]) > 1 || !ok || folder.Type != sbom.TypeDir || !c.own.known(dir) {
			continue
		}
		if _, ok := c.own.at(p); !ok {
			return fmt.Errorf("evidence of %s and %s are of different builds: %s was there when %s wrote it, not when %s copied it",
				h.Step, c.step.ID, printable(h.Path), h.Step, c.step.ID)
		}
	}
	return nil
}

// match returns the known paths that a pattern stands for: each element is matched
// by itself, below the folder that the first wildcard is in (as in the builder,
// github.com/tonistiigi/fsutil's copy). It is false when there may be more.
func (l *layer) match(pattern string) ([]string, bool) {
	parts := strings.Split(strings.Trim(path.Clean("/"+pattern), "/"), "/")
	i := slices.IndexFunc(parts, wild)
	if i < 0 {
		return []string{pattern}, true
	}
	dir, ok := l.resolve("/" + path.Join(parts[:i]...))
	if !ok {
		return nil, false
	}
	var out []string
	for _, h := range l.under(dir) {
		rest := strings.TrimPrefix(strings.TrimPrefix(string(h.Path), dir), "/")
		if ok, err := path.Match(path.Join(parts[i:]...), rest); ok && err == nil {
			out = append(out, string(h.Path))
		}
	}
	return out, l.known(dir)
}

// wild reports whether a name holds a wildcard that no backslash escapes.
func wild(name string) bool {
	for i := 0; i < len(name); i++ {
		switch name[i] {
		case '\\':
			i++
		case '*', '?', '[':
			return true
		}
	}
	return false
}
