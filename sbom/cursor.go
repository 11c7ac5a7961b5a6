package sbom

import (
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"

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
	buf  []byte
}

// hashBuffer is the size in bytes of one read while hashing.
const hashBuffer = 256 << 10

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

// content adds digests and capability to a regular file's entry.
func (c *cursor) content(e *Entry, name string) error {
	if e.Type != TypeFile {
		return nil
	}
	f, err := openRegular(c.fd, name, string(e.Path))
	if err != nil {
		return err
	}
	defer f.Close()
	if c.buf == nil {
		c.buf = make([]byte, hashBuffer)
	}
	h256, h1 := sha256.New(), sha1.New()
	n, err := hashAll(f, c.buf, h256, h1)
	if err != nil {
		return fmt.Errorf("hash %q: %w", string(e.Path), err)
	}
	if n != e.Size {
		return fmt.Errorf("hash %q: read %d bytes, size is %d", string(e.Path), n, e.Size)
	}
	e.SHA256, e.SHA1 = hex.EncodeToString(h256.Sum(nil)), hex.EncodeToString(h1.Sum(nil))
	e.Capability, err = capability(int(f.Fd()))
	if err != nil {
		return fmt.Errorf("read capability of %q: %w", string(e.Path), err)
	}
	return nil
}

func hashAll(r io.Reader, buf []byte, hs ...hash.Hash) (int64, error) {
	var total int64
	for {
		n, err := r.Read(buf)
		for _, h := range hs {
			h.Write(buf[:n])
		}
		total += int64(n)
		if errors.Is(err, io.EOF) {
			return total, nil
		}
		if err != nil {
			return total, err
		}
	}
}

// capability reads security.capability; its largest form is 24 bytes
// (VFS_CAP_REVISION_3).
func capability(fd int) (string, error) {
	buf := make([]byte, 256)
	n, err := unix.Fgetxattr(fd, "security.capability", buf)
	if errors.Is(err, unix.ENODATA) || errors.Is(err, unix.ENOTSUP) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	return hex.EncodeToString(buf[:n]), nil
}

// Digest returns the sha256, lower-case hex, and the size in bytes of what r
// holds.
func Digest(r io.Reader) (string, int64, error) {
	h := sha256.New()
	n, err := hashAll(r, make([]byte, hashBuffer), h)
	if err != nil {
		return "", 0, err
	}
	return hex.EncodeToString(h.Sum(nil)), n, nil
}
