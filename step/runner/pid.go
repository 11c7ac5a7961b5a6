package runner

import (
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

const (
	// firstPID is the command's process id in a container: above what the runner's
	// own threads take, which differs from run to run. Scripts put $$ into names
	// and so into images.
	firstPID = 32
	// maxThreads bounds the threads that run Go code, whatever the machine has, so
	// that firstPID is above them.
	maxThreads = 4
)

// spendPIDs uses process ids up until the next process gets firstPID. It makes
// processes, not threads, since ending a thread makes the Go runtime start others
// at times of its own. Should the ids be beyond it already, or a thread take the
// one that was meant, then the command has another id, as every command of a
// container but the first has.
func spendPIDs() {
	if os.Getpid() != 1 {
		return
	}
	for {
		pid, errno := forkAndExit()
		if errno != 0 {
			return
		}
		for {
			if _, err := unix.Wait4(pid, nil, unix.WALL, nil); err != unix.EINTR {
				break
			}
		}
		if pid >= firstPID-1 {
			return
		}
	}
}

// forkAndExit makes a process that ends at once, on a copy of this one's memory.
// Between the two system calls nothing of the Go runtime may run.
//
//go:nosplit
//go:norace
func forkAndExit() (int, syscall.Errno) {
	pid, _, errno := syscall.RawSyscall6(syscall.SYS_CLONE, 0, 0, 0, 0, 0, 0)
	if errno == 0 && pid == 0 {
		for {
			syscall.RawSyscall(syscall.SYS_EXIT_GROUP, 0, 0, 0)
		}
	}
	return int(pid), errno
}
