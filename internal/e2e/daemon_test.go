//go:build e2e

package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// daemon is a buildkitd of one test that can be killed and started again with the
// same state.
type daemon struct {
	dir, host string
	process   *os.Process
	ended     chan error
}

// newDaemon makes the folder of a daemon. prepare gets the folder of its state before
// the first start; nil leaves it as it is. What it still runs ends with the test.
func newDaemon(t *testing.T, e env, prepare func(root string)) *daemon {
	t.Helper()
	// Not t.TempDir: a socket's path has at most 107 bytes (unix(7)).
	dir, err := os.MkdirTemp("", "sworn-e2e-")
	if err != nil {
		t.Fatal(err)
	}
	d := &daemon{dir: dir, host: "unix://" + filepath.Join(dir, "s")}
	for _, sub := range []string{"root", "tmp"} {
		if err := os.Mkdir(filepath.Join(dir, sub), 0o711); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(d.file("buildkitd.toml"), []byte(e.builderConfig(dir, d.host)), 0o644); err != nil {
		t.Fatal(err)
	}
	if prepare != nil {
		prepare(d.root())
	}
	d.start(t, e)
	t.Cleanup(func() { stopBuilder(t, d.process, d.ended, dir) })
	return d
}

func (d *daemon) file(name string) string { return filepath.Join(d.dir, name) }

// root is the folder of the daemon's state.
func (d *daemon) root() string { return d.file("root") }

// start starts the daemon and waits until it answers. Its temporary files go to a
// folder of their own, so that those it leaves are seen.
func (d *daemon) start(t *testing.T, e env) {
	t.Helper()
	log, err := os.OpenFile(d.file("log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	cmd := exec.Command(e.tool("buildkitd"), "--config", d.file("buildkitd.toml"))
	cmd.Stdout, cmd.Stderr = log, log
	cmd.Env = append(os.Environ(), "TMPDIR="+d.file("tmp"))
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	d.process, d.ended = cmd.Process, make(chan error, 1)
	go func(ended chan<- error) { ended <- cmd.Wait() }(d.ended)
	for end := time.Now().Add(time.Minute); ; time.Sleep(50 * time.Millisecond) {
		out, err := run(t, e.tool("buildctl"), "--addr", d.host, "debug", "workers")
		if err == nil {
			return
		}
		if time.Now().After(end) {
			text, _ := os.ReadFile(d.file("log"))
			t.Fatalf("the test's own builder does not answer: %v\n%s\n%s", err, out, text)
		}
	}
}

// restart ends the daemon as an operator does, and starts it again.
func (d *daemon) restart(t *testing.T, e env) {
	t.Helper()
	if err := d.process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	select {
	case <-d.ended:
	case <-time.After(20 * time.Second):
		t.Fatal("the daemon still runs 20 s after SIGTERM")
	}
	d.start(t, e)
}
