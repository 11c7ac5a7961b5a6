package main

import (
	"os"
	"runtime"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// traceRunner tries to get hold of process 1.
func traceRunner() {
	runtime.LockOSThread()
	denied("PTRACE_ATTACH", unix.PtraceAttach(1))
	denied("PTRACE_SEIZE", unix.PtraceSeize(1))
	local := make([]byte, 64)
	here := []unix.Iovec{{Base: &local[0], Len: uint64(len(local))}}
	// Where the text of a Go program lies.
	there := []unix.RemoteIovec{{Base: uintptr(0x401000), Len: len(local)}}
	_, err := unix.ProcessVMReadv(1, here, there, 0)
	denied("process_vm_readv", err)
	_, err = unix.ProcessVMWritev(1, here, there, 0)
	denied("process_vm_writev", err)
	fd, err := unix.PidfdOpen(1, 0)
	tried("pidfd_open", err)
	if err != nil {
		return
	}
	for n := range 32 {
		if _, err := unix.PidfdGetfd(fd, n, 0); err == nil {
			forged("pidfd_getfd %d", n)
		}
	}
}

// openRunner opens what /proc shows of process 1.
func openRunner() {
	for name, flags := range map[string]int{
		"mem": os.O_RDWR, "environ": os.O_RDONLY, "maps": os.O_RDONLY, "syscall": os.O_RDONLY,
		"auxv": os.O_RDONLY, "stack": os.O_RDONLY,
	} {
		f, err := os.OpenFile("/proc/1/"+name, flags, 0)
		if err == nil {
			_, err = f.Read(make([]byte, 16))
		}
		denied("/proc/1/"+name, err)
	}
	for _, dir := range []string{"root", "cwd", "map_files"} {
		_, err := os.ReadDir("/proc/1/" + dir)
		denied("/proc/1/"+dir, err)
	}
	// Root may list the numbers, and learns no more.
	fds, err := os.ReadDir("/proc/1/fd")
	tried("/proc/1/fd", err)
	for _, fd := range fds {
		_, err := os.Readlink("/proc/1/fd/" + fd.Name())
		denied("read link /proc/1/fd/"+fd.Name(), err)
		_, err = os.Open("/proc/1/fd/" + fd.Name())
		denied("open /proc/1/fd/"+fd.Name(), err)
	}
}

// signalRunner sends every signal to process 1 and to each of its threads.
func signalRunner() {
	ignoreSignals()
	threads, _ := os.ReadDir("/proc/1/task")
	for n := unix.Signal(1); n <= 64; n++ {
		_ = unix.Kill(1, n)
		for _, th := range threads {
			tid := 0
			for _, c := range th.Name() {
				tid = 10*tid + int(c-'0')
			}
			_ = unix.Tgkill(1, tid, n)
		}
	}
	_ = unix.Kill(1, unix.SIGKILL)
	time.Sleep(300 * time.Millisecond)
	_ = unix.Kill(1, unix.SIGCONT)
}

// limitRunner takes the means to write from process 1.
func limitRunner() {
	none := unix.Rlimit{}
	for _, what := range []int{unix.RLIMIT_FSIZE, unix.RLIMIT_NOFILE} {
		_, _, errno := unix.Syscall6(unix.SYS_PRLIMIT64, 1, uintptr(what), uintptr(unsafe.Pointer(&none)), 0, 0, 0)
		if errno != 0 {
			tried("prlimit64", errno)
		}
	}
}
