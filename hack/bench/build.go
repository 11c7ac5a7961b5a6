package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/moby/buildkit/client"
	"github.com/moby/buildkit/session"
	"github.com/moby/buildkit/session/secrets/secretsprovider"
	digest "github.com/opencontainers/go-digest"
	"github.com/tonistiigi/fsutil"
	"golang.org/x/sys/unix"

	"github.com/sworn-build/sworn/hack/bench/results"
)

// buildTimeout bounds one build.
const buildTimeout = 10 * time.Minute

// request is one build.
type request struct {
	dockerfile string // its text
	context    string // folder; empty: an empty one
	attrs      map[string]string
	push       string // reference; empty: nothing is exported
	secrets    []secretsprovider.Source
}

// built is what a build gave.
type built struct {
	run    results.Run
	digest string
}

// solve builds through the builder's own Dockerfile frontend, which follows the
// syntax line. The clock runs while the builder is asked.
func (b *builder) solve(ctx context.Context, r request) (_ built, err error) {
	ctx, cancel := context.WithTimeout(ctx, buildTimeout)
	defer cancel()
	dir, err := os.MkdirTemp(b.dir, "dockerfile-")
	if err != nil {
		return built{}, err
	}
	defer os.RemoveAll(dir)
	opt, err := r.options(dir)
	if err != nil {
		return built{}, err
	}
	// What earlier builds left to write is not ours.
	unix.Sync()
	var watch vertices
	status, read := make(chan *client.SolveStatus), make(chan struct{})
	go func() {
		defer close(read)
		for s := range status {
			watch.add(s)
		}
	}()
	before, err := b.group.cpu()
	if err != nil {
		return built{}, err
	}
	started := time.Now()
	res, err := b.Client.Solve(ctx, nil, opt, status)
	wall := time.Since(started)
	<-read
	if err != nil {
		return built{}, fmt.Errorf("build: %w\n%s", err, watch.tail())
	}
	after, err := b.group.cpu()
	if err != nil {
		return built{}, err
	}
	return built{
		run:    results.Run{Wall: wall.Seconds(), CPU: (after - before).Seconds(), Frontend: watch.frontend(), Internal: watch.internal()},
		digest: res.ExporterResponse["containerimage.digest"],
	}, nil
}

func (r request) options(dir string) (client.SolveOpt, error) {
	if err := os.WriteFile(filepath.Join(dir, "Dockerfile"), []byte(r.dockerfile), 0o644); err != nil {
		return client.SolveOpt{}, err
	}
	folder := r.context
	if folder == "" {
		folder = filepath.Join(dir, "context")
		if err := os.Mkdir(folder, 0o755); err != nil {
			return client.SolveOpt{}, err
		}
	}
	opt := client.SolveOpt{Frontend: "dockerfile.v0", FrontendAttrs: map[string]string{}, LocalMounts: map[string]fsutil.FS{}}
	for name, dir := range map[string]string{"dockerfile": dir, "context": folder} {
		var err error
		if opt.LocalMounts[name], err = fsutil.NewFS(dir); err != nil {
			return client.SolveOpt{}, err
		}
	}
	for k, v := range r.attrs {
		opt.FrontendAttrs[k] = v
	}
	if r.push != "" {
		opt.Exports = []client.ExportEntry{{Type: client.ExporterImage, Attrs: map[string]string{
			"name": r.push, "push": "true", "registry.insecure": "true",
		}}}
	}
	if len(r.secrets) > 0 {
		store, err := secretsprovider.NewStore(r.secrets)
		if err != nil {
			return client.SolveOpt{}, err
		}
		opt.Session = []session.Attachable{secretsprovider.NewSecretProvider(store)}
	}
	return opt, nil
}

// vertices collects what a build says of its steps.
type vertices struct {
	seen map[string]*client.Vertex
	logs []string
}

// logLines bounds what an error shows.
const logLines = 30

func (w *vertices) add(s *client.SolveStatus) {
	if w.seen == nil {
		w.seen = map[string]*client.Vertex{}
	}
	for _, v := range s.Vertexes {
		w.seen[v.Digest.String()] = v
	}
	for _, l := range s.Logs {
		w.logs = append(w.logs, strings.TrimRight(string(l.Data), "\n"))
	}
	w.logs = w.logs[max(0, len(w.logs)-logLines):]
}

func (w *vertices) tail() string { return "    " + strings.Join(w.logs, "\n    ") }

// internal sums up the containers that are no step of the user's.
func (w *vertices) internal() map[string]results.Internal {
	out := map[string]results.Internal{}
	for _, v := range w.seen {
		kind := kindOf(v.Name)
		if kind == "" || kind != scan && !w.runs(v) || v.Cached || v.Started == nil || v.Completed == nil {
			continue
		}
		sum := out[kind]
		sum.Ran++
		sum.Wall += v.Completed.Sub(*v.Started).Seconds()
		out[kind] = sum
	}
	return out
}

// scan is the kind of an SBOM generator's container.
const scan = "scan"

// runs reports whether a vertex is a container of ours: it has our programs, which a
// difference of two states of the same name has not.
func (w *vertices) runs(v *client.Vertex) bool {
	return slices.ContainsFunc(v.Inputs, func(d digest.Digest) bool {
		in := w.seen[d.String()]
		return in != nil && strings.Contains(in.Name, "/sworn/frontend:")
	})
}

// frontend is the time between the frontend's image and the first thing that the
// frontend asks for beyond the Dockerfile: the base image's configuration.
func (w *vertices) frontend() float64 {
	var image, asked *time.Time
	for _, v := range w.seen {
		switch {
		case strings.HasPrefix(v.Name, "docker-image://") && v.Completed != nil && (image == nil || v.Completed.Before(*image)):
			image = v.Completed
		case strings.HasPrefix(v.Name, "[internal] load metadata for ") && v.Started != nil && (asked == nil || v.Started.Before(*asked)):
			asked = v.Started
		}
	}
	if image == nil || asked == nil {
		return 0
	}
	return max(0, asked.Sub(*image).Seconds())
}

// kindOf tells what an internal vertex does by its name; empty for others.
func kindOf(name string) string {
	if strings.Contains(name, "generating sbom using") {
		return scan
	}
	rest, ok := strings.CutPrefix(name, "[internal] sworn: ")
	if !ok {
		return ""
	}
	kind, _, _ := strings.Cut(rest, " ")
	switch kind {
	case "describe", "digest", "assemble", "bind":
		return kind
	}
	return "" // operations that start no container
}
