package runner

import (
	"errors"

	"golang.org/x/sys/unix"
)

// noteCreated remembers what could be a hard link to a file that existed before:
// a name that came to be and was never opened, or anything in a new folder, which
// nobody watches.
func (w *watcher) noteCreated(e event) {
	dev := w.device(e.wd)
	if e.mask&unix.IN_ISDIR != 0 || len(w.made) >= maxInputs {
		w.blind[dev] = true
	}
	if !w.blind[dev] {
		w.made[opened{e.wd, string(e.name)}] = struct{}{}
	}
}

// device is that of the folder with this watch.
func (w *watcher) device(wd int32) uint64 { return w.dirs[wd][0].dev }

// linkedOn returns the devices that the step can have made a hard link on. A link and
// its file are always on the same one (link(2), EXDEV).
func (w *watcher) linkedOn() map[uint64]bool {
	out := map[uint64]bool{}
	for dev := range w.blind {
		out[dev] = true
	}
	for o := range w.made {
		if _, ok := w.seen[o]; !ok {
			out[w.device(o.wd)] = true
		}
	}
	return out
}

// noteLinked adds the files of watched folders that were linked in the step: they
// can have been read under the new name. It looks at every file of the folders that
// may hold one. A link that was removed again is not found.
func (w *watcher) noteLinked(start unix.Timespec) error {
	devices := w.linkedOn()
	var wds []int32
	for wd, dirs := range w.dirs {
		if d := dirs[0]; devices[d.dev] && !d.file && !d.untouched(start) {
			wds = append(wds, wd)
		}
	}
	found := make([][]string, len(wds))
	err := each(len(wds), func(h *hasher, i int) (err error) {
		found[i], err = w.dirs[wds[i]][0].linked(h.buf, start)
		return err
	})
	if err != nil {
		return err
	}
	for i, names := range found {
		for _, name := range names {
			w.noteOpened(wds[i], []byte(name))
		}
	}
	return nil
}

// linked returns the folder's files that have several links and changed since start.
func (d *dir) linked(buf []byte, start unix.Timespec) ([]string, error) {
	fd, err := d.reopen(d.path())
	if exhausted(err) {
		return nil, err
	}
	if err != nil {
		return nil, nil // gone or moved: its own files count as changed when opened
	}
	files, err := listDirBuf(fd, buf, func(kind byte) bool { return kind == unix.DT_REG || kind == unix.DT_UNKNOWN })
	var out []string
	for _, f := range files {
		var st unix.Stat_t
		err := unix.Fstatat(fd, f.name, &st, unix.AT_SYMLINK_NOFOLLOW)
		if err == nil && st.Mode&unix.S_IFMT == unix.S_IFREG && st.Nlink > 1 && !before(st.Ctim, start) {
			out = append(out, f.name)
		}
	}
	return out, errors.Join(err, unix.Close(fd))
}
