//go:build e2e

package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// ownBuilder starts a buildkitd for one test, so that it may empty the cache, and
// returns its BUILDKIT_HOST. It is stopped with the test.
func ownBuilder(t *testing.T, e env) string {
	t.Helper()
	// Not t.TempDir: a socket's path has at most 107 bytes (unix(7)).
	dir, err := os.MkdirTemp("", "sworn-e2e-")
	if err != nil {
		t.Fatal(err)
	}
	config := filepath.Join(dir, "buildkitd.toml")
	host := "unix://" + filepath.Join(dir, "s")
	if err := os.WriteFile(config, []byte(e.builderConfig(dir, host)), 0o644); err != nil {
		t.Fatal(err)
	}
	log, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	cmd := exec.Command(e.tool("buildkitd"), "--config", config)
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	t.Cleanup(func() { stopBuilder(t, cmd.Process, ended, dir) })
	for end := time.Now().Add(time.Minute); ; time.Sleep(50 * time.Millisecond) {
		out, err := run(t, e.tool("buildctl"), "--addr", host, "debug", "workers")
		if err == nil {
			return host
		}
		if time.Now().After(end) {
			text, _ := os.ReadFile(log.Name())
			t.Fatalf("the test's own builder does not answer: %v\n%s\n%s", err, out, text)
		}
	}
}

// builderConfig is as hack/env configures the shared builder.
func (e env) builderConfig(dir, host string) string {
	return fmt.Sprintf(`root = %q
[grpc]
  address = [%q]
[otel]
  socketPath = %q
[cdi]
  disabled = true
[worker.oci]
  enabled = true
  snapshotter = "overlayfs"
  binary = "runc"
  gc = false
[worker.containerd]
  enabled = false
[registry."docker.io"]
  mirrors = [%[4]q]
[registry.%[4]q]
  http = true
`, filepath.Join(dir, "root"), host, filepath.Join(dir, "otel"), e.registry)
}

func stopBuilder(t *testing.T, p *os.Process, ended <-chan error, dir string) {
	if err := p.Signal(syscall.SIGTERM); err != nil {
		t.Errorf("stop builder: %v", err)
	}
	select {
	case <-ended:
	case <-time.After(20 * time.Second):
		t.Error("builder still runs 20 s after SIGTERM")
		_ = p.Kill() // ended meanwhile
		<-ended
	}
	info, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		t.Error(err)
	}
	var points []string
	for line := range strings.Lines(string(info)) {
		if f := strings.Fields(line); len(f) > 4 && strings.HasPrefix(f[4], dir+"/") {
			points = append(points, f[4])
		}
	}
	for _, p := range slices.Backward(points) {
		if err := unix.Unmount(p, unix.MNT_DETACH); err != nil {
			t.Errorf("unmount %s: %v", p, err)
		}
	}
	if err := os.RemoveAll(dir); err != nil {
		t.Error(err)
	}
}

// prune empties the cache of a builder.
func prune(t *testing.T, e env, host string, args ...string) string {
	t.Helper()
	return mustRun(t, e.tool("buildctl"), append([]string{"--addr", host, "prune"}, args...)...)
}

// emptyBuilder prunes everything and fails if anything but images is left: BuildKit
// may keep those in use after a build whose cache came from elsewhere.
func emptyBuilder(t *testing.T, e env, host string) {
	t.Helper()
	var left []string
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(200 * time.Millisecond) {
		prune(t, e, host, "--all")
		left = slices.DeleteFunc(cacheRecords(t, e, host), func(line string) bool { return line == "" || strings.Contains(line, " pulled from ") })
		if len(left) == 0 {
			return
		}
	}
	t.Fatalf("the builder still has:\n%s", strings.Join(left, "\n"))
}

// cacheRecords lists what a builder has: id and description on a line.
func cacheRecords(t *testing.T, e env, host string) []string {
	t.Helper()
	out := mustRun(t, e.tool("buildctl"), "--addr", host, "du", "--format", "{{range .}}{{.ID}} {{.Description}}\n{{end}}")
	return strings.Split(strings.TrimSpace(out), "\n")
}
