package sbom

import (
	"golang.org/x/sys/unix"

	"github.com/sworn-build/sworn/step"
)

// Copied returns the paths, sorted, of the regular files of before that are regular
// files of after as well, but not the same ones: their inode is another. Both are
// states of an overlay file system, mounted read-only, which copies a file as soon
// as a step writes it, changes its metadata, moves it or makes a hard link to it;
// what a step left alone, and what it only read, keeps its inode. A state that is a
// whole copy of the one before has no inode in common with it.
func Copied(before, after *Tree) ([]step.Path, error) {
	var p pair
	for _, c := range []struct {
		at   **cursor
		tree *Tree
	}{{&p.before, before}, {&p.after, after}} {
		cur, err := newCursor(c.tree)
		if err != nil {
			return nil, err
		}
		defer cur.close()
		*c.at = cur
	}
	if err := p.dir("/"); err != nil {
		return nil, err
	}
	sortPaths(p.out)
	return p.out, nil
}

// pair walks two trees in step.
type pair struct {
	before, after *cursor
	out           []step.Path
}

func (p *pair) dir(at step.Path) error {
	if !p.before.here() || !p.after.here() {
		return nil
	}
	names, err := p.before.names(at)
	if err != nil {
		return err
	}
	for _, name := range names {
		if err := p.name(join(at, name), name); err != nil {
			return err
		}
	}
	return nil
}

func (p *pair) name(at step.Path, name string) error {
	was, err := p.before.lstat(name)
	if err != nil {
		return err
	}
	now, err := p.after.lstat(name)
	if err != nil {
		return err
	}
	if was == nil || now == nil || was.Mode&unix.S_IFMT != now.Mode&unix.S_IFMT {
		return nil
	}
	switch was.Mode & unix.S_IFMT {
	case unix.S_IFREG:
		if was.Ino != now.Ino {
			p.out = append(p.out, at)
		}
	case unix.S_IFDIR:
		return p.enter(at, name)
	}
	return nil
}

func (p *pair) enter(at step.Path, name string) error {
	for _, c := range []*cursor{p.before, p.after} {
		if err := c.down(name); err != nil {
			return err
		}
	}
	if err := p.dir(at); err != nil {
		return err
	}
	for _, c := range []*cursor{p.before, p.after} {
		if err := c.up(); err != nil {
			return err
		}
	}
	return nil
}
