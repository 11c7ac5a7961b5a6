package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/moby/buildkit/client"
	"golang.org/x/sys/unix"
)

// builder is a buildkitd of our own whose processor time is known.
type builder struct {
	*client.Client
	group   cgroup
	process *os.Process
	ended   chan error
	dir     string
}

const (
	readyTimeout = time.Minute
	stopPatience = 30 * time.Second
)

// startBuilder starts one with all its state in a new folder below state.
func startBuilder(ctx context.Context, e env) (_ *builder, err error) {
	dir, err := os.MkdirTemp(e.state, "b")
	if err != nil {
		return nil, err
	}
	b := &builder{dir: dir, ended: make(chan error, 1)}
	defer func() {
		if err != nil {
			err = errors.Join(err, b.stop())
		}
	}()
	if b.group, err = newCgroup(); err != nil {
		return nil, err
	}
	host := "unix://" + filepath.Join(dir, "s")
	config := filepath.Join(dir, "buildkitd.toml")
	if err := os.WriteFile(config, []byte(builderConfig(dir, host, e.registry, b.group.parent())), 0o644); err != nil {
		return nil, err
	}
	log, err := os.Create(filepath.Join(e.state, "buildkitd-bench.log"))
	if err != nil {
		return nil, err
	}
	defer log.Close()
	cmd := exec.Command(e.tool("buildkitd"), "--config", config)
	cmd.Stdout, cmd.Stderr = log, log
	// Ctrl-C is for us: the daemon is stopped in order.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	b.process = cmd.Process
	go func() { b.ended <- cmd.Wait() }()
	if err := b.group.add(cmd.Process.Pid); err != nil {
		return nil, err
	}
	if b.Client, err = client.New(ctx, host); err != nil {
		return nil, err
	}
	return b, b.ready(ctx, log.Name())
}

func (b *builder) ready(ctx context.Context, log string) error {
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	for {
		_, err := b.ListWorkers(ctx)
		if err == nil {
			return nil
		}
		select {
		case end := <-b.ended:
			b.ended <- end
			return fmt.Errorf("start buildkitd: ended (%v); see %s", end, log)
		case <-ctx.Done():
			return fmt.Errorf("start buildkitd: %w; see %s", err, log)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// builderConfig is as hack/env configures the shared builder, without garbage
// collection in between. SWORN_BENCH_DEBUG is where the daemon serves its profiles
// (host:port, /debug/pprof), if anywhere.
func builderConfig(dir, host, registry, parent string) string {
	return fmt.Sprintf(`root = %[1]q
[grpc]
  address = [%[2]q]
  debugAddress = %[6]q
[otel]
  socketPath = %[3]q
[cdi]
  disabled = true
[worker.oci]
  enabled = true
  snapshotter = "overlayfs"
  binary = "runc"
  gc = false
  defaultCgroupParent = %[4]q
[worker.containerd]
  enabled = false
[registry."docker.io"]
  mirrors = [%[5]q]
[registry.%[5]q]
  http = true
`, filepath.Join(dir, "root"), host, filepath.Join(dir, "otel"), parent, registry, os.Getenv("SWORN_BENCH_DEBUG"))
}

// stop ends the daemon and removes all it left.
func (b *builder) stop() error {
	var errs []error
	if b.Client != nil {
		errs = append(errs, b.Close())
	}
	if b.process != nil {
		_ = b.process.Signal(syscall.SIGTERM)
		select {
		case <-b.ended:
		case <-time.After(stopPatience):
			errs = append(errs, errors.New("stop buildkitd: still runs after SIGTERM"), b.process.Kill())
			<-b.ended
		}
	}
	for _, m := range slices.Backward(mountsBelow(b.dir)) {
		errs = append(errs, unix.Unmount(m, unix.MNT_DETACH))
	}
	errs = append(errs, os.RemoveAll(b.dir))
	if b.group.name != "" {
		errs = append(errs, b.group.remove())
	}
	return errors.Join(errs...)
}

func mountsBelow(dir string) []string {
	info, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return nil
	}
	var out []string
	for line := range strings.Lines(string(info)) {
		if f := strings.Fields(line); len(f) > 4 && strings.HasPrefix(f[4], dir+"/") {
			out = append(out, f[4])
		}
	}
	return out
}

// empty prunes everything, images too. A record may be in use for a moment after a
// build, so it is tried until nothing is left.
func (b *builder) empty(ctx context.Context) error {
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(100 * time.Millisecond) {
		if err := b.Prune(ctx, nil, client.PruneAll); err != nil {
			return fmt.Errorf("empty the builder: %w", err)
		}
		left, err := b.DiskUsage(ctx)
		if err != nil {
			return fmt.Errorf("empty the builder: %w", err)
		}
		if len(left) == 0 {
			return nil
		}
		if time.Now().After(end) {
			return fmt.Errorf("empty the builder: %d records are left, %q the first", len(left), left[0].Description)
		}
	}
}

// removeStale deletes what an earlier run that was killed left in state.
func removeStale(state string) error {
	old, err := filepath.Glob(filepath.Join(state, "b[0-9]*"))
	if err != nil {
		return err
	}
	for _, dir := range old {
		for _, m := range slices.Backward(mountsBelow(dir)) {
			_ = unix.Unmount(m, unix.MNT_DETACH)
		}
		if err := os.RemoveAll(dir); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}
