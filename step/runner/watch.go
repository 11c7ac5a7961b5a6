package runner

import (
	"errors"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

const (
	// watchMask: an open is a use of the file; so is a move, because the file can
	// be opened under its new name in a folder that nobody watches. Creation tells
	// whether there may be hard links (links.go).
	watchMask = useMask | unix.IN_CREATE
	useMask   = unix.IN_OPEN | unix.IN_MOVED_FROM

	// maxInputs bounds the files of one record: about 40 MB of memory and of JSON.
	// A step that opens more is recorded as incomplete.
	maxInputs = 1 << 18

	// eventBytes is read at once: some eight thousand events, half of the kernel's
	// usual queue.
	eventBytes = 256 << 10
)

// watcher is an inotify(7) instance and what it has seen.
type watcher struct {
	fd int
	// dirs maps a watch descriptor to the places that it stands for: more than one
	// when a folder is mounted twice. add guards it with mu.
	dirs map[int32][]*dir
	mu   sync.Mutex
	seen map[opened]struct{}
	// overflow: the kernel's queue was full and events were lost.
	overflow bool
	// full: more than maxInputs files.
	full bool
	// made are names that were created; blind are devices where some are not known.
	made  map[opened]struct{}
	blind map[uint64]bool

	file *os.File // the fd, for reading with a deadline
	done chan error
}

// opened is a file that was opened: a name in a watched folder, empty for a
// mounted file.
type opened struct {
	wd   int32
	name string
}

func newWatcher() (*watcher, error) {
	fd, err := unix.InotifyInit1(unix.IN_CLOEXEC | unix.IN_NONBLOCK)
	if err != nil {
		return nil, err
	}
	return &watcher{
		fd: fd, dirs: map[int32][]*dir{},
		seen: map[opened]struct{}{}, made: map[opened]struct{}{}, blind: map[uint64]bool{},
	}, nil
}

// add watches the file or folder that fd has open. Several workers may call it.
func (w *watcher) add(fd int, d *dir) error {
	wd, err := unix.InotifyAddWatch(w.fd, "/proc/self/fd/"+strconv.Itoa(fd), watchMask)
	if err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.dirs[int32(wd)] = append(w.dirs[int32(wd)], d)
	return nil
}

// order sorts the places of each watch descriptor by path.
func (w *watcher) order() {
	for _, dirs := range w.dirs {
		if len(dirs) > 1 {
			slices.SortFunc(dirs, func(a, b *dir) int { return strings.Compare(a.path(), b.path()) })
		}
	}
}

// run reads events until stop is called.
func (w *watcher) run() {
	w.file = os.NewFile(uintptr(w.fd), "inotify")
	w.done = make(chan error, 1)
	go func() {
		buf := make([]byte, eventBytes)
		for {
			n, err := w.file.Read(buf)
			if err == nil {
				err = decodeEvents(buf[:n], w.note)
			}
			if errors.Is(err, os.ErrDeadlineExceeded) {
				err = w.drain(buf)
				w.done <- err
				return
			}
			if err != nil {
				w.done <- err
				return
			}
		}
	}()
}

// stop reads what is still queued and closes the instance. No process that is
// observed may be left.
func (w *watcher) stop() error {
	if err := w.file.SetReadDeadline(time.Unix(1, 0)); err != nil {
		return err
	}
	err := <-w.done
	// Nobody need wait while the kernel takes its watches away, which takes some
	// milliseconds for thousands of them.
	go func() { _ = w.file.Close() }() // nothing is read from it any more
	return err
}

// drain reads until the queue is empty.
func (w *watcher) drain(buf []byte) error {
	for {
		n, err := unix.Read(w.fd, buf)
		switch {
		case errors.Is(err, unix.EINTR):
			continue
		case errors.Is(err, unix.EAGAIN):
			return nil
		case err != nil:
			return err
		}
		if err := decodeEvents(buf[:n], w.note); err != nil {
			return err
		}
	}
}

// reset forgets what was seen until now: the walk's own doing.
func (w *watcher) reset() error {
	if err := w.drain(make([]byte, eventBytes)); err != nil {
		return err
	}
	clear(w.seen)
	clear(w.made)
	clear(w.blind)
	w.overflow, w.full = false, false
	return nil
}

func (w *watcher) note(e event) {
	switch {
	case e.mask&unix.IN_Q_OVERFLOW != 0:
		w.overflow = true
	case e.mask&unix.IN_CREATE != 0:
		w.noteCreated(e)
	case e.mask&unix.IN_ISDIR == 0 && e.mask&useMask != 0:
		w.noteOpened(e.wd, e.name)
	}
}

func (w *watcher) noteOpened(wd int32, name []byte) {
	// The lookup with a converted key does not allocate; most events repeat.
	if _, ok := w.seen[opened{wd, string(name)}]; ok {
		return
	}
	if len(w.seen) >= maxInputs {
		w.full = true
		return
	}
	w.seen[opened{wd, string(name)}] = struct{}{}
}
