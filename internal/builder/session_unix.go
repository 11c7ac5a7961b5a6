//go:build unix

package builder

import (
	"os/exec"
	"syscall"
)

// ownSession keeps an interrupt on the terminal from a program: it is ours to handle.
func ownSession(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true} }

// killSession kills a program with ownSession, and what it has started.
func killSession(cmd *exec.Cmd) {
	_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // has it ended, Wait says so
}
