package sbom

import (
	"errors"
	"fmt"
	"io"

	"golang.org/x/sys/unix"
)

// File is an open regular file of a [Tree]. It must be closed. It is no os.File: that
// asks the kernel whether each file can be waited for, which for many small files
// takes as long as to read them.
type File struct {
	fd   int
	path string
}

// openRegular opens a name that lstat said is a regular file, and checks again.
func openRegular(dirfd int, name, p string) (*File, error) {
	fd, err := unix.Openat(dirfd, name, unix.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK|unix.O_NOCTTY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("read %q: %w", p, err)
	}
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil || st.Mode&unix.S_IFMT != unix.S_IFREG {
		unix.Close(fd)
		return nil, fmt.Errorf("read %q: no longer a regular file", p)
	}
	return &File{fd: fd, path: p}, nil
}

// Read implements io.Reader.
func (f *File) Read(b []byte) (int, error) {
	if len(b) == 0 {
		return 0, nil
	}
	for {
		n, err := unix.Read(f.fd, b)
		switch {
		case errors.Is(err, unix.EINTR):
		case err != nil:
			return 0, fmt.Errorf("read %q: %w", f.path, err)
		case n == 0:
			return 0, io.EOF
		default:
			return n, nil
		}
	}
}

// ReadAt implements io.ReaderAt.
func (f *File) ReadAt(b []byte, off int64) (int, error) {
	for n := 0; n < len(b); {
		m, err := unix.Pread(f.fd, b[n:], off+int64(n))
		switch {
		case errors.Is(err, unix.EINTR):
		case err != nil:
			return n, fmt.Errorf("read %q: %w", f.path, err)
		case m == 0:
			return n, io.EOF
		default:
			n += m
		}
	}
	return len(b), nil
}

// Close releases the file.
func (f *File) Close() error {
	if err := unix.Close(f.fd); err != nil {
		return fmt.Errorf("close %q: %w", f.path, err)
	}
	return nil
}
