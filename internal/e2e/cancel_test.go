//go:build e2e

package e2e

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/moby/buildkit/client"
)

// slowContext is a build with a step of its own and a file of some MiB, whose bytes
// take a while to hash and compress. mark makes it another build.
func slowContext(mark, step string, mib int) files {
	return files{
		"mark":       mark + "\n",
		"Dockerfile": fmt.Sprintf("FROM busybox\nCOPY mark /mark\n%s\nRUN cat /mark > /made && truncate -s %dM /large\n", step, mib),
	}
}

// phase is a moment of a build.
type phase struct {
	name string
	step string    // a line of the Dockerfile
	mib  int       // of a file
	sig  os.Signal // for the client; SIGINT when nil
	at   func(*client.SolveStatus) bool
	hold func(*http.Request, string) bool // a request to the registry
	// asked: it begins with a request to the server that never answers.
	asked bool
	quick bool // is part of make test
}

// forever is a step that starts a background process and never ends by itself.
const forever = "RUN sleep 600 & echo now; sleep 600"

// cancelPhases are those of a build with statements, in its order. never is a server
// that never answers.
func cancelPhases(never string) []phase {
	return []phase{
		{name: "resolve", step: "ADD " + never + "/never /never", asked: true},
		{name: "step", step: forever, at: wrote("now"), quick: true},
		{name: "client killed", step: forever, at: wrote("now"), sig: syscall.SIGKILL},
		{name: "describe", mib: 400, at: started("[internal] sworn: describe states"), quick: true},
		{name: "bind", mib: 200, at: started("[internal] sworn: bind")},
		{name: "export", mib: 200, at: started("exporting to image")},
		{name: "push of a blob", hold: uploads},
		{name: "push of the statements", hold: putsStatements},
		{name: "push of the tag", hold: putsTag, quick: true},
	}
}

// After a build was cancelled, whenever that was, its daemon has nothing of it left
// that is not in the cache, the tag is the one of the last build, and the next build
// is described truly.
func TestACancelledBuildLeavesNothingBehind(t *testing.T) {
	e := mustEnv(t)
	d := newDaemon(t, e, nil)
	reg := newHeldRegistry(t, e.registry)
	image := imageName(reg.host, t, "latest")
	asked := make(chan struct{}, 16)
	never := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		asked <- struct{}{}
		<-req.Context().Done()
	}))
	t.Cleanup(never.Close)
	old, _ := buildAccount(t, e, build{host: d.host, context: dockerfile("FROM busybox\nRUN echo old > /made\n"), output: push(image)})
	before := d.idle(t)
	for _, p := range cancelPhases(never.URL) {
		if !p.quick && !long {
			continue
		}
		t.Run(p.name, func(t *testing.T) {
			reached := reg.hold(p.hold)
			if p.asked {
				reached = asked
			}
			if p.sig == nil {
				p.sig = os.Interrupt
			}
			r := build{host: d.host, context: slowContext(p.name, p.step, p.mib), output: push(image)}.interrupt(t, e, signal(t, p.sig), p.at, reached)
			reg.hold(nil)
			if r.err == nil {
				t.Errorf("the build came to its end:\n%s", r.log)
			}
			if p.sig == os.Interrupt && !strings.Contains(r.log, "context canceled") {
				t.Errorf("no clear error:\n%s", r.log)
			}
			d.leftNothing(t, before)
			stillTagged(t, image, old.digest)
		})
	}
	_, a := buildAccount(t, e, build{host: d.host, context: slowContext("next", "", 1), output: push(image)})
	describedTruly(t, image, a, "/made")
	sameAsImage(t, image, a)
	d.restart(t, e)
	d.heldNothing(t, e)
	d.emptied(t, e)
}

// stillTagged fails unless a tag is an image with its statements, the given one.
func stillTagged(t *testing.T, image, digest string) {
	t.Helper()
	base, ref := splitName(image)
	resp, err := http.Get(base + "/manifests/" + ref)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if got := resp.Header.Get("Docker-Content-Digest"); got == "" {
		_ = get(t, base+"/manifests/"+ref) // says why
	} else if got != digest {
		t.Errorf("%s is now %s, was %s", image, got, digest)
	}
	accountOf(t, image)
}
