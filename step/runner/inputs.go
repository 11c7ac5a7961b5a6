package runner

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"

	"github.com/sworn-build/sworn/step"
	"golang.org/x/sys/unix"
)

const (
	// hashBytes is read at once while hashing.
	hashBytes = 256 << 10
)

// exhausted reports a failure of the runner itself, not of one file: descriptors or
// memory have run out. A step could provoke it, so it fails the step.
func exhausted(err error) bool {
	return errors.Is(err, unix.EMFILE) || errors.Is(err, unix.ENFILE) || errors.Is(err, unix.ENOMEM)
}

// place is a watched folder and the names opened in it.
type place struct {
	d     *dir
	alias bool
	names []string
}

// inputs returns a record entry for each file that was seen, sorted by path. A
// file whose ctime is not before start counts as changed. Nothing of the step may
// be running.
func (w *watcher) inputs(mounts *mountTable, start unix.Timespec) ([]step.Input, error) {
	byDir := map[int32][]string{}
	for o := range w.seen {
		byDir[o.wd] = append(byDir[o.wd], o.name)
	}
	var places []place
	for wd, names := range byDir {
		for _, d := range w.dirs[wd] {
			places = append(places, place{d, len(w.dirs[wd]) > 1, names})
		}
	}
	work := make(chan place)
	var (
		wg   sync.WaitGroup
		mu   sync.Mutex
		out  = []step.Input{}
		fail error
	)
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			h := hasher{mounts: mounts, start: start, buf: make([]byte, hashBytes)}
			for p := range work {
				in, err := h.place(p)
				mu.Lock()
				out = append(out, in...)
				fail = errors.Join(fail, err)
				mu.Unlock()
			}
		})
	}
	for _, p := range places {
		work <- p
	}
	close(work)
	wg.Wait()
	if fail != nil {
		return nil, fmt.Errorf("read inputs: %w", fail)
	}
	slices.SortFunc(out, func(a, b step.Input) int { return strings.Compare(string(a.Path), string(b.Path)) })
	// A file that has a watch of its own is seen by its folder's as well.
	return slices.CompactFunc(out, func(a, b step.Input) bool { return a.Path == b.Path }), nil
}

// hasher describes files after the step.
type hasher struct {
	mounts *mountTable
	start  unix.Timespec
	buf    []byte
}

// place describes the files of one folder.
func (h *hasher) place(p place) ([]step.Input, error) {
	if p.d.file {
		return h.entry(unix.AT_FDCWD, p.d.name, p.d.name, p)
	}
	base := p.d.path()
	if _, ok := h.mounts.at(base); !ok {
		return nil, nil
	}
	fd, err := p.d.reopen(base)
	if exhausted(err) {
		return nil, err
	}
	if err == nil {
		defer unix.Close(fd)
	}
	var out []step.Input
	for _, name := range p.names {
		path := strings.TrimSuffix(base, "/") + "/" + name
		if err != nil {
			// The folder is gone or another one: what was in it cannot be read.
			m, _ := h.mounts.at(path)
			out = append(out, step.Input{Path: step.Path(path), Changed: true, Mount: m.Target, Shared: m.Shared || p.alias})
			continue
		}
		in, err := h.entry(fd, name, path, p)
		if err != nil {
			return nil, err
		}
		out = append(out, in...)
	}
	return out, nil
}

// entry describes one file: none when it is of another kind than a regular file.
func (h *hasher) entry(at int, name, path string, p place) ([]step.Input, error) {
	m, ok := h.mounts.at(path)
	if !ok {
		return nil, nil
	}
	in := step.Input{Path: step.Path(path), Mount: m.Target, Shared: m.Shared || p.alias}
	var st unix.Stat_t
	err := unix.Fstatat(at, name, &st, unix.AT_SYMLINK_NOFOLLOW)
	switch {
	case errors.Is(err, unix.ENOENT), errors.Is(err, unix.ENOTDIR):
		in.Changed = true
		return []step.Input{in}, nil
	case err != nil:
		in.Reason = err.Error()
		return []step.Input{in}, nil
	case !before(st.Ctim, h.start):
		in.Changed = true
		return []step.Input{in}, nil
	case st.Mode&unix.S_IFMT != unix.S_IFREG:
		return nil, nil
	}
	if err := h.digest(at, name, st, &in); err != nil {
		if exhausted(err) {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		in.Digest, in.Size, in.Reason = "", 0, reason(err)
	}
	return []step.Input{in}, nil
}

// digest hashes a file that was not changed in the step. Another build may write
// to a shared mount even now, so the file is looked at again afterwards.
func (h *hasher) digest(at int, name string, want unix.Stat_t, in *step.Input) error {
	fd, err := openRetry(at, name, unix.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK|unix.O_CLOEXEC)
	if err != nil {
		return err
	}
	f := os.NewFile(uintptr(fd), name)
	defer f.Close()
	sum := sha256.New()
	// The wrapper hides ReadFrom and WriteTo, which would not use the buffer.
	n, err := io.CopyBuffer(struct{ io.Writer }{sum}, struct{ io.Reader }{f}, h.buf)
	if err != nil {
		return err
	}
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return err
	}
	if st.Ino != want.Ino || st.Dev != want.Dev || st.Ctim != want.Ctim || st.Size != n {
		in.Changed = true
		return nil
	}
	in.Size = n
	in.Digest = "sha256:" + hex.EncodeToString(sum.Sum(nil))
	return nil
}

// reason is an error's cause without the name of the file, which the entry has.
func reason(err error) string {
	var pe *os.PathError
	if errors.As(err, &pe) {
		return pe.Err.Error()
	}
	return err.Error()
}

// before reports whether a file's ctime lies before the start of the step.
func before(t, start unix.Timespec) bool {
	return t.Sec < start.Sec || t.Sec == start.Sec && t.Nsec < start.Nsec
}
