package runner

import (
	"runtime"
	"testing"

	"github.com/sworn-build/sworn/step"
	"golang.org/x/sys/unix"
)

// BenchmarkFilter measures system calls on a thread without and with the filters and
// Landlock: one that the kernel knows to be allowed whatever its arguments are, one that
// the filter looks at, and opening a file.
func BenchmarkFilter(b *testing.B) {
	for _, l := range []struct {
		name   string
		filter *filter
		domain domain
	}{
		{"none", nil, domain{}},
		{"baseline", &filter{}, domain{sockets: true}},
		{"strict", &filter{strict: true}, domain{sockets: true, signals: true, writable: []step.Path{"/tmp"}}},
	} {
		onThread := func(name string, call func()) {
			b.Run(l.name+"/"+name, func(b *testing.B) {
				failed := make(chan error)
				go func() {
					runtime.LockOSThread() // never unlocked: the thread ends with its filter
					err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
					if err == nil && len(l.domain.restricts()) > 0 {
						err = l.domain.enter()
					}
					if err == nil && l.filter != nil {
						err = l.filter.compile(runtime.GOARCH).apply()
					}
					b.ResetTimer()
					for range b.N {
						call()
					}
					failed <- err
				}()
				if err := <-failed; err != nil {
					b.Fatal(err)
				}
			})
		}
		onThread("getppid", func() { _ = unix.Getppid() })
		onThread("socket", func() {
			fd, _ := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM, 0)
			_ = unix.Close(fd)
		})
		onThread("open", func() {
			fd, _ := unix.Open("/etc/hostname", unix.O_RDONLY, 0)
			_ = unix.Close(fd)
		})
	}
}
