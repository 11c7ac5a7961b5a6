// Command forger does to the first process of its container what a hostile step
// would, each way by name, and what busybox cannot do. It prints what the kernel answered.
package main

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

const forged = `{"version":1,"command":["forged"]}`

func main() {
	runtime.LockOSThread() // ptrace answers to one thread
	switch os.Args[1] {
	case "ptrace":
		fmt.Println("attach:", unix.PtraceAttach(1), "seize:", unix.PtraceSeize(1))
	case "memory":
		b := []byte("x")
		local := []unix.Iovec{{Base: &b[0], Len: 1}}
		_, err := unix.ProcessVMWritev(1, local, []unix.RemoteIovec{{Base: 0x400000, Len: 1}}, 0)
		fmt.Println("process_vm_writev:", err)
		for _, f := range []string{"mem", "environ", "fd", "exe", "maps", "cwd", "root"} {
			_, err := os.OpenFile("/proc/1/"+f, os.O_RDONLY, 0)
			fmt.Println(f+":", err)
		}
	case "fds":
		pidfd, err := unix.PidfdOpen(1, 0)
		fmt.Println("pidfd:", err)
		for n := range 64 {
			if fd, err := unix.PidfdGetfd(pidfd, n, 0); err == nil {
				fmt.Println("stole", n, "as", fd)
			}
		}
	case "signals":
		for n := 1; n <= 64; n++ {
			for _, tid := range threads() {
				_ = unix.Tgkill(1, tid, syscall.Signal(n))
			}
			_ = unix.Kill(1, syscall.Signal(n))
		}
		time.Sleep(50 * time.Millisecond)
	case "queue":
		queue(os.Args[2])
	case "limits":
		fmt.Println("nofile:", unix.Prlimit(1, unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: 3, Max: 3}, nil))
	case "filesize":
		fmt.Println("fsize:", unix.Prlimit(1, unix.RLIMIT_FSIZE, &unix.Rlimit{Cur: 10, Max: 10}, nil))
	case "daemon":
		daemon()
	case "daemon-child":
		waitAndForge()
	case "bomb":
		for {
			_ = exec.Command("/proc/self/exe", "bomb").Start()
		}
	case "setuid":
		_ = syscall.Setuid(0)
		cmd := exec.Command("/forger", "daemon-child")
		fmt.Println("uid:", os.Getuid(), "start:", cmd.Start())
	case "escape":
		escape()
	case "strict":
		report(writes(), signals(), records())
	case "network":
		report(network(os.Args[2], os.Args[3], os.Args[4], os.Args[5]))
	case "authority":
		fakeAuthority(os.Args[2], os.Args[3])
	case "flood":
		floodProxy()
	case "queue-flood":
		floodQueue(os.Args[2], os.Args[3], os.Args[4], os.Args[5])
	case "prepare":
		prepare()
	case "privileges":
		hasPrivileges()
	case "debug":
		debug()
	case "sleep":
		time.Sleep(time.Minute)
	case "filecap":
		fmt.Println("setcap:", giveCapability(os.Args[2]))
	}
}

func threads() []int {
	var out []int
	entries, _ := os.ReadDir("/proc/1/task")
	for _, e := range entries {
		if n, err := strconv.Atoi(e.Name()); err == nil {
			out = append(out, n)
		}
	}
	return out
}

// queue sends a signal with a siginfo of its own, as sigqueue(3) does.
func queue(sig string) {
	n, _ := strconv.Atoi(sig)
	info := [32]int32{0: int32(n), 2: -1} // si_signo, si_errno, si_code SI_QUEUE
	_, _, err := unix.Syscall(unix.SYS_RT_SIGQUEUEINFO, 1, uintptr(n), uintptr(unsafe.Pointer(&info)))
	fmt.Println("sigqueue:", err)
	time.Sleep(200 * time.Millisecond)
}

// daemon leaves processes in sessions of their own that ignore every signal.
func daemon() {
	for range 20 {
		cmd := exec.Command("/proc/self/exe", "daemon-child")
		cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
		if err := cmd.Start(); err != nil {
			fmt.Println(err)
		}
	}
	time.Sleep(100 * time.Millisecond)
}

func waitAndForge() {
	for {
		_ = os.WriteFile("/dev/.sworn/record/record.json", []byte(forged), 0o644)
		_ = os.Symlink("/etc/passwd", "/dev/.sworn/record/record.json.part")
		time.Sleep(time.Millisecond)
	}
}
