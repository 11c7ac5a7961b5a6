package sbom

import (
	"fmt"

	"golang.org/x/sys/unix"

	"github.com/sworn-build/sworn/step"
)

// walker goes through up to three trees in step.
type walker struct {
	before, after, diff *cursor
	base                bool // nothing was before
	out                 Delta
	// hashing is of what was added, which nothing waits for.
	hashing hashing
}

// dir compares the folder that the three cursors point at.
func (w *walker) dir(p step.Path) error {
	names, err := w.diff.names(p)
	if err != nil {
		return err
	}
	if w.before.here() {
		if err := w.lost(p); err != nil {
			return err
		}
	}
	for _, name := range names {
		if err := w.name(join(p, name), name); err != nil {
			return err
		}
	}
	return nil
}

// lost finds names of the folder before that are gone.
func (w *walker) lost(p step.Path) error {
	before, err := w.before.names(p)
	if err != nil {
		return err
	}
	after, err := w.after.names(p)
	if err != nil {
		return err
	}
	for _, name := range missing(before, after) {
		if err := w.gone(join(p, name), name); err != nil {
			return err
		}
	}
	return nil
}

// missing returns what of a is not in b; both are sorted.
func missing(a, b []string) []string {
	var out []string
	for _, s := range a {
		for len(b) > 0 && b[0] < s {
			b = b[1:]
		}
		if len(b) == 0 || b[0] != s {
			out = append(out, s)
		}
	}
	return out
}

// gone records a name of before, and all below it, as removed.
func (w *walker) gone(p step.Path, name string) error {
	w.out.Removed = append(w.out.Removed, p)
	return w.emptied(p, name)
}

// emptied records all below a name of before as removed.
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

// name compares one name that diff shows.
func (w *walker) name(p step.Path, name string) error {
	now, err := w.after.lstat(name)
	if err != nil {
		return err
	}
	if now == nil {
		st, err := w.diff.lstat(name)
		if err != nil {
			return err
		}
		if st != nil && st.Mode&unix.S_IFMT == unix.S_IFCHR && st.Rdev == 0 {
			return nil // a whiteout; lost has it
		}
		return fmt.Errorf("compare %q: the difference shows it, the state does not have it", string(p))
	}
	if err := w.classify(p, name, now); err != nil {
		return err
	}
	if now.Mode&unix.S_IFMT != unix.S_IFDIR {
		return w.replaced(p, name)
	}
	for _, c := range []*cursor{w.before, w.after, w.diff} {
		if err := c.down(name); err != nil {
			return err
		}
	}
	if err := w.dir(p); err != nil {
		return err
	}
	for _, c := range []*cursor{w.before, w.after, w.diff} {
		if err := c.up(); err != nil {
			return err
		}
	}
	return nil
}

// replaced records what was below a folder that is one no longer.
func (w *walker) replaced(p step.Path, name string) error {
	if w.base {
		return nil
	}
	return w.emptied(p, name)
}

func (w *walker) added(e Entry, name string) error {
	w.out.Added = append(w.out.Added, e)
	if e.Type != TypeFile {
		return nil
	}
	f, err := openRegular(w.after.fd, name, string(e.Path))
	if err != nil {
		return err
	}
	w.hashing.add(len(w.out.Added)-1, e, f)
	return nil
}

func (w *walker) classify(p step.Path, name string, st *unix.Stat_t) error {
	e, err := w.after.entry(p, name, st)
	if err != nil {
		return err
	}
	old, err := w.before.lstat(name)
	if err != nil {
		return err
	}
	if old == nil {
		return w.added(e, name)
	}
	if err := w.after.content(&e, name); err != nil {
		return err
	}
	was, err := w.before.entry(p, name, old)
	if err != nil {
		return err
	}
	if bare := e; e.Type == TypeFile {
		// Read the old bytes only when nothing cheaper tells the two apart.
		bare.SHA256, bare.SHA1, bare.Capability = "", "", ""
		if same(bare, was) {
			if err := w.before.content(&was, name); err != nil {
				return err
			}
		}
	}
	if !same(e, was) {
		w.out.Changed = append(w.out.Changed, e)
	}
	return nil
}
