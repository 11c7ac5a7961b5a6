package build

import (
	"context"
	"io"
	"sync"
	"time"

	"github.com/moby/buildkit/client"
	"github.com/moby/buildkit/util/progress/progressui"
	digest "github.com/opencontainers/go-digest"
)

// Display shows BuildKit's progress.
type Display struct {
	ui       progressui.Display
	statuses chan *client.SolveStatus // what is shown
	running  sync.WaitGroup
	done     chan struct{}
	warnings []client.VertexWarning
	err      error
}

// NewDisplay makes a display of a mode: auto, plain, tty, quiet, rawjson. name is what
// builds.
func NewDisplay(w io.Writer, mode, name string) (*Display, error) {
	ui, err := progressui.NewDisplay(w, progressui.DisplayMode(mode),
		progressui.WithDesc("building with "+name, "sworn:"+name))
	if err != nil {
		return nil, wrapUsage("--progress", err)
	}
	return &Display{ui: ui, statuses: make(chan *client.SolveStatus), done: make(chan struct{})}, nil
}

// start begins to show what comes on the channel, until that is closed.
func (d *Display) start() chan *client.SolveStatus {
	in := make(chan *client.SolveStatus)
	d.running.Go(func() {
		for s := range in {
			d.statuses <- s
		}
	})
	go func() {
		d.running.Wait()
		close(d.statuses)
	}()
	go func() {
		defer close(d.done)
		// A cancelled build is shown to its end, too.
		d.warnings, d.err = d.ui.UpdateFrom(context.Background(), d.statuses)
	}()
	return in
}

// note adds a line of our own to the progress of a build that runs.
func (d *Display) note(text string) {
	now := time.Now()
	d.statuses <- &client.SolveStatus{Vertexes: []*client.Vertex{{
		Digest: digest.FromString(text), Name: text, Started: &now, Completed: &now,
	}}}
}

// wait waits until everything has been shown.
func (d *Display) wait() error {
	<-d.done
	return d.err
}

// Warnings are BuildKit's of the Dockerfile, each in one line.
func (d *Display) Warnings() []string {
	var out []string
	for _, w := range d.warnings {
		out = append(out, string(w.Short))
	}
	return out
}
