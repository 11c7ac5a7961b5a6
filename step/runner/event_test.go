package runner

import (
	"encoding/binary"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

func eventBytesOf(wd int32, mask uint32, name string, pad int) []byte {
	b := make([]byte, 16, 16+len(name)+pad)
	binary.NativeEndian.PutUint32(b[0:], uint32(wd))
	binary.NativeEndian.PutUint32(b[4:], mask)
	binary.NativeEndian.PutUint32(b[12:], uint32(len(name)+pad))
	return append(append(b, name...), make([]byte, pad)...)
}

func TestEventsAreDecoded(t *testing.T) {
	w := &watcher{seen: map[opened]struct{}{}, made: map[opened]struct{}{}}
	b := slices.Concat(
		eventBytesOf(1, unix.IN_OPEN, "file", 12),
		eventBytesOf(1, unix.IN_OPEN|unix.IN_ISDIR, "folder", 2),
		eventBytesOf(2, unix.IN_MOVED_FROM, "moved", 3),
		eventBytesOf(3, unix.IN_IGNORED, "", 0),
		eventBytesOf(4, unix.IN_OPEN, "", 0),
	)
	if err := decodeEvents(b, w.note); err != nil {
		t.Fatal(err)
	}
	want := map[opened]struct{}{{1, "file"}: {}, {2, "moved"}: {}, {4, ""}: {}}
	if diff := cmp.Diff(want, w.seen, cmp.AllowUnexported(opened{})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if w.overflow {
		t.Error("overflow without an overflow event")
	}
	if err := decodeEvents(eventBytesOf(-1, unix.IN_Q_OVERFLOW, "", 0), w.note); err != nil || !w.overflow {
		t.Errorf("overflow %v, %v", w.overflow, err)
	}
	for n := 1; n < 32; n++ {
		if n != 16 && decodeEvents(eventBytesOf(1, unix.IN_OPEN, "f", 15)[:n], w.note) == nil {
			t.Errorf("cut to %d bytes: no error", n)
		}
	}
}

func TestFilesBeyondTheBoundMakeItIncomplete(t *testing.T) {
	w := &watcher{seen: make(map[opened]struct{}, maxInputs)}
	for i := range maxInputs {
		w.note(event{wd: int32(i), mask: unix.IN_OPEN})
	}
	if w.full {
		t.Fatal("full too early")
	}
	w.note(event{wd: 1, mask: unix.IN_OPEN})
	if w.full {
		t.Fatal("full by a file that is there already")
	}
	w.note(event{wd: maxInputs, mask: unix.IN_OPEN})
	if !w.full || len(w.seen) != maxInputs {
		t.Errorf("full %v, %d files", w.full, len(w.seen))
	}
}

func FuzzDecodeEvents(f *testing.F) {
	f.Add(eventBytesOf(1, unix.IN_OPEN, "file", 12))
	f.Add(eventBytesOf(-1, unix.IN_Q_OVERFLOW, "", 0))
	f.Add(slices.Concat(eventBytesOf(1, unix.IN_OPEN, "a", 15), eventBytesOf(2, unix.IN_MOVED_FROM, "b", 15)))
	f.Fuzz(func(t *testing.T, b []byte) {
		n := 0
		err := decodeEvents(b, func(e event) { n += unix.SizeofInotifyEvent + len(e.name) })
		if n > len(b) || err == nil && len(b) > 0 && n == 0 {
			t.Errorf("%d bytes gave %d, %v", len(b), n, err)
		}
	})
}

func FuzzDirents(f *testing.F) {
	if fd, err := openDir("/"); err == nil {
		buf := make([]byte, 4096)
		if n, err := unix.Getdents(fd, buf); err == nil {
			f.Add(buf[:n])
		}
		_ = unix.Close(fd)
	}
	f.Add([]byte{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 24, 0, 4, 'a', 0, 0, 0, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		out, err := appendDirents(nil, b, nil)
		if err == nil && len(out) > len(b)/direntHeader {
			t.Errorf("%d entries in %d bytes", len(out), len(b))
		}
	})
}
