package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// escape tries every way out of the container and into other processes, and says of
// each whether it was open.
func escape() {
	child := exec.Command("/proc/self/exe", "sleep")
	if err := child.Start(); err != nil {
		fmt.Println("start:", err)
		os.Exit(1)
	}
	report(intoProcesses(child.Process.Pid), devices(), mounts(), sockets(), kernel(), namespaces(), privileges(), records())
	fmt.Println("tried all:", errors.Join(child.Process.Kill()))
}

// report prints what came of attempts.
func report(tries ...[]attempt) {
	for _, try := range tries {
		for _, a := range try {
			if a.err == nil {
				fmt.Println("escaped:", a.name)
			} else {
				fmt.Println("refused:", a.name+":", cause(a.err))
			}
		}
	}
}

// cause is what the kernel answered, if it was the kernel.
func cause(err error) error {
	var errno unix.Errno
	if errors.As(err, &errno) {
		return errno
	}
	return err
}

// attempt is a way out, and what the kernel answered.
type attempt struct {
	name string
	err  error
}

// raw makes a system call by number.
func raw(name string, nr uintptr, args ...uintptr) attempt {
	a := [6]uintptr{}
	copy(a[:], args)
	if _, _, errno := unix.Syscall6(nr, a[0], a[1], a[2], a[3], a[4], a[5]); errno != 0 {
		return attempt{name, errno}
	}
	return attempt{name, nil}
}

func text(s string) uintptr {
	p, _ := unix.BytePtrFromString(s)
	return uintptr(unsafe.Pointer(p))
}

// known is at the same address in every process of this program.
var known byte

func intoProcesses(pid int) []attempt {
	b := make([]byte, 8)
	local := []unix.Iovec{{Base: &b[0]}}
	local[0].SetLen(len(b))
	remote := []unix.RemoteIovec{{Base: uintptr(unsafe.Pointer(&known)), Len: 1}}
	_, readv := unix.ProcessVMReadv(pid, local, remote, 0)
	// A process that has just been started has its memory a moment later.
	for n := 0; errors.Is(readv, unix.EFAULT) && n < 500; n++ {
		time.Sleep(10 * time.Millisecond)
		_, readv = unix.ProcessVMReadv(pid, local, remote, 0)
	}
	_, writev := unix.ProcessVMWritev(pid, local, remote, 0)
	pidfd, err := unix.PidfdOpen(pid, 0)
	if err == nil {
		_, err = unix.PidfdGetfd(pidfd, 0, 0)
	}
	_, mem := os.OpenFile("/proc/1/mem", os.O_RDWR, 0)
	return []attempt{
		{"ptrace attach", unix.PtraceAttach(pid)},
		{"ptrace seize", unix.PtraceSeize(pid)},
		{"process_vm_readv", readv},
		{"process_vm_writev", writev},
		{"pidfd_getfd", err},
		raw("kcmp", unix.SYS_KCMP, uintptr(pid), uintptr(os.Getpid()), 2, 0, 0),
		{"/proc/1/mem", mem},
	}
}

func mounts() []attempt {
	_, fs := unix.Fsopen("tmpfs", 0)
	_, tree := unix.OpenTree(unix.AT_FDCWD, "/", unix.OPEN_TREE_CLONE)
	return []attempt{
		{"mount", unix.Mount("none", "/tmp", "tmpfs", 0, "")},
		{"bind mount", unix.Mount("/d", "/tmp", "", unix.MS_BIND, "")},
		{"umount", unix.Unmount("/proc", unix.MNT_DETACH)},
		{"pivot_root", unix.PivotRoot("/", "/tmp")},
		{"fsopen", fs},
		{"open_tree", tree},
		{"mount_setattr", unix.MountSetattr(unix.AT_FDCWD, "/", 0, &unix.MountAttr{})},
	}
}

func namespaces() []attempt {
	// The child must end at once: it is a copy of one thread of a Go program.
	fork := func(nr, a, b uintptr) error {
		pid, _, errno := unix.RawSyscall6(nr, a, b, 0, 0, 0, 0)
		if errno != 0 {
			return errno
		}
		if pid == 0 {
			unix.RawSyscall(unix.SYS_EXIT_GROUP, 0, 0, 0)
		}
		return nil
	}
	args := [11]uint64{unix.CLONE_NEWUSER, 4: uint64(unix.SIGCHLD)}
	self, err := unix.Open("/proc/self/ns/net", unix.O_RDONLY, 0)
	if err == nil {
		err = unix.Setns(self, 0)
	}
	return []attempt{
		{"clone user namespace", fork(unix.SYS_CLONE, uintptr(unix.SIGCHLD)|unix.CLONE_NEWUSER, 0)},
		{"clone mount namespace", fork(unix.SYS_CLONE, uintptr(unix.SIGCHLD)|unix.CLONE_NEWNS, 0)},
		{"clone3", fork(unix.SYS_CLONE3, uintptr(unsafe.Pointer(&args)), unsafe.Sizeof(args))},
		{"unshare user", unix.Unshare(unix.CLONE_NEWUSER)},
		{"unshare mount", unix.Unshare(unix.CLONE_NEWNS)},
		{"unshare network", unix.Unshare(unix.CLONE_NEWNET)},
		{"setns", err},
	}
}

func sockets() []attempt {
	var out []attempt
	for _, s := range []struct {
		name                   string
		family, kind, protocol int
	}{
		{"raw socket", unix.AF_INET, unix.SOCK_RAW, unix.IPPROTO_ICMP},
		{"raw IPv6 socket", unix.AF_INET6, unix.SOCK_RAW, unix.IPPROTO_RAW},
		{"packet socket", unix.AF_PACKET, unix.SOCK_RAW, 0x300},
		{"old packet socket", unix.AF_INET, unix.SOCK_PACKET, 0x300},
		{"vsock", unix.AF_VSOCK, unix.SOCK_STREAM, 0},
		{"crypto socket", unix.AF_ALG, unix.SOCK_SEQPACKET, 0},
		{"key socket", unix.AF_KEY, unix.SOCK_RAW, 2},
		{"bluetooth socket", unix.AF_BLUETOOTH, unix.SOCK_STREAM, 0},
	} {
		_, err := unix.Socket(s.family, s.kind, s.protocol)
		out = append(out, attempt{s.name, err},
			raw(s.name+" directly", unix.SYS_SOCKET, uintptr(s.family), uintptr(s.kind), uintptr(s.protocol)))
	}
	return out
}

func kernel() []attempt {
	var params [120]byte
	perf := unix.PerfEventAttr{Type: unix.PERF_TYPE_SOFTWARE, Size: uint32(unsafe.Sizeof(unix.PerfEventAttr{}))}
	_, perfErr := unix.PerfEventOpen(&perf, 0, -1, -1, 0)
	_, keyring := unix.KeyctlGetKeyringID(unix.KEY_SPEC_SESSION_KEYRING, true)
	_, key := unix.AddKey("user", "sworn", []byte("x"), unix.KEY_SPEC_PROCESS_KEYRING)
	now := unix.Timex{}
	_, adjust := unix.Adjtimex(&now)
	return []attempt{
		raw("io_uring", unix.SYS_IO_URING_SETUP, 1, uintptr(unsafe.Pointer(&params))),
		raw("bpf", unix.SYS_BPF, 0, uintptr(unsafe.Pointer(&params)), 48),
		{"perf_event_open", perfErr},
		raw("userfaultfd", unix.SYS_USERFAULTFD, 1),
		{"keyctl", keyring},
		{"add_key", key},
		raw("request_key", unix.SYS_REQUEST_KEY, text("user"), text("sworn"), 0, 0),
		raw("init_module", unix.SYS_INIT_MODULE, 0, 0, text("")),
		{"settimeofday", unix.Settimeofday(&unix.Timeval{Sec: 1})},
		{"adjtimex", adjust},
		raw("swapon", unix.SYS_SWAPON, text("/d/read"), 0),
		raw("quotactl", unix.SYS_QUOTACTL, 0x800001<<8, 0, 0, 0),
		raw("syslog", unix.SYS_SYSLOG, 10, 0, 0),
		raw("open_by_handle_at", unix.SYS_OPEN_BY_HANDLE_AT, 3, uintptr(unsafe.Pointer(&params)), 0),
		raw("x32", 0x40000000+39),
	}
}

func devices() []attempt {
	out := []attempt{}
	for _, d := range []struct {
		name, file string
		mode       uint32
	}{{"character device", "/tmp/char", unix.S_IFCHR}, {"block device", "/tmp/block", unix.S_IFBLK}} {
		out = append(out, attempt{d.name, unix.Mknod(d.file, d.mode|0o666, int(unix.Mkdev(1, 3)))},
			attempt{d.name + " for a removed file", unix.Mknod(d.file+"-removed", d.mode, 0)})
	}
	return out
}

// debug runs a child as a debugger does: the child asks to be traced.
func debug() {
	cmd := exec.Command("/bin/true")
	cmd.SysProcAttr = &unix.SysProcAttr{Ptrace: true}
	err := cmd.Start()
	if err == nil {
		_ = cmd.Wait() // stopped at its first instruction
		err = unix.PtraceCont(cmd.Process.Pid, 0)
	}
	if err == nil {
		_, err = unix.Wait4(cmd.Process.Pid, nil, 0, nil)
	}
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Println("traced a child to its end")
}
