package runner

import (
	"errors"
	"maps"
	"path/filepath"
	"slices"
	"sync"

	"golang.org/x/sys/unix"
)

// maxOpenDirs bounds the folders that a walk holds open, but for two that each worker
// has in hand; others are opened again by path when the walk comes back to them.
const maxOpenDirs = 48

// walk visits every folder below its roots, links not followed, and watches it. Most
// of its time the kernel spends looking up what nobody has looked at before, so
// several workers share the work. Unless watches run out, what they find does not
// depend on which of them is first.
type walk struct {
	w       *watcher
	mounts  *mountTable
	gaps    *gaps
	layers  layers
	workers int

	mu sync.Mutex // guards what follows
	// more is signalled when there may be a subfolder for another worker, or never again.
	more *sync.Cond
	// entered are the configured mounts that the walk has seen.
	entered map[string]bool
	// stack are folders with subfolders to visit; the last one's are next.
	stack []*frame
	// busy workers are visiting a subfolder, and may push it.
	busy int
}

// newWalk returns a walk with that many workers, at least one.
func newWalk(w *watcher, mounts *mountTable, l layers, g *gaps, workers int) *walk {
	k := &walk{w: w, mounts: mounts, layers: l, gaps: g, workers: workers, entered: map[string]bool{}}
	k.more = sync.NewCond(&k.mu)
	return k
}

// all walks the root and the mounts that it does not lead to, because they lie in
// a mount that is ignored.
func (k *walk) all(root string) {
	k.tree(root)
	for _, target := range slices.Sorted(maps.Keys(k.mounts.mounts)) {
		if m, ok := k.mounts.at(target); !ok || m.Ignore || k.entered[target] {
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
	k.w.order()
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
	k.push(k.visit(&dir{name: root}, fd, make([]byte, listBytes)))
	var wg sync.WaitGroup
	for range k.workers {
		wg.Go(k.work)
	}
	wg.Wait()
	for _, f := range k.stack { // no more watches
		f.close()
	}
	k.stack = nil
}

// work visits subfolders until there are none.
func (k *walk) work() {
	buf := make([]byte, listBytes)
	k.mu.Lock()
	defer k.mu.Unlock()
	for f, sub, ok := k.next(); ok; f, sub, ok = k.next() {
		k.mu.Unlock()
		found := k.enter(f, sub, buf)
		k.mu.Lock()
		f.release()
		k.busy--
		k.push(found)
	}
	k.more.Broadcast()
}

// next takes a subfolder off the stack, to be entered while its folder is held open. It
// waits for one while others may find some; ok is false when the walk is over.
func (k *walk) next() (f *frame, sub dirent, ok bool) {
	for !k.gaps.noWatches() {
		if len(k.stack) == 0 {
			if k.busy == 0 {
				break
			}
			k.more.Wait()
			continue
		}
		top := k.stack[len(k.stack)-1]
		if !k.open(top) {
			k.stack = k.stack[:len(k.stack)-1]
			continue
		}
		sub, top.subs = top.subs[0], top.subs[1:]
		top.users++
		k.busy++
		if len(top.subs) == 0 {
			top.close()
			k.stack = k.stack[:len(k.stack)-1]
		}
		if len(k.stack) > 0 {
			k.more.Signal()
		}
		return top, sub, true
	}
	return nil, dirent{}, false
}

// open opens a folder again that was closed for others.
func (k *walk) open(f *frame) bool {
	if f.fd >= 0 {
		return true
	}
	path := f.d.path()
	fd, err := openDir(path)
	if err != nil {
		k.gaps.unwatched(path, err)
		return false
	}
	f.fd = fd
	return true
}

// push puts a folder on the stack; nil is none.
func (k *walk) push(f *frame) {
	if f == nil {
		return
	}
	if n := len(k.stack) - maxOpenDirs; n >= 0 {
		k.stack[n].close()
	}
	k.stack = append(k.stack, f)
}

// enter opens and visits a subfolder.
func (k *walk) enter(f *frame, sub dirent, buf []byte) *frame {
	d := &dir{parent: f.d, name: sub.name}
	if !k.mounts.enter(sub.name, d.path) {
		return nil
	}
	fd, err := openRetry(f.fd, sub.name, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC)
	switch {
	case err == nil:
		return k.visit(d, fd, buf)
	case errors.Is(err, unix.ENOENT), errors.Is(err, unix.ENOTDIR), errors.Is(err, unix.ELOOP):
		// Gone, or of unknown type and no folder.
	case errors.Is(err, unix.EACCES):
		k.denied(f.fd, d)
	default:
		k.gaps.unwatched(d.path(), err)
	}
	return nil
}

// visit watches and lists an open folder; nil is one without subfolders, which is
// closed again.
func (k *walk) visit(d *dir, fd int, buf []byte) *frame {
	k.noteMount(d)
	var st unix.Stat_t
	err := unix.Fstat(fd, &st)
	if err == nil {
		d.dev, d.ino, d.lower = st.Dev, st.Ino, k.layers.have(st)
		err = k.w.add(fd, d)
	}
	var subs []dirent
	if err == nil {
		subs, err = listDirBuf(fd, buf, mayBeDir)
	}
	if err != nil && !errors.Is(err, unix.ENOENT) {
		k.gaps.unwatched(d.path(), err)
	}
	f := &frame{d: d, fd: fd, subs: subs}
	if len(subs) == 0 {
		f.close()
		return nil
	}
	return f
}

// noteMount remembers that the walk has come to a folder where a mount may be.
func (k *walk) noteMount(d *dir) {
	if !k.mounts.bases[d.name] && d.parent != nil {
		return
	}
	path := d.path()
	d.mount = k.mounts.points[path]
	k.mu.Lock()
	defer k.mu.Unlock()
	k.entered[path] = true
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

// frame is a folder whose subfolders are being visited.
type frame struct {
	d *dir
	// fd is -1 when the folder was closed for others.
	fd   int
	subs []dirent
	// users are workers that need the fd.
	users int
	// closing: the last of them closes it.
	closing bool
}

// close closes the folder, at the latest when nobody needs it.
func (f *frame) close() {
	f.closing = f.users > 0
	if !f.closing && f.fd >= 0 {
		_ = unix.Close(f.fd) // opened for reading only
		f.fd = -1
	}
}

// release ends one use.
func (f *frame) release() {
	if f.users--; f.closing {
		f.close()
	}
}
