package runner

import (
	"errors"
	"strings"

	"golang.org/x/sys/unix"
)

// dir is a watched folder, or a mounted file, named by its way from a root. A
// path of its own per folder would take memory with the square of the depth.
type dir struct {
	parent *dir // nil for a root
	name   string
	// file marks a single file that is mounted; name is then its full path.
	file bool
	// dev and ino are the folder's when it was watched: another folder may be
	// found at its path after the step.
	dev, ino uint64
	// mount: something is mounted there.
	mount bool
	// lower: the folder was of the layers alone when it was watched.
	lower bool
	fate  fate // unknown until untouched is asked
}

// path returns the absolute path.
func (d *dir) path() string {
	n := 0
	for p := d; p != nil; p = p.parent {
		n += len(p.name) + 1
	}
	b := make([]byte, n)
	for p := d; p != nil; p = p.parent {
		n -= len(p.name)
		copy(b[n:], p.name)
		if n--; n >= 0 && p.parent != nil {
			b[n] = '/'
		}
	}
	// A root's name is absolute, so the first byte stays unused; the root folder's
	// own slash doubles.
	return strings.Replace(string(b[1:]), "//", "/", 1)
}

// pathChunk is how much of a path goes into one system call, below PATH_MAX.
const pathChunk = 3 << 10

// openDir opens the folder at an absolute path of any length without following a
// link in its last element.
func openDir(path string) (int, error) {
	return openPath(path, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC)
}

// openPath opens what is at an absolute path of any length.
func openPath(path string, flags int) (int, error) {
	const folder = unix.O_PATH | unix.O_DIRECTORY | unix.O_NOFOLLOW | unix.O_CLOEXEC
	at := unix.AT_FDCWD
	for len(path) > pathChunk {
		cut := strings.LastIndexByte(path[:pathChunk], '/')
		if cut <= 0 {
			return -1, unix.ENAMETOOLONG
		}
		fd, err := unix.Openat(at, path[:cut], folder, 0)
		if at != unix.AT_FDCWD {
			err = errors.Join(err, unix.Close(at))
		}
		if err != nil {
			return -1, err
		}
		at, path = fd, strings.TrimLeft(path[cut:], "/")
	}
	fd, err := openRetry(at, path, flags)
	if at != unix.AT_FDCWD {
		err = errors.Join(err, unix.Close(at))
	}
	return fd, err
}

// openRetry opens and tries again when a signal came in between.
func openRetry(at int, name string, flags int) (int, error) {
	for {
		fd, err := unix.Openat(at, name, flags, 0)
		if !errors.Is(err, unix.EINTR) {
			return fd, err
		}
	}
}

// reopen opens the folder that was watched, whose path is given; it is an error when another is found
// at its path.
func (d *dir) reopen(path string) (int, error) {
	fd, err := openDir(path)
	if err != nil {
		return -1, err
	}
	var st unix.Stat_t
	err = unix.Fstat(fd, &st)
	if err == nil && (st.Dev != d.dev || st.Ino != d.ino) {
		err = unix.ENOENT
	}
	if err != nil {
		return -1, errors.Join(err, unix.Close(fd))
	}
	return fd, nil
}
