//go:build e2e && robustness

package e2e

import (
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/moby/buildkit/client"
)

// The daemon dies in a build; started again on the same state, it builds the same
// image with the same statements as one that never died.
func TestAKilledDaemonBuildsAgainAndTruly(t *testing.T) {
	e := mustEnv(t)
	d := newDaemon(t, e, nil)
	image := imageName(e.registry, t, "latest")
	old, _ := buildAccount(t, e, build{host: d.host, context: dockerfile("FROM busybox\nRUN echo old > /made\n"), output: push(image)})
	for _, p := range []struct {
		name string
		at   func(*client.SolveStatus) bool
	}{
		{"step", wrote("now")},
		{"describe", started("[internal] sworn: describe states")},
		{"export", started("exporting to image")},
	} {
		t.Run(p.name, func(t *testing.T) {
			ctx := slowContext(p.name, "RUN echo now; sleep 2", 100)
			b := build{host: d.host, context: ctx, output: push(image)}
			r := b.interrupt(t, e, func(*os.Process) { d.kill(t) }, p.at, nil)
			if r.err == nil {
				t.Errorf("the build came to its end:\n%s", r.log)
			}
			stillTagged(t, image, old.digest)
			d.orphans(t)
			// What the containers had mounted stays, as with any frontend.
			d.start(t, e)
			before := d.footprint(t)
			b.output = push(imageName(e.registry, t, "again"))
			_, again := buildAccount(t, e, b)
			b.host, b.output, b.args = e.host, push(imageName(e.registry, t, "elsewhere")), []string{"--no-cache"}
			_, want := buildAccount(t, e, b)
			samePredicates(t, want, again)
			d.leftNothing(t, before)
		})
	}
}

// orphans waits for the end of the containers of a daemon that was killed: as with
// any frontend they outlive it until their command ends.
func (d *daemon) orphans(t *testing.T) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(100 * time.Millisecond) {
		left := d.processes(t)
		if len(left) == 0 {
			return
		}
		if time.Now().After(end) {
			t.Errorf("these outlive their daemon and their command: %q", left)
			return
		}
	}
}

// kill ends the daemon as the kernel would when memory is short.
func (d *daemon) kill(t *testing.T) {
	t.Helper()
	if err := d.process.Signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	<-d.ended
	d.ended <- nil // for the end of the test
}
