package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// process names a process for good: a pid alone is reused by the kernel.
type process struct {
	PID int `json:"pid,omitempty"`
	// Start is when it began, in clock ticks after boot (proc_pid_stat(5), field
	// 22).
	Start uint64 `json:"start,omitempty"`
	// Boot is the kernel's boot_id.
	Boot string `json:"boot,omitempty"`
}

// identify returns the process that has the pid now.
func identify(pid int) (process, error) {
	start, err := startTime(pid)
	if err != nil {
		return process{}, err
	}
	boot, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return process{}, err
	}
	return process{PID: pid, Start: start, Boot: strings.TrimSpace(string(boot))}, nil
}

// errZombie: the process has ended and its parent has not asked for its status.
var errZombie = errors.New("process has ended")

func startTime(pid int) (uint64, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, err
	}
	return parseStat(string(b))
}

// parseStat reads the start time from /proc/PID/stat. The second field is the
// program's name in parentheses and may hold any character.
func parseStat(s string) (uint64, error) {
	i := strings.LastIndexByte(s, ')')
	if i < 0 {
		return 0, errors.New("read stat: no process name")
	}
	// The state is field 3, the start time field 22.
	f := strings.Fields(s[i+1:])
	if len(f) < 20 {
		return 0, fmt.Errorf("read stat: %d fields after the name, want 20", len(f))
	}
	if f[0] == "Z" || f[0] == "X" {
		return 0, errZombie
	}
	return strconv.ParseUint(f[19], 10, 64)
}

// alive reports whether this very process still runs.
func (p process) alive() bool {
	if p.PID <= 1 {
		return false
	}
	now, err := identify(p.PID)
	return err == nil && now == p
}

// stop ends the process: SIGTERM, and SIGKILL when that is not enough.
func (p process) stop(patience time.Duration) error {
	for _, sig := range []syscall.Signal{syscall.SIGTERM, syscall.SIGKILL} {
		if !p.alive() {
			return nil
		}
		if err := syscall.Kill(p.PID, sig); err != nil && !errors.Is(err, syscall.ESRCH) {
			return fmt.Errorf("stop pid %d: %w", p.PID, err)
		}
		for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
			if !p.alive() {
				return nil
			}
		}
	}
	return fmt.Errorf("stop pid %d: still runs after SIGKILL", p.PID)
}

// launch starts a daemon that outlives this program, its output going to a log.
// ended gets its end when that comes while this program runs.
func launch(argv, env []string, logFile string) (p process, ended <-chan error, err error) {
	log, err := os.Create(logFile)
	if err != nil {
		return process{}, nil, err
	}
	defer log.Close()
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Stdout, cmd.Stderr = log, log
	cmd.Env = append(os.Environ(), env...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		return process{}, nil, err
	}
	done := make(chan error, 1)
	go func() {
		err := cmd.Wait()
		if err == nil {
			err = errors.New("exit status 0")
		}
		done <- err
	}()
	p, err = identify(cmd.Process.Pid)
	if err != nil {
		_ = cmd.Process.Kill()
		return process{}, nil, fmt.Errorf("%s ended at once: %w", argv[0], err)
	}
	return p, done, nil
}
