package runner

import (
	"errors"

	"golang.org/x/sys/unix"
)

// noteCreated remembers what could be a hard link to a file that existed before:
// a name that came to be and was never opened, or anything in a new folder, which
// nobody watches.
func (w *watcher) noteCreated(e event) {
	if e.mask&unix.IN_ISDIR != 0 || len(w.made) >= maxInputs {
		w.blind = true
	}
	if !w.blind {
		w.made[opened{e.wd, string(e.name)}] = struct{}{}
	}
}

// mayHaveLinked reports whether the step can have made a hard link.
func (w *watcher) mayHaveLinked() bool {
	if w.blind {
		return true
	}
	for o := range w.made {
		if _, ok := w.seen[o]; !ok {
			return true
		}
	}
	return false
}

// noteLinked adds the files of watched folders that were linked in the step: they
// can have been read under the new name. It looks at every file, so it does so
// only when there may be one. A link that was removed again is not found.
func (w *watcher) noteLinked(start unix.Timespec) error {
	if !w.mayHaveLinked() {
		return nil
	}
	buf := make([]byte, listBytes)
	for wd, dirs := range w.dirs {
		d := dirs[0]
		if d.file {
			continue
		}
		fd, err := d.reopen(d.path())
		if exhausted(err) {
			return err
		}
		if err != nil {
			continue // gone or moved: its own files count as changed when opened
		}
		err = w.noteLinkedIn(wd, fd, buf, start)
		if err := errors.Join(err, unix.Close(fd)); err != nil {
			return err
		}
	}
	return nil
}

func (w *watcher) noteLinkedIn(wd int32, fd int, buf []byte, start unix.Timespec) error {
	files, err := listDirBuf(fd, buf, func(kind byte) bool { return kind == unix.DT_REG || kind == unix.DT_UNKNOWN })
	if err != nil {
		return err
	}
	for _, f := range files {
		var st unix.Stat_t
		err := unix.Fstatat(fd, f.name, &st, unix.AT_SYMLINK_NOFOLLOW)
		if err != nil || st.Mode&unix.S_IFMT != unix.S_IFREG || st.Nlink < 2 || before(st.Ctim, start) {
			continue
		}
		w.noteOpened(wd, []byte(f.name))
	}
	return nil
}
