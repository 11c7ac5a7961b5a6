//go:build e2e

package e2e

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/moby/buildkit/client"
)

// interrupt runs a build until its progress or something else says that it is where
// it is to be stopped, and calls stop then with the client. It fails when the build
// never comes there.
func (b build) interrupt(t *testing.T, e env, stop func(*os.Process), there func(*client.SolveStatus) bool, reached <-chan struct{}) built {
	t.Helper()
	b.args = append(slices.Clone(b.args), "--progress", "rawjson")
	cmd := exec.CommandContext(t.Context(), e.tool("buildctl"), b.command(t, e, filepath.Join(t.TempDir(), "metadata.json"))...)
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer read.Close()
	cmd.Stdout, cmd.Stderr = write, write
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	write.Close()
	var log bytes.Buffer
	seen, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		watchProgress(io.TeeReader(read, &log), there, sync.OnceFunc(func() { close(seen) }))
	}()
	stopped := false
	select {
	case <-seen:
		stopped = true
	case <-reached:
		stopped = true
	case <-ended:
	case <-time.After(3 * time.Minute):
	}
	if stopped {
		stop(cmd.Process)
	} else {
		_ = cmd.Process.Kill()
	}
	<-ended
	r := built{err: cmd.Wait(), log: log.String()}
	if !stopped {
		t.Fatalf("the build never came to where it is interrupted: %v\n%s", r.err, r.log)
	}
	return r
}

// signal sends a signal to the client.
func signal(t *testing.T, sig os.Signal) func(*os.Process) {
	return func(p *os.Process) {
		if err := p.Signal(sig); err != nil {
			t.Errorf("signal %s: %v", sig, err)
		}
	}
}

// watchProgress reads the progress to its end and tells when it is at a place.
func watchProgress(r io.Reader, there func(*client.SolveStatus) bool, found func()) {
	d := json.NewDecoder(r)
	for {
		var s client.SolveStatus
		if err := d.Decode(&s); err != nil {
			_, _ = io.Copy(io.Discard, r) // the error message, no JSON
			return
		}
		if there != nil && there(&s) {
			found()
		}
	}
}

// started waits for a vertex whose name begins so.
func started(name string) func(*client.SolveStatus) bool {
	return func(s *client.SolveStatus) bool {
		return slices.ContainsFunc(s.Vertexes, func(v *client.Vertex) bool {
			return strings.HasPrefix(v.Name, name) && v.Started != nil && !v.Cached
		})
	}
}

// wrote waits for a step's output.
func wrote(text string) func(*client.SolveStatus) bool {
	return func(s *client.SolveStatus) bool {
		return slices.ContainsFunc(s.Logs, func(l *client.VertexLog) bool { return strings.Contains(string(l.Data), text) })
	}
}

// aborted is in place of the status of requests whose connection ends without an answer.
const aborted = -1

// heldRegistry stands before a registry and holds or refuses requests.
type heldRegistry struct {
	host string // 127.0.0.1:PORT

	mu      sync.Mutex
	pick    func(*http.Request, string) bool // gets the request and its body
	refuse  int                              // the status of picked requests; held when 0
	reached chan struct{}
}

func newHeldRegistry(t *testing.T, registry string) *heldRegistry {
	t.Helper()
	r := &heldRegistry{}
	proxy := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: registry})
	proxy.ErrorHandler = func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) }
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if !r.stop(w, req) {
			proxy.ServeHTTP(w, req)
		}
	}))
	t.Cleanup(s.Close)
	r.host = strings.TrimPrefix(s.URL, "http://")
	return r
}

// stop holds or refuses a request if it is one that was asked for.
func (r *heldRegistry) stop(w http.ResponseWriter, req *http.Request) bool {
	r.mu.Lock()
	pick, refuse := r.pick, r.refuse
	r.mu.Unlock()
	if pick == nil {
		return false
	}
	body := ""
	if strings.Contains(req.URL.Path, "/manifests/") {
		b, err := io.ReadAll(req.Body)
		if err != nil {
			return false
		}
		body, req.Body = string(b), io.NopCloser(bytes.NewReader(b))
	}
	if !pick(req, body) {
		return false
	}
	if refuse == aborted {
		panic(http.ErrAbortHandler)
	}
	if refuse != 0 {
		w.WriteHeader(refuse)
		return true
	}
	r.mu.Lock()
	if r.reached != nil {
		close(r.reached)
		r.reached = nil
	}
	r.mu.Unlock()
	_, _ = io.Copy(io.Discard, req.Body) // until then the end of the client is not seen
	<-req.Context().Done()
	return true
}

// hold holds the requests that pick chooses, until their client gives up. The channel
// tells of the first. Nil holds none.
func (r *heldRegistry) hold(pick func(*http.Request, string) bool) <-chan struct{} {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.pick, r.refuse, r.reached = pick, 0, make(chan struct{})
	return r.reached
}

// fail answers the requests that pick chooses with a status.
func (r *heldRegistry) fail(pick func(*http.Request, string) bool, status int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.pick, r.refuse, r.reached = pick, status, nil
}

// What a push sends, in its order.
func uploads(req *http.Request, _ string) bool {
	return req.Method != http.MethodGet && strings.Contains(req.URL.Path, "/blobs/uploads/")
}

func putsStatements(req *http.Request, body string) bool {
	return req.Method == http.MethodPut && strings.Contains(req.URL.Path, "/manifests/") && strings.Contains(body, "application/vnd.in-toto+json")
}

func putsTag(req *http.Request, _ string) bool {
	return req.Method == http.MethodPut && strings.Contains(req.URL.Path, "/manifests/") && !strings.Contains(req.URL.Path, "sha256:")
}
