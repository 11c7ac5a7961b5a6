package main

import (
	"errors"
	"io"
	"os/exec"
	"path/filepath"
	"strconv"

	"github.com/rogpeppe/go-internal/testscript"
)

// runIn runs sworn as a process of its own in a folder, with the script's
// environment and standard input at its end, and returns its exit code.
func runIn(ts *testscript.TestScript, dir string, args []string, stdout, stderr io.Writer) string {
	path, err := exec.LookPath("sworn")
	ts.Check(err)
	cmd := exec.Command(path, args...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, stdout, stderr
	for _, name := range []string{"PATH", "HOME", "DOCKER_CONFIG", "TMPDIR", "SWORN_PASSWORD", "COSIGN_PASSWORD", "BUILDKIT_HOST", "XDG_STATE_HOME"} {
		if v := ts.Getenv(name); v != "" {
			cmd.Env = append(cmd.Env, name+"="+v)
		}
	}
	cmd.Args[0] = filepath.Base(path)
	err = cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		ts.Check(err)
	}
	return strconv.Itoa(cmd.ProcessState.ExitCode())
}
