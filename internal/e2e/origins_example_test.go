//go:build e2e && (corpus || sbomqs)

package e2e

import (
	"io/fs"
	"os"
	"strings"
	"testing"
)

// TestCorpusExampleIsExplained: every file of the example has an origin: make corpus.
func TestCorpusExampleIsExplained(t *testing.T) {
	e := mustEnv(t)
	_, a := buildAccount(t, e, build{
		context: exampleService(t), frontend: recordingRoots(t), opts: []string{"build-arg:SWORN_NETWORK=record"}, output: push(imageName(e.registry, t, "latest")),
	})
	wantExplained(t, a)
	wantOrigins(t, a, map[string]string{
		"/usr/local/bin/go-service":          "stage of step RUN CGO_ENABLED=0 go build*, at /out/go-service",
		"/etc/go-service/config.toml":        "context local:context, at /config/config.toml",
		"/usr/bin/tini":                      "package RUN apt-get update*",
		"/usr/bin/perl":                      "package pkg:docker/debian@bookworm*",
		"/var/lib/dpkg/status":               "package-manager-state RUN apt-get update*",
		"/etc/go-service/sums":               "step RUN go-service -check*",
		"/etc/passwd":                        "step RUN useradd*",
		"/var/lib/go-service":                "step RUN go-service -check*",
		"/etc/ssl/certs/ca-certificates.crt": "step RUN apt-get update*",
	})
	wantElsewhere(t, a, map[string]string{"go": "BUILD_TOOL_OF"})
}

// exampleService is examples/go-service without the line that names a frontend.
func exampleService(t *testing.T) files {
	t.Helper()
	ctx := files{}
	root := os.DirFS("../../examples/go-service")
	err := fs.WalkDir(root, ".", func(p string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			ctx[p] = mustRead(t, "../../examples/go-service/"+p)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	_, ctx["Dockerfile"], _ = strings.Cut(ctx["Dockerfile"], "\n")
	return ctx
}
