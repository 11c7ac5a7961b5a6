package runner

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

const (
	// stopPause lies between two looks at whether all processes are gone.
	stopPause = 2 * time.Millisecond
	// stopPatience is for processes that this user may not kill: they may still
	// end by themselves. Killed processes are waited for without a bound, as the
	// kernel does when PID 1 of a container ends.
	stopPatience = 5 * time.Second
)

var errUnkillable = errors.New("a process of another user is still running and may not be killed")

// waitFor reaps children until pid has ended and returns its exit code, 128+N
// for signal N.
func waitFor(pid int) (int, error) {
	for {
		var ws unix.WaitStatus
		got, err := unix.Wait4(-1, &ws, unix.WALL, nil)
		switch {
		case errors.Is(err, unix.EINTR):
		case err != nil:
			return 0, fmt.Errorf("wait for command: %w", err)
		case got == pid && ws.Exited():
			return ws.ExitStatus(), nil
		case got == pid && ws.Signaled():
			return 128 + int(ws.Signal()), nil
		}
	}
}

// stopAll kills everything that is left and returns when no process remains but
// the runner.
func stopAll() error {
	progress := time.Now()
	for {
		gone := errors.Is(killAll(), unix.ESRCH)
		reaped, none := reap()
		if none && gone {
			return nil
		}
		if reaped {
			progress = time.Now()
		}
		if time.Since(progress) > stopPatience {
			if forbidden() {
				return errUnkillable
			}
			progress = time.Now()
		}
		time.Sleep(stopPause)
	}
}

// forbidden reports whether a process is left that this user may not kill. The
// answer of kill(-1) does not tell.
func forbidden() bool {
	left, err := descendants(os.Getpid())
	if err != nil {
		return false
	}
	for _, pid := range left {
		if errors.Is(unix.Kill(pid, 0), unix.EPERM) {
			return true
		}
	}
	return false
}

// reap collects the children that have ended; none says that there is no child.
func reap() (reaped, none bool) {
	for {
		pid, err := unix.Wait4(-1, nil, unix.WNOHANG|unix.WALL, nil)
		switch {
		case errors.Is(err, unix.EINTR):
		case errors.Is(err, unix.ECHILD):
			return reaped, true
		case err != nil || pid == 0:
			return reaped, false
		default:
			reaped = true
		}
	}
}

// killAll kills every other process: as PID 1 all that the kernel lets it see,
// which includes those born meanwhile; otherwise its descendants. ESRCH means
// that there is none.
func killAll() error {
	if os.Getpid() == 1 {
		return unix.Kill(-1, unix.SIGKILL)
	}
	children, err := descendants(os.Getpid())
	if err != nil {
		return err
	}
	if len(children) == 0 {
		return unix.ESRCH
	}
	for _, pid := range children {
		_ = unix.Kill(pid, unix.SIGKILL) // gone, or not ours to kill: see forbidden
	}
	return nil
}

// adopt makes orphaned descendants children of a runner that is not PID 1.
func adopt() error {
	if os.Getpid() == 1 {
		return nil
	}
	if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
		return fmt.Errorf("adopt orphans: %w", err)
	}
	return nil
}

// descendants lists the processes below pid, from /proc.
func descendants(pid int) ([]int, error) {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil, err
	}
	kids := map[int][]int{}
	for _, e := range entries {
		p, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		stat, err := os.ReadFile("/proc/" + e.Name() + "/stat")
		if err != nil {
			continue // gone
		}
		// pid (name) state ppid ...: the name may hold anything.
		fields := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:])
		if len(fields) < 2 {
			continue
		}
		if pp, err := strconv.Atoi(string(fields[1])); err == nil {
			kids[pp] = append(kids[pp], p)
		}
	}
	var out []int
	for queue := []int{pid}; len(queue) > 0; queue = queue[1:] {
		out = append(out, kids[queue[0]]...)
		queue = append(queue, kids[queue[0]]...)
	}
	return out, nil
}
