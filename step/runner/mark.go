package runner

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/sworn-build/sworn/step"
	"golang.org/x/sys/unix"
)

// maxMarkHash bounds the bytes of a file that is hashed for a mark.
const maxMarkHash = 16 << 20

// marker looks for files of the root that the step has written.
type marker struct {
	mounts *mountTable
	start  unix.Timespec
	buf    []byte // for lists
	// watched are the folders that are looked at by themselves, by device and inode;
	// nil until one is asked for.
	watched map[[2]uint64]bool
	// own have a time of this run; set, one that the step has set itself.
	own, set []step.MarkedFile
}

// mark describes some of the files that the step wrote and left in its root, by which
// this run is told from others. The inputs are those of finish. It is empty when nothing
// was observed: then there are no inputs that could be of another run.
func (o *observer) mark(inputs []step.Input, start unix.Timespec) (step.Mark, error) {
	out := step.Mark{Files: []step.MarkedFile{}}
	if o == nil || o.w == nil {
		return out, nil
	}
	m := &marker{mounts: o.mounts, start: start, buf: make([]byte, listBytes)}
	if err := m.look(o.w, inputs); err != nil {
		return out, err
	}
	files := m.own
	if len(files) == 0 {
		files = m.set
		if err := m.hash(files); err != nil {
			return out, err
		}
	}
	out.Files = append(out.Files, files...)
	slices.SortFunc(out.Files, func(a, b step.MarkedFile) int { return strings.Compare(string(a.Path), string(b.Path)) })
	out.Files = slices.CompactFunc(out.Files, func(a, b step.MarkedFile) bool { return a.Path == b.Path })
	return out, nil
}

// look goes through the inputs that changed, then through the folders that
// changed, until one file with a time of this run is found.
func (m *marker) look(w *watcher, inputs []step.Input) error {
	for _, in := range inputs {
		if !in.Changed {
			continue
		}
		if m.add(string(in.Path)); len(m.own) >= step.MaxMarks {
			return nil
		}
	}
	if len(m.own) > 0 {
		return nil
	}
	for _, ds := range w.dirs {
		if ds[0].file || ds[0].untouched(m.start) {
			continue
		}
		path := ds[0].path()
		var st unix.Stat_t
		if unix.Lstat(path, &st) != nil || st.Ino != ds[0].ino || st.Dev != ds[0].dev || before(st.Ctim, m.start) {
			continue
		}
		if err := m.dir(path, w); err != nil || len(m.own) > 0 {
			return err
		}
	}
	return nil
}

// isWatched reports whether the folder with this status is looked at by itself.
func (m *marker) isWatched(st unix.Stat_t, w *watcher) bool {
	if m.watched == nil {
		m.watched = make(map[[2]uint64]bool, len(w.dirs))
		for _, ds := range w.dirs {
			m.watched[[2]uint64{ds[0].dev, ds[0].ino}] = true
		}
	}
	return m.watched[[2]uint64{st.Dev, st.Ino}]
}

// dir looks at what changed in a folder, and at all below new ones.
func (m *marker) dir(path string, w *watcher) error {
	stack := []string{path}
	for len(stack) > 0 {
		path, stack = stack[len(stack)-1], stack[:len(stack)-1]
		if c, ok := m.mounts.at(path); !ok || c.Target != "" {
			continue
		}
		fd, err := openDir(path)
		if exhausted(err) {
			return err
		}
		if err != nil {
			continue // of another user, and nothing of this one's
		}
		names, err := listDirBuf(fd, m.buf, func(byte) bool { return true })
		if err := errors.Join(err, unix.Close(fd)); err != nil {
			return fmt.Errorf("list %s: %w", path, err)
		}
		for _, n := range names {
			p := filepath.Join(path, n.name)
			st, ok := m.changed(p)
			if ok && st.Mode&unix.S_IFMT == unix.S_IFDIR && !m.isWatched(st, w) {
				stack = append(stack, p)
			}
			if m.add(p); len(m.own) > 0 {
				return nil
			}
		}
	}
	return nil
}

// changed looks at what is there of the root and has changed in the step.
func (m *marker) changed(path string) (unix.Stat_t, bool) {
	var st unix.Stat_t
	err := unix.Lstat(path, &st)
	return st, err == nil && !before(st.Ctim, m.start)
}

// add notes a regular file of the root that changed in the step.
func (m *marker) add(path string) {
	path = filepath.Clean(path)
	st, ok := m.changed(path)
	if !ok || st.Mode&unix.S_IFMT != unix.S_IFREG {
		return
	}
	if c, ok := m.mounts.at(path); !ok || c.Target != "" {
		return
	}
	f := step.MarkedFile{Path: step.Path(path), Size: st.Size, Seconds: st.Mtim.Sec, Nanoseconds: st.Mtim.Nsec}
	switch {
	case !before(st.Mtim, m.start):
		m.own = append(m.own, f)
	case len(m.set) < step.MaxMarks:
		m.set = append(m.set, f)
	}
}

// hash adds the digests of files that are not too long and that this user may read.
func (m *marker) hash(files []step.MarkedFile) error {
	h := newHasher()
	for i := range files {
		f := &files[i]
		if f.Size > maxMarkHash {
			continue
		}
		sum, _, err := h.sum(string(f.Path))
		if exhausted(err) {
			return err
		}
		if err == nil {
			f.Digest = sum
		}
	}
	return nil
}
