package builder

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// stopPatience is how long a daemon may take to end: it stops its containers.
const stopPatience = 20 * time.Second

// runningFD is the lock that a supervisor is started with.
const runningFD = 3

// Supervise runs a daemon until no build uses it. args are the state folder and the
// daemon's command line. It is the other end of startOwn and runs in a process of its
// own, which ends with it.
//
// Whatever happens to this process, the daemon gets SIGTERM; what the daemon leaves
// behind is killed, and as root its mounts are in a namespace that ends with it.
func Supervise(args []string) error { return superviseFor(args, stopPatience) }

// superviseFor gives the daemon a time to end, and then kills it.
func superviseFor(args []string, patience time.Duration) error {
	if len(args) < 2 {
		return errors.New("supervise: no folder and command")
	}
	// The daemon's death signal is tied to the thread that starts it (prctl(2)).
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	syscall.CloseOnExec(runningFD)
	p := paths{dir: args[0]}
	if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
		return fmt.Errorf("adopt what the daemon leaves behind: %w", err)
	}
	if err := removeIfThere(p.socket()); err != nil {
		return err
	}
	users, err := openLock(p.users())
	if err != nil {
		return err
	}
	// Never closed: the lock is given up when this process has ended.
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT)
	signal.Ignore(syscall.SIGHUP)

	cmd := exec.Command(args[1], args[2:]...)
	cmd.Stdout, cmd.Stderr, cmd.Dir = os.Stdout, os.Stderr, p.dir
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM, Setpgid: true}
	if os.Geteuid() == 0 {
		cmd.SysProcAttr.Unshareflags = syscall.CLONE_NEWNS
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	unused := make(chan error, 1)
	go func() { unused <- waitUnused(users) }()

	select {
	case err = <-ended:
		err = fmt.Errorf("the daemon ended: %w", orExit(err))
	case err = <-unused:
		stop(cmd.Process, ended, patience)
	case <-signals:
		stop(cmd.Process, ended, patience)
	}
	killOrphans()
	return errors.Join(err, removeIfThere(p.socket()), removeIfThere(p.otel()))
}

func orExit(err error) error {
	if err == nil {
		return errors.New("exit status 0")
	}
	return err
}

func removeIfThere(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// waitUnused returns when no build holds the users file. The lock is kept: who comes
// now waits for the end of this process and starts another one.
func waitUnused(users *os.File) error {
	for {
		if err := syscall.Flock(int(users.Fd()), syscall.LOCK_EX); !errors.Is(err, syscall.EINTR) {
			return err
		}
	}
}

// stop ends the daemon: SIGTERM, and SIGKILL when that is not enough.
func stop(daemon *os.Process, ended <-chan error, patience time.Duration) {
	_ = daemon.Signal(syscall.SIGTERM) // has it ended, then ended says so
	select {
	case <-ended:
	case <-time.After(patience):
		_ = syscall.Kill(-daemon.Pid, syscall.SIGKILL)
		<-ended
	}
}

// killOrphans kills and reaps the processes that the daemon left behind: they are
// children of this one now. Their own children become so in turn.
func killOrphans() {
	for end := time.Now().Add(stopPatience); time.Now().Before(end); {
		for _, pid := range children() {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
		var status syscall.WaitStatus
		pid, err := syscall.Wait4(-1, &status, syscall.WNOHANG, nil)
		if errors.Is(err, syscall.ECHILD) {
			return
		}
		if pid == 0 {
			time.Sleep(10 * time.Millisecond)
		}
	}
}

// children are the processes whose parent is this one (proc_pid_stat(5)).
func children() []int {
	files, _ := filepath.Glob("/proc/[0-9]*/stat")
	var out []int
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			continue // ended meanwhile
		}
		// The name in parentheses may hold anything; state and parent follow it.
		s := string(b)
		f := strings.Fields(s[strings.LastIndexByte(s, ')')+1:])
		if len(f) < 2 || f[1] != strconv.Itoa(os.Getpid()) {
			continue
		}
		if pid, err := strconv.Atoi(filepath.Base(filepath.Dir(file))); err == nil {
			out = append(out, pid)
		}
	}
	return out
}
