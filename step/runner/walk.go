package runner

import (
	"errors"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// maxOpenDirs bounds the folders that a walk holds open; deeper ones are opened
// again by path when the walk comes back to them.
const maxOpenDirs = 48

// walk visits every folder below its roots, links not followed, and watches it.
type walk struct {
	w      *watcher
	mounts *mountTable
	gaps   *gaps
	buf    []byte
	// entered are the configured mounts that the walk has seen.
	entered map[string]bool
	// stack is the way from the root to the current folder.
	stack []frame
}

// frame is a folder whose subfolders are being visited. fd is -1 when it was
// closed for others.
type frame struct {
	d    *dir
	fd   int
	subs []dirent
}

func newWalk(w *watcher, mounts *mountTable, g *gaps) *walk {
	return &walk{w: w, mounts: mounts, gaps: g, buf: make([]byte, listBytes), entered: map[string]bool{}}
}

// all walks the root and the mounts that it does not lead to, because they lie in
// a mount that is ignored.
func (k *walk) all(root string) {
	k.tree(root)
	for target, m := range k.mounts.mounts {
		if _, ok := k.mounts.at(target); !ok || m.Ignore || k.entered[target] {
			continue
		}
		var st unix.Stat_t
		if err := unix.Lstat(target, &st); err != nil {
			k.gaps.unwatched(target, err)
			continue
		}
		switch st.Mode & unix.S_IFMT {
		case unix.S_IFDIR:
			k.tree(target)
		case unix.S_IFREG:
			k.mountedFile(target)
		}
	}
}

// mountedFile watches a file that is a mount: its folder gives no event for it.
func (k *walk) mountedFile(path string) {
	fd, err := openRetry(unix.AT_FDCWD, path, unix.O_PATH|unix.O_NOFOLLOW|unix.O_CLOEXEC)
	if err == nil {
		err = errors.Join(k.w.add(fd, &dir{name: path, file: true}), unix.Close(fd))
	}
	if err != nil {
		k.gaps.unwatched(path, err)
	}
}

// tree walks one root.
func (k *walk) tree(root string) {
	fd, err := openDir(root)
	if err != nil {
		k.gaps.unwatched(root, err)
		return
	}
	k.push(&dir{name: root}, fd)
	for len(k.stack) > 0 && !k.gaps.exhausted {
		top := &k.stack[len(k.stack)-1]
		if len(top.subs) == 0 {
			k.pop()
			continue
		}
		sub := top.subs[0]
		top.subs = top.subs[1:]
		if top.fd < 0 {
			if top.fd, err = openDir(top.d.path()); err != nil {
				k.gaps.unwatched(top.d.path(), err)
				top.subs = nil
				continue
			}
		}
		k.enter(top, sub)
	}
	for len(k.stack) > 0 {
		k.pop()
	}
}

// enter opens, watches and lists a subfolder.
func (k *walk) enter(top *frame, sub dirent) {
	d := &dir{parent: top.d, name: sub.name}
	if !k.mounts.enter(sub.name, d.path) {
		return
	}
	fd, err := openRetry(top.fd, sub.name, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC)
	switch {
	case err == nil:
		k.push(d, fd)
	case errors.Is(err, unix.ENOENT), errors.Is(err, unix.ENOTDIR), errors.Is(err, unix.ELOOP):
		// Gone, or of unknown type and no folder.
	case errors.Is(err, unix.EACCES):
		k.denied(top.fd, d)
	default:
		k.gaps.unwatched(d.path(), err)
	}
}

// push watches an open folder and makes it the current one.
func (k *walk) push(d *dir, fd int) {
	if k.mounts.bases[d.name] || d.parent == nil {
		k.entered[d.path()] = true
	}
	var st unix.Stat_t
	err := unix.Fstat(fd, &st)
	if err == nil {
		d.dev, d.ino = st.Dev, st.Ino
		err = k.w.add(fd, d)
	}
	var subs []dirent
	if err == nil {
		subs, err = listDirBuf(fd, k.buf, mayBeDir)
	}
	if err != nil && !errors.Is(err, unix.ENOENT) {
		k.gaps.unwatched(d.path(), err)
	}
	if n := len(k.stack) - maxOpenDirs; n >= 0 && k.stack[n].fd >= 0 {
		_ = unix.Close(k.stack[n].fd) // opened for reading only
		k.stack[n].fd = -1
	}
	k.stack = append(k.stack, frame{d, fd, subs})
}

func (k *walk) pop() {
	n := len(k.stack) - 1
	if fd := k.stack[n].fd; fd >= 0 {
		_ = unix.Close(fd) // opened for reading only
	}
	k.stack = k.stack[:n]
}

func mayBeDir(kind byte) bool { return kind == unix.DT_DIR || kind == unix.DT_UNKNOWN }

// denied decides what it means that this user may not list a folder: the command,
// of the same user, may still be able to open files in it.
func (k *walk) denied(at int, d *dir) {
	var st unix.Stat_t
	err := unix.Fstatat(at, d.name, &st, unix.AT_SYMLINK_NOFOLLOW)
	switch {
	case errors.Is(err, unix.ENOENT):
	case err != nil:
		k.gaps.unwatched(d.path(), err)
	case st.Mode&unix.S_IFMT != unix.S_IFDIR:
	case int(st.Uid) == unix.Geteuid(), unix.Faccessat(at, d.name, unix.X_OK, unix.AT_EACCESS) == nil:
		k.gaps.unwatched(d.path(), unix.EACCES)
	default:
		k.gaps.closed(filepath.Clean(d.path()))
	}
}
