package sbom

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"

	"github.com/sworn-build/sworn/step"
)

// join appends a name to a clean absolute path.
func join(dir step.Path, name string) step.Path {
	if dir == "/" {
		return "/" + step.Path(name)
	}
	return dir + "/" + step.Path(name)
}

// cursor is a place in a tree. It holds one descriptor however deep it goes, so
// a tree of any depth can be walked: up opens "..", which is sound because the
// trees are read-only mounts that nobody changes.
type cursor struct {
	fd int
	// void counts the levels below a folder that is not there.
	void int
}

func newCursor(t *Tree) (*cursor, error) {
	if t == nil {
		return &cursor{fd: -1, void: 1}, nil
	}
	fd, err := unix.Openat(int(t.dir.Fd()), ".", unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("open tree %s: %w", t.dir.Name(), err)
	}
	return &cursor{fd: fd}, nil
}

func (c *cursor) close() {
	if c.fd >= 0 {
		unix.Close(c.fd)
	}
}

// here reports whether the folder that the cursor points at exists.
func (c *cursor) here() bool { return c.void == 0 }

// down enters name. When it is not a folder the cursor is at a place that does
// not exist, until up.
func (c *cursor) down(name string) error {
	if c.void > 0 {
		c.void++
		return nil
	}
	fd, err := unix.Openat(c.fd, name, unix.O_PATH|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	switch {
	case errors.Is(err, unix.ENOENT), errors.Is(err, unix.ENOTDIR), errors.Is(err, unix.ELOOP):
		c.void = 1
		return nil
	case err != nil:
		return fmt.Errorf("enter %q: %w", name, err)
	}
	unix.Close(c.fd)
	c.fd = fd
	return nil
}

func (c *cursor) up() error {
	if c.void > 0 {
		c.void--
		return nil
	}
	fd, err := unix.Openat(c.fd, "..", unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("leave a folder: %w", err)
	}
	unix.Close(c.fd)
	c.fd = fd
	return nil
}

func (c *cursor) names(p step.Path) ([]string, error) {
	if c.void > 0 {
		return nil, nil
	}
	return readNames(c.fd, string(p))
}

// lstat returns nil when there is no such name.
func (c *cursor) lstat(name string) (*unix.Stat_t, error) {
	if c.void > 0 {
		return nil, nil
	}
	var st unix.Stat_t
	err := unix.Fstatat(c.fd, name, &st, unix.AT_SYMLINK_NOFOLLOW)
	if errors.Is(err, unix.ENOENT) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read %q: %w", name, err)
	}
	return &st, nil
}

// entry reads all of a name but digests and capability.
func (c *cursor) entry(p step.Path, name string, st *unix.Stat_t) (Entry, error) {
	e, err := newEntry(p, st)
	if err != nil || e.Type != TypeSymlink {
		return e, err
	}
	target, err := readlinkat(c.fd, name)
	if err != nil {
		return Entry{}, fmt.Errorf("read %q: %w", string(p), err)
	}
	e.Target = step.Path(target)
	return e, nil
}
