package sbom

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"

	"github.com/sworn-build/sworn/step"
)

// visitor is told what a [walker] finds; name lies in the folder that the walker's
// cursors point at.
type visitor interface {
	// added: there was no such name.
	added(p step.Path, name string, now *unix.Stat_t) error
	// other: the name was there, and what it names is not the very same inode, or one
	// that changed.
	other(p step.Path, name string, was, now *unix.Stat_t) error
	// removed: the name is there no longer.
	removed(p step.Path)
}

// walker goes through two trees in step, each folder's names in order.
type walker struct {
	before, after *cursor
	// prune: what is below a folder that nothing happened to is left out.
	prune bool
	visit visitor
}

// overlayMagic is the f_type of an overlay (OVERLAYFS_SUPER_MAGIC, linux/magic.h).
const overlayMagic = 0x794c7630

// walk compares two trees; before may be nil.
//
// In an overlay, whatever a step does to a file copies it, with all folders that it
// lies in, to the step's own layer (kernel documentation, overlayfs.rst, "Non-
// directories"). Such a folder has another inode and another ctime than the one of
// the state before. So in a state of more than one layer, a folder that is the very
// same stands for all below it. Other file systems do not promise that: there, every
// folder is looked at.
func walk(before, after *Tree, visit func(before, after *cursor) visitor) error {
	w := walker{}
	for _, c := range []struct {
		at   **cursor
		tree *Tree
	}{{&w.before, before}, {&w.after, after}} {
		cur, err := newCursor(c.tree)
		if err != nil {
			return err
		}
		defer cur.close()
		*c.at = cur
	}
	if w.after.here() {
		var st unix.Statfs_t
		if err := unix.Fstatfs(w.after.fd, &st); err != nil {
			return fmt.Errorf("ask for the file system of %s: %w", after.dir.Name(), err)
		}
		w.prune = st.Type == overlayMagic
	}
	w.visit = visit(w.before, w.after)
	return w.dir("/")
}

// dir compares the folder that the cursors point at.
func (w *walker) dir(p step.Path) error {
	before, err := w.before.names(p)
	if err != nil {
		return err
	}
	after, err := w.after.names(p)
	if err != nil {
		return err
	}
	for len(before)+len(after) > 0 {
		switch {
		case len(after) == 0 || len(before) > 0 && before[0] < after[0]:
			err = w.gone(join(p, before[0]), before[0])
			before = before[1:]
		case len(before) == 0 || after[0] < before[0]:
			err = w.name(join(p, after[0]), after[0], false)
			after = after[1:]
		default:
			err = w.name(join(p, after[0]), after[0], true)
			before, after = before[1:], after[1:]
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// name compares one name of after; old says that before has it too.
func (w *walker) name(p step.Path, name string, old bool) error {
	now, err := w.after.lstat(name)
	if err != nil {
		return err
	}
	var was *unix.Stat_t
	if old {
		if was, err = w.before.lstat(name); err != nil {
			return err
		}
	}
	folder := now != nil && now.Mode&unix.S_IFMT == unix.S_IFDIR
	switch {
	case now == nil || old && was == nil:
		return fmt.Errorf("compare %q: gone while it was looked at", string(p))
	case !old:
		err = w.visit.added(p, name, now)
	case untouched(was, now):
		if !folder || w.prune {
			return nil
		}
	default:
		err = w.visit.other(p, name, was, now)
	}
	if err != nil {
		return err
	}
	if folder {
		return w.enter(p, name)
	}
	if old && was.Mode&unix.S_IFMT == unix.S_IFDIR {
		return w.emptied(p, name)
	}
	return nil
}

// untouched reports whether two looks were at the same inode and nothing happened to
// it in between: every change of content or metadata sets the ctime. One without
// nanoseconds proves nothing: file systems that keep none, and those made of archives,
// give it to many.
func untouched(was, now *unix.Stat_t) bool {
	return was.Ino == now.Ino && was.Ctim == now.Ctim && now.Ctim.Nsec != 0 &&
		was.Mode == now.Mode && was.Uid == now.Uid && was.Gid == now.Gid &&
		was.Size == now.Size && was.Mtim == now.Mtim && was.Rdev == now.Rdev
}

func (w *walker) enter(p step.Path, name string) error {
	for _, c := range []*cursor{w.before, w.after} {
		if err := c.down(name); err != nil {
			return err
		}
	}
	if err := w.dir(p); err != nil {
		return err
	}
	return errors.Join(w.before.up(), w.after.up())
}

// gone tells of a name of before, and all below it, as removed.
func (w *walker) gone(p step.Path, name string) error {
	w.visit.removed(p)
	return w.emptied(p, name)
}

// emptied tells of all below a name of before as removed.
func (w *walker) emptied(p step.Path, name string) error {
	if err := w.before.down(name); err != nil {
		return err
	}
	names, err := w.before.names(p)
	if err != nil {
		return err
	}
	for _, n := range names {
		if err := w.gone(join(p, n), n); err != nil {
			return err
		}
	}
	return w.before.up()
}
