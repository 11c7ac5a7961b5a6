package runner

import (
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"golang.org/x/sys/unix"
)

// maxSignal is the highest number of a signal that is not a real-time signal. Those do
// nothing to a Go program that does not ask for them (os/signal).
const maxSignal = 31

// forwarded are the signals that a builder or an operator sends to a container to
// reach its command.
func forwarded(s syscall.Signal) bool {
	switch s {
	case syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP, syscall.SIGQUIT,
		syscall.SIGUSR1, syscall.SIGUSR2, syscall.SIGWINCH, syscall.SIGCONT:
		return true
	}
	return false
}

// catchSignals takes every signal that would end the runner. Signals that were
// ignored when the runner started stay so, for the command inherits that. Handled
// signals are reset to their default in the command by execve.
func catchSignals() chan os.Signal {
	c := make(chan os.Signal, maxSignal)
	for n := syscall.Signal(1); n <= maxSignal; n++ {
		if !harmless(n) && !signal.Ignored(n) {
			signal.Notify(c, n)
		}
	}
	return c
}

// harmless are signals that cannot be caught, and those that do nothing to a process
// that does not.
func harmless(n syscall.Signal) bool {
	switch n {
	case syscall.SIGKILL, syscall.SIGSTOP, syscall.SIGCHLD, syscall.SIGURG:
		return true
	}
	return false
}

// forward passes signals on to the command until over is closed. As PID 1 it
// passes on only what the command handles: the kernel does the same for a
// container's first process, which the command is without the runner.
func forward(signals <-chan os.Signal, pid int, over <-chan struct{}) {
	first := os.Getpid() == 1
	for {
		select {
		case <-over:
			return
		case s := <-signals:
			n, ok := s.(syscall.Signal)
			if !ok || !forwarded(n) || first && !catches(pid, n) {
				continue
			}
			_ = unix.Kill(pid, n) // gone already: nobody left to tell
		}
	}
}

// catches reports whether the process has a handler for the signal.
func catches(pid int, n syscall.Signal) bool {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return false
	}
	st, err := parseStatus(string(text))
	return err == nil && st.caught&(1<<(uint(n)-1)) != 0
}
