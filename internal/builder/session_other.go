//go:build !unix

package builder

import "os/exec"

// ownSession: there are no sessions here.
func ownSession(*exec.Cmd) {}

// killSession kills a program.
func killSession(cmd *exec.Cmd) {
	_ = cmd.Process.Kill() // has it ended, Wait says so
}
