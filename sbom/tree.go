package sbom

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"sort"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/sworn-build/sworn/step"
)

// Tree is a file system below one folder. Nil is an empty file system.
type Tree struct {
	dir *os.File
	// real holds what resolving a folder's path gave; see [Tree.Resolve].
	real map[string]string
}

// maxPath is PATH_MAX: no longer path can have been given to the kernel whole.
const maxPath = 4096

// OpenTree opens the folder dir. A folder that is not there gives nil, the empty
// file system.
func OpenTree(dir string) (*Tree, error) {
	fd, err := unix.Open(dir, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if errors.Is(err, unix.ENOENT) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("open tree %s: %w", dir, err)
	}
	return &Tree{dir: os.NewFile(uintptr(fd), dir), real: map[string]string{}}, nil
}

// Close releases the folder.
func (t *Tree) Close() error {
	if t == nil {
		return nil
	}
	return t.dir.Close()
}

// lookup opens path (absolute, clean) without following any symlink. The
// descriptor is O_PATH: nothing is opened for reading. The error is
// fs.ErrNotExist when a part of the path is absent or not a folder.
func (t *Tree) lookup(p string) (*os.File, *unix.Stat_t, error) {
	if t == nil || !strings.HasPrefix(p, "/") {
		return nil, nil, fs.ErrNotExist
	}
	fd, err := unix.Openat(int(t.dir.Fd()), ".", unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, nil, fmt.Errorf("read %q: %w", p, err)
	}
	for _, name := range strings.Split(p[1:], "/") {
		if name == "" {
			continue
		}
		next := -1
		if name == ".." {
			err = unix.ENOENT
		} else {
			next, err = unix.Openat(fd, name, unix.O_PATH|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
		}
		unix.Close(fd)
		switch {
		case absent(err):
			return nil, nil, fs.ErrNotExist
		case err != nil:
			return nil, nil, fmt.Errorf("read %q: %w", p, err)
		}
		fd = next
	}
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		unix.Close(fd)
		return nil, nil, fmt.Errorf("read %q: %w", p, err)
	}
	return os.NewFile(uintptr(fd), p), &st, nil
}

// absent reports whether an error of the kernel says that there is no such name.
func absent(err error) bool {
	return errors.Is(err, unix.ENOENT) || errors.Is(err, unix.ENOTDIR) || errors.Is(err, unix.ENAMETOOLONG) || errors.Is(err, unix.EINVAL)
}

// readlinkat reads a symlink's target whole.
func readlinkat(fd int, name string) (string, error) {
	var buf [maxPath + 1]byte
	n, err := unix.Readlinkat(fd, name, buf[:])
	if err != nil {
		return "", err
	}
	return string(buf[:n]), nil
}

// Stat returns the entry at path, which has no symlink on its way, without
// digests. It is fs.ErrNotExist when there is none.
func (t *Tree) Stat(p string) (Entry, error) {
	st, err := t.lstat(p)
	if err != nil {
		return Entry{}, err
	}
	e, err := newEntry(step.Path(p), &st)
	if err == nil && e.Type == TypeSymlink {
		target, ok := t.readlink(p)
		if !ok {
			return Entry{}, fmt.Errorf("read %q: not a symlink any more", p)
		}
		e.Target = step.Path(target)
	}
	return e, err
}

// Modified is Stat with the time of the last modification.
func (t *Tree) Modified(p string) (Entry, time.Time, error) {
	st, err := t.lstat(p)
	if err != nil {
		return Entry{}, time.Time{}, err
	}
	e, err := newEntry(step.Path(p), &st)
	return e, time.Unix(st.Mtim.Unix()), err
}

// lstat looks at path as lookup does, in one call of the kernel where it knows
// openat2(2).
func (t *Tree) lstat(p string) (unix.Stat_t, error) {
	var st unix.Stat_t
	fd, err := t.beneath(p, unix.O_PATH|unix.O_NOFOLLOW|unix.O_CLOEXEC)
	if err == nil {
		err = unix.Fstat(fd, &st)
		unix.Close(fd)
		if err != nil {
			return st, fmt.Errorf("read %q: %w", p, err)
		}
		return st, nil
	}
	if errors.Is(err, fs.ErrNotExist) {
		return st, err
	}
	f, found, err := t.lookup(p)
	if err != nil {
		return st, err
	}
	f.Close()
	return *found, nil
}

// beneath opens path (absolute, clean) without following any symlink, in one call. An
// error that is not fs.ErrNotExist says that it has to be done name by name: the kernel
// does not know openat2(2), or the path is longer than it takes.
func (t *Tree) beneath(p string, flags uint64) (int, error) {
	if t == nil || path.Clean(p) != p || !path.IsAbs(p) {
		return -1, fs.ErrNotExist
	}
	below := p[1:]
	if below == "" {
		below = "."
	}
	fd, err := unix.Openat2(int(t.dir.Fd()), below, &unix.OpenHow{
		Flags: flags, Resolve: unix.RESOLVE_BENEATH | unix.RESOLVE_NO_SYMLINKS,
	})
	switch {
	case errors.Is(err, unix.ENOENT), errors.Is(err, unix.ENOTDIR), errors.Is(err, unix.ELOOP):
		return -1, fs.ErrNotExist
	case err != nil:
		return -1, err
	}
	return fd, nil
}

// folder opens the folder at path (absolute, clean), without following any symlink, as
// an O_PATH descriptor. It is fs.ErrNotExist when there is none.
func (t *Tree) folder(p string) (int, error) {
	fd, err := t.beneath(p, unix.O_PATH|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC)
	if err == nil || errors.Is(err, fs.ErrNotExist) {
		return fd, err
	}
	f, st, err := t.lookup(p)
	if err != nil {
		return -1, err
	}
	defer f.Close()
	if st.Mode&unix.S_IFMT != unix.S_IFDIR {
		return -1, fs.ErrNotExist
	}
	fd, err = unix.Openat(int(f.Fd()), ".", unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return -1, fmt.Errorf("read %q: %w", p, err)
	}
	return fd, nil
}

// Open opens the regular file at path, which has no symlink on its way. It is
// fs.ErrNotExist when no regular file is there.
func (t *Tree) Open(p string) (*File, error) {
	dir, err := t.folder(path.Dir(p))
	if err != nil {
		return nil, err
	}
	defer unix.Close(dir)
	var st unix.Stat_t
	err = unix.Fstatat(dir, path.Base(p), &st, unix.AT_SYMLINK_NOFOLLOW)
	switch {
	case absent(err), err == nil && st.Mode&unix.S_IFMT != unix.S_IFREG:
		return nil, fs.ErrNotExist
	case err != nil:
		return nil, fmt.Errorf("read %q: %w", p, err)
	}
	return openRegular(dir, path.Base(p), p)
}

// errLarge is that of a file with more bytes than are read of its kind.
var errLarge = errors.New("too large")

// ReadFile reads a regular file of at most max bytes; symlinks are resolved
// inside the tree. It is fs.ErrNotExist when no regular file is there.
func (t *Tree) ReadFile(p string, max int64) ([]byte, error) {
	f, err := t.Open(t.Resolve(p))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, max+1))
	if err != nil {
		return nil, fmt.Errorf("read %q: %w", p, err)
	}
	if int64(len(b)) > max {
		return nil, fmt.Errorf("read %q: %w: more than %d bytes", p, errLarge, max)
	}
	return b, nil
}

// ReadDir returns the sorted names in a folder; symlinks are resolved inside the
// tree. A folder that is not there has none.
func (t *Tree) ReadDir(p string) ([]string, error) {
	f, st, err := t.lookup(t.Resolve(p))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if st.Mode&unix.S_IFMT != unix.S_IFDIR {
		return nil, nil
	}
	return readNames(int(f.Fd()), p)
}

func readNames(dirfd int, p string) ([]string, error) {
	fd, err := unix.Openat(dirfd, ".", unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("list %q: %w", p, err)
	}
	d := os.NewFile(uintptr(fd), p)
	defer d.Close()
	names, err := d.Readdirnames(-1)
	if err != nil {
		return nil, fmt.Errorf("list %q: %w", p, err)
	}
	sort.Strings(names)
	return names, nil
}
