//go:build e2e && robustness

package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// The frontend under the race detector with a real builder: `sworn build` runs it in
// its own process. Three builds of two platforms each at once, and one that is
// interrupted.
func TestTheFrontendHasNoRaces(t *testing.T) {
	if _, err := exec.LookPath("gcc"); err != nil {
		t.Skip("skipped: the race detector needs a C compiler")
	}
	e := mustEnv(t)
	program := filepath.Join(t.TempDir(), "sworn")
	compile := exec.CommandContext(t.Context(), "go", "build", "-race", "-o", program, "./cmd/sworn")
	compile.Dir, compile.Env = "../..", append(os.Environ(), "CGO_ENABLED=1")
	if out, err := compile.CombinedOutput(); err != nil {
		t.Fatalf("build with the race detector: %v\n%s", err, out)
	}
	dir := files{
		"f": "f\n",
		"Dockerfile": "FROM --platform=$BUILDPLATFORM busybox AS build\nARG TARGETARCH\nCOPY f /f\nRUN cat /f > /a; echo $TARGETARCH >> /a\n" +
			"FROM scratch\nCOPY --from=build /a /a\n",
		"long.Dockerfile": "FROM busybox\nRUN sleep 600\n",
	}.write(t)
	args := func(more ...string) []string {
		return append([]string{"build", "--addr", e.host, "--no-cache", "--progress", "plain"}, append(more, dir)...)
	}
	var wg sync.WaitGroup
	for i := range 3 {
		wg.Go(func() {
			out, err := run(t, program, args("--platform", "linux/amd64,linux/arm64", "--push", "-t", imageName(e.registry, t, fmt.Sprint(i)))...)
			if err != nil || strings.Contains(out, "DATA RACE") {
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
	wg.Go(func() {
		cmd := exec.Command(program, args("-f", filepath.Join(dir, "long.Dockerfile"))...)
		timer := time.AfterFunc(5*time.Second, func() { _ = cmd.Process.Signal(os.Interrupt) })
		defer timer.Stop()
		out, err := cmd.CombinedOutput()
		if err == nil || strings.Contains(string(out), "DATA RACE") {
			t.Errorf("%v, want an interrupted build without races\n%s", err, out)
		}
	})
	wg.Wait()
}
