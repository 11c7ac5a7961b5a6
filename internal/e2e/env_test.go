//go:build e2e

package e2e

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Names in the local registry that hack/images and `make frontend-image` push.
const (
	frontendName = "sworn/frontend:dev"
	busyboxImage = "busybox:latest"
	debianImage  = "debian:bookworm"
)

// env is the environment of hack/env.
type env struct {
	bin       string // folder of the built tools
	host      string // BUILDKIT_HOST of the shared builder
	registry  string // 127.0.0.1:PORT, distribution: no referrers API
	referrers string // 127.0.0.1:PORT, with referrers API
}

func mustEnv(t *testing.T) env {
	t.Helper()
	e := env{
		bin: os.Getenv("SWORN_BIN"), host: os.Getenv("BUILDKIT_HOST"),
		registry: os.Getenv("SWORN_REGISTRY"), referrers: os.Getenv("SWORN_REGISTRY_REFERRERS"),
	}
	if e.bin == "" || e.host == "" || e.registry == "" {
		t.Fatal(`end-to-end tests need the local environment: run make test, or eval "$(hack/env env)" after hack/env up`)
	}
	return e
}

// frontend is the reference of the frontend image under test.
func (e env) frontend() string { return e.registry + "/" + frontendName }

func (e env) tool(name string) string { return filepath.Join(e.bin, name) }

// run runs a tool and returns its output, both streams in one.
func run(t *testing.T, name string, args ...string) (string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 8*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 10 * time.Second
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func mustRun(t *testing.T, name string, args ...string) string {
	t.Helper()
	out, err := run(t, name, args...)
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", filepath.Base(name), strings.Join(args, " "), err, out)
	}
	return out
}

// files is a build context: name to content. A name ending in "!" is executable.
type files map[string]string

func (f files) write(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range f {
		mode := os.FileMode(0o644)
		if n, ok := strings.CutSuffix(name, "!"); ok {
			name, mode = n, 0o755
		}
		p := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(p, []byte(content), mode); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// imageName is a name for the test's own image in a registry.
func imageName(registry string, t *testing.T, tag string) string {
	name := strings.ToLower(strings.NewReplacer("/", "-", "_", "-", " ", "-", "#", "-", "=", "-", ".", "-").Replace(t.Name()))
	return fmt.Sprintf("%s/e2e/%s:%s", registry, strings.Trim(name, "-"), tag)
}
