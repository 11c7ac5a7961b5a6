package runner

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/sworn-build/sworn/step"
	"golang.org/x/sys/unix"
)

// exhausted reports a failure of the runner itself, not of one file: descriptors or
// memory have run out. A step could provoke it, so it fails the step.
func exhausted(err error) bool {
	return errors.Is(err, unix.EMFILE) || errors.Is(err, unix.ENFILE) || errors.Is(err, unix.ENOMEM)
}

// place is a watched folder, or a mounted file, and the names opened in it.
type place struct {
	d     *dir
	alias bool
	names []string
}

// file is a file that was seen.
type file struct {
	in step.Input
	// hash: it was not changed in the step, and is to be hashed as long as it is the
	// same as in stat.
	hash bool
	stat fileStat
}

// fileStat tells whether a file is the same and has the same bytes.
type fileStat struct {
	dev, ino uint64
	size     int64
	ctim     unix.Timespec
}

func statOf(st unix.Stat_t) fileStat {
	return fileStat{dev: st.Dev, ino: st.Ino, size: st.Size, ctim: st.Ctim}
}

// inputs returns a record entry for each file that was seen, sorted by path. A
// file whose ctime is not before start counts as changed. Nothing of the step may
// be running.
func (w *watcher) inputs(mounts *mountTable, start unix.Timespec) ([]step.Input, error) {
	places := w.places()
	found := make([][]file, len(places))
	err := each(len(places), func(_ *hasher, i int) (err error) {
		found[i], err = places[i].look(mounts, start)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read inputs: %w", err)
	}
	var work []*file
	for _, fs := range found {
		for i := range fs {
			if fs[i].hash {
				work = append(work, &fs[i])
			}
		}
	}
	// The longest first: at the end there is little to wait for.
	slices.SortFunc(work, func(a, b *file) int { return cmp.Compare(b.stat.size, a.stat.size) })
	err = each(len(work), func(h *hasher, i int) error { return work[i].digest(h) })
	if err != nil {
		return nil, fmt.Errorf("read inputs: %w", err)
	}
	out := []step.Input{}
	for _, fs := range found {
		for _, f := range fs {
			out = append(out, f.in)
		}
	}
	slices.SortFunc(out, func(a, b step.Input) int { return strings.Compare(string(a.Path), string(b.Path)) })
	// A file that has a watch of its own is seen by its folder's as well.
	return slices.CompactFunc(out, func(a, b step.Input) bool { return a.Path == b.Path }), nil
}

// places groups what was seen by folder.
func (w *watcher) places() []place {
	byDir := map[int32][]string{}
	for o := range w.seen {
		byDir[o.wd] = append(byDir[o.wd], o.name)
	}
	var out []place
	for wd, names := range byDir {
		for _, d := range w.dirs[wd] {
			out = append(out, place{d, len(w.dirs[wd]) > 1, names})
		}
	}
	return out
}

// look describes the files of one folder, without their digests.
func (p place) look(mounts *mountTable, start unix.Timespec) ([]file, error) {
	if p.d.file {
		return p.entry(nil, mounts, unix.AT_FDCWD, p.d.name, p.d.name, start), nil
	}
	base := p.d.path()
	if _, ok := mounts.at(base); !ok {
		return nil, nil
	}
	fd, err := p.d.reopen(base)
	if exhausted(err) {
		return nil, err
	}
	if err == nil {
		defer unix.Close(fd)
	}
	out := make([]file, 0, len(p.names))
	for _, name := range p.names {
		path := strings.TrimSuffix(base, "/") + "/" + name
		if err != nil {
			// The folder is gone or another one: what was in it cannot be read.
			m, _ := mounts.at(path)
			out = append(out, file{in: step.Input{Path: step.Path(path), Changed: true, Mount: m.Target, Shared: m.Shared || p.alias}})
			continue
		}
		out = p.entry(out, mounts, fd, name, path, start)
	}
	return out, nil
}

// entry appends one file: none when it is of another kind than a regular file.
func (p place) entry(out []file, mounts *mountTable, at int, name, path string, start unix.Timespec) []file {
	m, ok := mounts.at(path)
	if !ok {
		return out
	}
	f := file{in: step.Input{Path: step.Path(path), Mount: m.Target, Shared: m.Shared || p.alias}}
	var st unix.Stat_t
	err := unix.Fstatat(at, name, &st, unix.AT_SYMLINK_NOFOLLOW)
	switch {
	case errors.Is(err, unix.ENOENT), errors.Is(err, unix.ENOTDIR):
		f.in.Changed = true
	case err != nil:
		f.in.Reason = err.Error()
	case !before(st.Ctim, start):
		f.in.Changed = true
	case st.Mode&unix.S_IFMT != unix.S_IFREG:
		return out
	default:
		f.hash, f.stat = true, statOf(st)
	}
	return append(out, f)
}

// digest completes the description of a file that was not changed in the step. Another
// build may write to a shared mount even now: a file that is no longer the same counts
// as changed.
func (f *file) digest(h *hasher) error {
	sum, now, err := h.sum(string(f.in.Path))
	switch {
	case exhausted(err):
		return fmt.Errorf("%s: %w", f.in.Path, err)
	case errors.Is(err, unix.ENOENT), errors.Is(err, unix.ENOTDIR):
		f.in.Changed = true
	case err != nil:
		f.in.Reason = err.Error()
	case now != f.stat:
		f.in.Changed = true
	default:
		f.in.Size, f.in.Digest = now.size, sum
	}
	return nil
}

// before reports whether a file's ctime lies before the start of the step.
func before(t, start unix.Timespec) bool {
	return t.Sec < start.Sec || t.Sec == start.Sec && t.Nsec < start.Nsec
}
