//go:build e2e

package e2e

import (
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/moby/buildkit/client"
)

// slowContext is a build that stays a while in each of its phases: a step that runs
// until the end of time when asked to, and a file whose bytes take long to hash,
// compress and upload. mark makes it another build.
func slowContext(mark string, more ...string) files {
	return files{
		"mark": mark + "\n",
		"Dockerfile": "FROM busybox\nCOPY mark /mark\n" + strings.Join(more, "\n") +
			"\nRUN cat /mark > /made && truncate -s 400M /large\n",
	}
}

// phase is a moment of a build.
type phase struct {
	name string
	more string    // a further line of the Dockerfile
	sig  os.Signal // of the client; SIGINT when nil
	at   func(*client.SolveStatus) bool
	hold func(*http.Request, string) bool // a request to the registry
	slow bool                             // a request to the server of slow
}

// cancelPhases are those of a build with statements, in its order. url is a server
// that never answers.
func cancelPhases(url string) []phase {
	return []phase{
		{name: "resolve", more: "ADD " + url + "/never /never", slow: true},
		{name: "step", more: "RUN sleep 600 & echo now; sleep 600", at: wrote("now")},
		{name: "client killed", more: "RUN sleep 600 & echo now; sleep 600", at: wrote("now"), sig: syscall.SIGKILL},
		{name: "describe", at: started("[internal] sworn: describe states")},
		{name: "bind", at: started("[internal] sworn: bind")},
		{name: "export", at: started("exporting to image")},
		{name: "push of a blob", hold: uploads},
		{name: "push of the statements", hold: putsStatements},
		{name: "push of the tag", hold: putsTag},
	}
}

// After a build was cancelled, whenever that was, its daemon has nothing of it left
// that is not in the cache, the tag is the one of the last build, and the next build
// is described truly.
func TestACancelledBuildLeavesNothingBehind(t *testing.T) {
	e := mustEnv(t)
	d := newDaemon(t, e, nil)
	reg := newHeldRegistry(t, e)
	image := imageName(reg.host, t, "latest")
	asked := make(chan struct{}, 16)
	never := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		asked <- struct{}{}
		<-req.Context().Done()
	}))
	t.Cleanup(never.Close)
	old, _ := buildAccount(t, e, build{host: d.host, context: dockerfile("FROM busybox\nRUN echo old > /made\n"), output: push(image)})
	before := d.footprint(t, e)
	for _, p := range cancelPhases(never.URL) {
		t.Run(p.name, func(t *testing.T) {
			reached := reg.hold(p.hold)
			if p.slow {
				reached = asked
			}
			if p.sig == nil {
				p.sig = os.Interrupt
			}
			r := build{host: d.host, context: slowContext(p.name, p.more), output: push(image)}.interrupt(t, e, p.sig, p.at, reached)
			reg.hold(nil)
			if r.err == nil {
				t.Errorf("the build came to its end:\n%s", r.log)
			}
			if p.sig == os.Interrupt && !strings.Contains(r.log, "context canceled") {
				t.Errorf("no clear error:\n%s", r.log)
			}
			d.leftNothing(t, e, before)
			stillTagged(t, image, old.digest)
		})
	}
	_, a := buildAccount(t, e, build{host: d.host, context: slowContext("bind"), output: push(image)})
	describedTruly(t, image, a, "/made")
	sameAsImage(t, image, a)
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
