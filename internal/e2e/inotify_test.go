//go:build e2e

package e2e

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// The kernel counts inotify instances and watches by user, so a user that nothing else
// on the machine has can be made to have no more of them.
const exhaustedUser = 54321

// asUser runs fn in a thread that is another user for the kernel. The thread ends
// with it.
func asUser(t *testing.T, uid int, fn func() error) {
	t.Helper()
	done := make(chan error, 1)
	go func() {
		runtime.LockOSThread() // never unlocked: the thread goes with the goroutine
		if _, _, e := unix.RawSyscall(unix.SYS_SETRESUID, uintptr(uid), uintptr(uid), uintptr(uid)); e != 0 {
			done <- fmt.Errorf("setresuid: %w", e)
			return
		}
		done <- fn()
	}()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
}

// takeInstances opens inotify instances until there are none left but spare.
func takeInstances(t *testing.T, uid, spare int) []int {
	t.Helper()
	var fds []int
	asUser(t, uid, func() error {
		for {
			fd, err := unix.InotifyInit1(unix.IN_CLOEXEC)
			if errors.Is(err, unix.EMFILE) {
				break
			}
			if err != nil {
				return err
			}
			fds = append(fds, fd)
		}
		for range spare {
			_ = unix.Close(fds[len(fds)-1])
			fds = fds[:len(fds)-1]
		}
		return nil
	})
	t.Cleanup(func() {
		for _, fd := range fds {
			_ = unix.Close(fd)
		}
	})
	return fds
}

// takeWatches uses up a user's watches. A watch is of one folder in one instance, so
// every instance watches the same folders.
func takeWatches(t *testing.T, uid int) {
	t.Helper()
	fds := takeInstances(t, uid, 8)
	dir := t.TempDir()
	// Another user has to get there.
	for p := dir; p != "/tmp" && p != "/"; p = filepath.Dir(p) {
		if err := os.Chmod(p, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	b, err := os.ReadFile("/proc/sys/fs/inotify/max_user_watches")
	if err != nil {
		t.Fatal(err)
	}
	limit, err := strconv.Atoi(strings.TrimSpace(string(b)))
	if err != nil {
		t.Fatal(err)
	}
	folders := make([]string, limit/len(fds)+1)
	for i := range folders {
		folders[i] = filepath.Join(dir, strconv.Itoa(i))
		if err := os.Mkdir(folders[i], 0o755); err != nil {
			t.Fatal(err)
		}
	}
	asUser(t, uid, func() error {
		for _, folder := range folders {
			for _, fd := range fds {
				if _, err := unix.InotifyAddWatch(fd, folder, unix.IN_OPEN); errors.Is(err, unix.ENOSPC) {
					return nil
				} else if err != nil {
					return err
				}
			}
		}
		return errors.New("there are more watches than the limit says")
	})
}

// A step whose user has no inotify instance or no watch left runs all the same; its
// record says that it does not know everything, and why.
func TestWithoutInotifyTheRecordSaysSo(t *testing.T) {
	e := mustEnv(t)
	for _, tt := range []struct {
		name   string
		take   func(t *testing.T)
		reason string
	}{
		{"instances", func(t *testing.T) { takeInstances(t, exhaustedUser, 0) }, "not observed: start inotify: too many open files"},
		{"watches", func(t *testing.T) { takeWatches(t, exhaustedUser) }, "no more watches: limit fs.inotify.max_user_watches reached"},
	} {
		if tt.name == "instances" && !long {
			continue
		}
		t.Run(tt.name, func(t *testing.T) {
			tt.take(t)
			image := imageName(e.registry, t, "latest")
			_, a := buildAccount(t, e, build{
				context: dockerfile(fmt.Sprintf("FROM busybox\nRUN mkdir -m 777 /d\nRUN cat /etc/passwd > /dev/null\nUSER %d\nRUN cat /etc/passwd > /d/copy\n", exhaustedUser)),
				output:  push(image), args: []string{"--no-cache"},
			})
			wantComplete(t, a.step(t, "RUN cat /etc/passwd > /dev/null"))
			s := a.step(t, "RUN cat /etc/passwd > /d/copy")
			if s.Inputs == nil || s.Inputs.Complete || !slices.ContainsFunc(s.Inputs.Reasons, func(r string) bool { return strings.HasPrefix(r, tt.reason) }) {
				t.Errorf("observation %+v, want an incomplete one because %q", s.Inputs, tt.reason)
			}
			describedTruly(t, image, a, "/d/copy")
		})
	}
}
