//go:build e2e

package e2e

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// build is one call of buildctl with a Dockerfile.
type build struct {
	host     string // BUILDKIT_HOST; the shared builder when empty
	frontend string // reference; upstream's own frontend when "upstream"; ours when empty
	context  files  // "Dockerfile" among them
	dir      string // a written context, instead of context
	opts     []string
	output   string   // value of --output; none when empty
	args     []string // further arguments
}

// built is what came of it.
type built struct {
	log    string // plain progress
	err    error
	digest string // of the exported image
}

// upstream selects BuildKit's own Dockerfile frontend.
const upstream = "upstream"

func (b build) run(t *testing.T, e env) built {
	t.Helper()
	meta := filepath.Join(t.TempDir(), "metadata.json")
	r := built{}
	r.log, r.err = run(t, e.tool("buildctl"), b.command(t, e, meta)...)
	if raw, err := os.ReadFile(meta); err == nil {
		var m map[string]any
		if err := json.Unmarshal(raw, &m); err != nil {
			t.Fatalf("metadata of the build: %v", err)
		}
		r.digest, _ = m["containerimage.digest"].(string)
	}
	return r
}

// command is what buildctl is called with; meta is where it writes what came of it.
func (b build) command(t *testing.T, e env, meta string) []string {
	t.Helper()
	if b.dir == "" {
		b.dir = b.context.write(t)
	}
	if b.host == "" {
		b.host = e.host
	}
	args := []string{"--addr", b.host, "build", "--progress", "plain", "--metadata-file", meta,
		"--local", "context=" + b.dir, "--local", "dockerfile=" + b.dir}
	switch b.frontend {
	case upstream:
		args = append(args, "--frontend", "dockerfile.v0")
	case "":
		// cmdline is what BuildKit sets when a syntax line named the frontend.
		args = append(args, "--frontend", "gateway.v0", "--opt", "source="+e.frontend(), "--opt", "cmdline="+e.frontend())
	default:
		args = append(args, "--frontend", "gateway.v0", "--opt", "source="+b.frontend, "--opt", "cmdline="+b.frontend)
	}
	for _, o := range b.opts {
		args = append(args, "--opt", o)
	}
	if b.output != "" {
		args = append(args, "--output", b.output)
	}
	return append(args, b.args...)
}

func (b build) mustRun(t *testing.T, e env) built {
	t.Helper()
	r := b.run(t, e)
	if r.err != nil {
		t.Fatalf("build: %v\n%s", r.err, r.log)
	}
	return r
}

// push is the --output that pushes to a registry.
func push(name string) string { return "type=image,push=true,name=" + name }

// ran reports whether a vertex of that name ran, that is, was not cached. name is a
// part of the vertex name.
func (r built) ran(name string) bool {
	ids := map[string]bool{}
	for line := range strings.Lines(r.log) {
		id, rest, ok := strings.Cut(strings.TrimSpace(line), " ")
		if !ok || !strings.HasPrefix(id, "#") {
			continue
		}
		if strings.HasPrefix(rest, "[") && strings.Contains(rest, name) {
			ids[id] = true
		}
	}
	for line := range strings.Lines(r.log) {
		id, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		if ids[id] && rest == "CACHED" {
			delete(ids, id)
		}
	}
	return len(ids) > 0
}
