package main

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"runtime"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// toolchain is the installed Go, as `go env` tells.
type toolchain struct {
	GOROOT, GOVERSION, GOPROXY, GOSUMDB, GONOSUMDB, GONOPROXY, GOPRIVATE, GOINSECURE string
}

// goVersion finds 1.26 in go1.26.8 and go1.26rc1.
func goVersion(s string) (string, error) {
	m := regexp.MustCompile(`^go(\d+\.\d+)`).FindStringSubmatch(s)
	if m == nil {
		return "", fmt.Errorf("read go env GOVERSION: %q is no release", s)
	}
	return m[1], nil
}

func readToolchain(ctx context.Context) (toolchain, error) {
	var t toolchain
	out, err := command(ctx, nil, "go", "env", "-json")
	if err != nil {
		return t, err
	}
	if err := json.Unmarshal([]byte(out), &t); err != nil {
		return t, fmt.Errorf("read go env: %w", err)
	}
	return t, nil
}

// environment of the image: the toolchain where docker.io's image has it, and
// this machine's way to modules.
func (t toolchain) environment() []string {
	env := []string{
		"PATH=/go/bin:/usr/local/go/bin:" + standardPath,
		"GOPATH=/go",
		"GOTOOLCHAIN=local",
	}
	for _, kv := range [][2]string{
		{"GOPROXY", t.GOPROXY}, {"GOSUMDB", t.GOSUMDB}, {"GONOSUMDB", t.GONOSUMDB},
		{"GONOPROXY", t.GONOPROXY}, {"GOPRIVATE", t.GOPRIVATE}, {"GOINSECURE", t.GOINSECURE},
	} {
		if kv[1] != "" {
			env = append(env, kv[0]+"="+kv[1])
		}
	}
	return env
}

func golangRecipe(ctx context.Context, debian recipe) (recipe, error) {
	t, err := readToolchain(ctx)
	if err != nil {
		return recipe{}, err
	}
	version, err := goVersion(t.GOVERSION)
	if err != nil {
		return recipe{}, err
	}
	// The machine's authorities: the way to the module proxy may need its own.
	roots, err := os.ReadFile(certificates)
	if err != nil {
		return recipe{}, fmt.Errorf("%w; the package ca-certificates makes it", err)
	}
	build := func(_ context.Context, s *store, scratch string) ([]platformImage, error) {
		base, err := s.image(debian.names[0])
		if err != nil {
			return nil, err
		}
		image, err := golangImage(base, t, string(roots), filepath.Join(scratch, "layer.tar.gz"))
		if err != nil {
			return nil, err
		}
		return []platformImage{{runtime.GOARCH, image}}, nil
	}
	return recipe{
		names: []string{"golang:" + version},
		key:   fmt.Sprintf("golang 1\n%s\n%+v\n%x\n", debian.key, t, sha256.Sum256(roots)),
		build: build,
	}, nil
}

func golangImage(base v1.Image, t toolchain, roots, file string) (v1.Image, error) {
	w, err := newLayer(file)
	if err != nil {
		return nil, err
	}
	root, err := filepath.EvalSymlinks(t.GOROOT)
	if err != nil {
		return nil, err
	}
	for _, d := range []string{"etc/ssl", "etc/ssl/certs", "go", "go/bin", "go/src", "usr/local/go"} {
		if err := w.dir(d, 0o755); err != nil {
			return nil, err
		}
	}
	if err := w.text(certificates[1:], roots); err != nil {
		return nil, err
	}
	// What only those need who work on Go itself.
	unneeded := func(rel string) bool { return rel == "test" || rel == "api" || rel == "pkg/obj" }
	if err := w.tree(root, "usr/local/go", unneeded); err != nil {
		return nil, err
	}
	layer, err := w.finish()
	if err != nil {
		return nil, err
	}
	return extend(base, layer, t.GOVERSION, func(c *v1.ConfigFile) {
		c.Config.Env = t.environment()
		c.Config.WorkingDir = "/go"
		c.Config.Cmd = []string{"bash"}
	})
}
