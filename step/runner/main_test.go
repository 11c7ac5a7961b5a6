package runner

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"go.uber.org/goleak"

	"github.com/sworn-build/sworn/step"
)

// recordEnv tells a test binary that runs as the runner where to record.
const recordEnv = "RUNNER_TEST_RECORD"

// TestMain is the runner when the binary is called by the runner's name.
func TestMain(m *testing.M) {
	if filepath.Base(os.Args[0]) == step.RunnerName {
		dir := os.Getenv(recordEnv)
		if err := os.Unsetenv(recordEnv); err != nil {
			panic(err)
		}
		code, err := Run(context.Background(), Options{Args: os.Args[1:], Environ: os.Environ(), RecordDir: dir})
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
		os.Exit(code)
	}
	code := m.Run()
	builds.Lock()
	_ = os.RemoveAll(builds.dir)
	if err := goleak.Find(); err != nil && code == 0 {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

// builds are the programs that tests have built.
var builds struct {
	sync.Mutex
	dir string
}

// goBuild builds a static program once and returns its path.
func goBuild(t *testing.T, pkg string) string { return goBuildFor(t, "", pkg) }

// goBuildFor builds for an architecture, or this machine's own. Programs of 32 bits
// run on amd64 alone.
func goBuildFor(t *testing.T, goarch, pkg string) string {
	t.Helper()
	if goarch == "386" && runtime.GOARCH != "amd64" {
		t.Skip("needs amd64: runs programs for 386")
	}
	builds.Lock()
	defer builds.Unlock()
	if builds.dir == "" {
		dir, err := os.MkdirTemp("", "runner-test-")
		if err != nil {
			t.Fatal(err)
		}
		builds.dir = dir
	}
	file := filepath.Join(builds.dir, filepath.Base(pkg)+goarch)
	if _, err := os.Stat(file); err == nil {
		return file
	}
	cmd := exec.Command("go", "build", "-p", "2", "-trimpath", "-ldflags", "-s -w", "-o", file, pkg)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if goarch != "" {
		cmd.Env = append(cmd.Env, "GOARCH="+goarch)
	}
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("go build %s: %v\n%s", pkg, err, out)
	}
	return file
}

// runHere runs a command under the runner without a container: as an ordinary
// process, observing nothing.
func runHere(t *testing.T, harden string, args ...string) outcome {
	t.Helper()
	cfg, err := step.EncodeConfig(step.Config{Harden: harden})
	if err != nil {
		t.Fatal(err)
	}
	return runHereEnv(t, []string{"PATH=" + os.Getenv("PATH"), step.ConfigEnv + "=" + cfg}, args...)
}

func runHereEnv(t *testing.T, env []string, args ...string) outcome {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	var stdout, stderr strings.Builder
	cmd := &exec.Cmd{
		Path: self, Args: append([]string{step.RunnerName}, args...),
		Env: append(env, recordEnv+"="+dir), Stdout: &stdout, Stderr: &stderr,
	}
	var exit *exec.ExitError
	if err := cmd.Run(); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	out := outcome{exit: cmd.ProcessState.ExitCode(), stdout: stdout.String(), stderr: stderr.String()}
	if b, err := os.ReadFile(filepath.Join(dir, step.RecordFile)); err == nil {
		rec, err := step.DecodeRecord(b)
		if err != nil {
			t.Fatal(err)
		}
		out.record = &rec
	}
	return out
}
