package sbom

import (
	"errors"
	"fmt"

	"github.com/sworn-build/sworn/step"
)

// Delta is what a step changed. Lists are sorted by path and hold each path once.
type Delta struct {
	// Added were not there before. Changed differ in type, mode, owner, size,
	// digest, target, device or capability.
	Added   []Entry `json:"added"`
	Changed []Entry `json:"changed"`
	// Removed were there before, each file and folder by itself.
	Removed []step.Path `json:"removed"`
}

// Compare returns what changed between before and after, where diff shows the
// added and changed names and the folders on the way to them, as a mount of
// LLB's Diff(before, after) does. Names come from diff, everything else from
// after. Removed names are looked for in the folders that diff shows: a folder
// that lost a name is itself in it. With before nil everything in after is
// added, and diff is not needed.
func Compare(before, after, diff *Tree) (Delta, error) {
	w := walker{base: before == nil}
	if w.base {
		diff = after
	}
	for _, c := range []struct {
		at   **cursor
		tree *Tree
	}{{&w.before, before}, {&w.after, after}, {&w.diff, diff}} {
		cur, err := newCursor(c.tree)
		if err != nil {
			return Delta{}, err
		}
		defer cur.close()
		*c.at = cur
	}
	err := w.dir("/")
	if err := errors.Join(err, w.hashing.finish(w.out.Added)); err != nil {
		return Delta{}, err
	}
	sortEntries(w.out.Added)
	sortEntries(w.out.Changed)
	sortPaths(w.out.Removed)
	return w.out, nil
}

// Walk returns every entry of a tree but its root folder, with digests.
func Walk(t *Tree) ([]Entry, error) {
	d, err := Compare(nil, t, nil)
	return d.Added, err
}

// List is Walk without reading the files: no digests, no capabilities.
func List(t *Tree) ([]Entry, error) {
	c, err := newCursor(t)
	if err != nil {
		return nil, err
	}
	defer c.close()
	out, err := c.list("/", nil)
	if err != nil {
		return nil, err
	}
	sortEntries(out)
	return out, nil
}

// list adds everything below the folder that the cursor points at.
func (c *cursor) list(p step.Path, out []Entry) ([]Entry, error) {
	names, err := c.names(p)
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		at := join(p, name)
		st, err := c.lstat(name)
		if err != nil {
			return nil, err
		}
		if st == nil {
			return nil, fmt.Errorf("list %q: gone while it was listed", string(at))
		}
		e, err := c.entry(at, name, st)
		if err != nil {
			return nil, err
		}
		if out = append(out, e); e.Type != TypeDir {
			continue
		}
		if err := c.down(name); err != nil {
			return nil, err
		}
		if out, err = c.list(at, out); err != nil {
			return nil, err
		}
		if err := c.up(); err != nil {
			return nil, err
		}
	}
	return out, nil
}
