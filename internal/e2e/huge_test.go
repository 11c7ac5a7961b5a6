//go:build e2e && robustness

package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A thousand instructions, 400 of them layers: the builder itself mounts no more than
// some 480 (one page of mount options holds their names).
func TestHugeDockerfilesAreAttested(t *testing.T) {
	e := mustEnv(t)
	image := imageName(e.registry, t, "latest")
	lines, layers := []string{"FROM busybox"}, 0
	for i := range 999 {
		switch {
		case i%20 == 0:
			lines = append(lines, fmt.Sprintf("RUN echo %d > /last", i))
			layers++
		case i%5 < 2:
			lines = append(lines, fmt.Sprintf("COPY f /d/%d", i))
			layers++
		case i%5 == 2:
			lines = append(lines, fmt.Sprintf("ENV A%d=%[1]d", i))
		case i%5 == 3:
			lines = append(lines, fmt.Sprintf("LABEL l%d=%[1]d", i))
		default:
			lines = append(lines, fmt.Sprintf("ARG B%d=%[1]d", i))
		}
	}
	_, a := buildAccount(t, e, build{
		context: files{"f": "f\n", "Dockerfile": strings.Join(lines, "\n") + "\n"}, output: push(image),
	})
	if n := len(a.steps.Steps); n != layers {
		t.Errorf("%d steps, want %d", n, layers)
	}
	sameAsImage(t, image, a)
}

// What upstream's frontend cannot build, ours cannot either, and says the same.
func TestHugeNumbersOfLayersFailAsUpstreams(t *testing.T) {
	e := mustEnv(t)
	ctx := files{"f": "f\n", "Dockerfile": "FROM busybox\n"}
	for i := range 600 {
		ctx["Dockerfile"] += fmt.Sprintf("COPY f /d/%d\n", i)
	}
	dir := ctx.write(t)
	for _, frontend := range []string{upstream, ""} {
		r := build{frontend: frontend, dir: dir}.run(t, e)
		if r.err == nil {
			t.Errorf("%q built", frontend)
		}
		oneError(t, r.log, "mount options is too long")
		if counted := strings.Contains(r.log, "a builder mounts some 480 at once"); counted != (frontend == "") {
			t.Errorf("%q counts the layers: %v", frontend, counted)
		}
	}
}

// 200,000 files, 50 MB.
func TestHugeContextsAreAttested(t *testing.T) {
	e := mustEnv(t)
	dir := files{"Dockerfile": "FROM busybox\nCOPY c /c\nRUN ls /c | wc -l > /n\n"}.write(t)
	for d := range 400 {
		folder := filepath.Join(dir, "c", strconv.Itoa(d))
		if err := os.MkdirAll(folder, 0o755); err != nil {
			t.Fatal(err)
		}
		for f := range 500 {
			if err := os.WriteFile(filepath.Join(folder, strconv.Itoa(f)), fmt.Appendf(nil, "%d %d %0240d", d, f, 0), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	image := imageName(e.registry, t, "latest")
	_, a := buildAccount(t, e, build{dir: dir, output: push(image)})
	if n := len(a.contents.Files); n < 200_000 {
		t.Errorf("%d files, want 200000 and more", n)
	}
	if diff := cmp.Diff(sha256Of(fmt.Appendf(nil, "399 499 %0240d", 0)), a.file(t, "/c/399/499").Digest); diff != "" {
		t.Errorf("/c/399/499 (-want +got):\n%s", diff)
	}
}

// A build arg of 1 MB, as bake can give it: a frontend in a container gets its build
// args by its environment, and one variable has at most 128 KiB (execve(2)). It fails at
// the syntax line; the frontend that is built into BuildKit, at the step whose
// environment it is.
func TestHugeBuildArgsFailAtTheirLine(t *testing.T) {
	e := mustEnv(t)
	for name, c := range map[string]struct{ syntax, marked string }{
		"frontend image": {"# syntax=docker.io/" + frontendName + "\n", ">>> # syntax="},
		"built in":       {"", ">>> RUN true"},
	} {
		t.Run(name, func(t *testing.T) {
			bake, err := json.Marshal(map[string]any{"target": map[string]any{"default": map[string]any{
				"context": ".", "args": map[string]string{"A": strings.Repeat("x", 1_000_000)}, "output": []string{"type=cacheonly"},
			}}})
			if err != nil {
				t.Fatal(err)
			}
			dir := files{"Dockerfile": c.syntax + "FROM busybox\nARG A\nRUN true\n", "docker-bake.json": string(bake)}.write(t)
			out, err := run(t, "sh", "-c", `cd "$1" && exec "$2" bake -f docker-bake.json --progress plain`, "sh", dir, e.tool("docker-buildx"))
			if err == nil || !strings.Contains(out, c.marked) || strings.Contains(out, "panic: ") {
				t.Errorf("%v, want an error at %q:\n%.3000s", err, c.marked, out)
			}
		})
	}
}
