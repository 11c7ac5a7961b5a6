//go:build e2e

package e2e

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sworn-build/sworn/provenance"
	"github.com/sworn-build/sworn/step"
)

// downloads serves /file, /moved and /nothing and counts what is asked of it. Steps have
// the machine's network and so reach it.
func downloads(t *testing.T) (url string, asked *atomic.Int32) {
	t.Helper()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return downloadsAt(t, l)
}

// downloadsAt serves the same on a listener.
func downloadsAt(t *testing.T, l net.Listener) (url string, asked *atomic.Int32) {
	t.Helper()
	asked = new(atomic.Int32)
	mux := http.NewServeMux()
	mux.HandleFunc("/file", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "downloaded\n") })
	mux.HandleFunc("/moved", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/file", http.StatusFound) })
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		mux.ServeHTTP(w, r)
	}))
	_ = server.Listener.Close() // l is in its place
	server.Listener = l
	server.Start()
	t.Cleanup(server.Close)
	return server.URL, asked
}

// recordedContext downloads a file by a URL with credentials and a token in it.
func recordedContext(url string) files {
	host := strings.TrimPrefix(url, "http://")
	return files{"Dockerfile": "FROM busybox\n" +
		"# sworn: network=record\n" +
		"RUN wget -q -O /file 'http://user:t0ps3cret@" + host + "/file?token=t0ps3cret' && wget -q -O - " + url + "/moved && ! wget -q -O - " + url + "/nothing\n" +
		"RUN cat /file > /copy\n"}
}

// What a step downloads is in its statement and a material of the image, without
// secrets; and it is the same from the cache and from an imported one, when nobody asks
// the server again.
func TestDownloadsAreRecordedAndSurviveCaches(t *testing.T) {
	t.Parallel()
	e := mustEnv(t)
	url, asked := downloads(t)
	dir := recordedContext(url).write(t)
	cache := imageName(e.registry, t, "cache")
	host := ownBuilder(t, e)
	first := build{dir: dir, host: host, output: push(imageName(e.registry, t, "first")),
		args: []string{"--export-cache", "type=registry,mode=max,ref=" + cache}}
	_, a := buildAccount(t, e, first)
	checkDownloads(t, url, a)
	before := asked.Load()
	if before != 4 {
		t.Errorf("the server was asked %d times, want 4", before)
	}
	again := first
	again.args, again.output = nil, push(imageName(e.registry, t, "again"))
	_, b := buildAccount(t, e, again)
	imported := again
	imported.host, imported.output = ownBuilder(t, e), push(imageName(e.registry, t, "imported"))
	imported.args = []string{"--import-cache", "type=registry,ref=" + cache}
	_, c := buildAccount(t, e, imported)
	for name, other := range map[string]account{"cached": b, "imported": c} {
		if diff := cmp.Diff(a.step(t, "RUN wget").Network, other.step(t, "RUN wget").Network); diff != "" {
			t.Errorf("%s: network (-first +%s):\n%s", name, name, diff)
		}
		checkDownloads(t, url, other)
	}
	if now := asked.Load(); now != before {
		t.Errorf("the server was asked %d times more", now-before)
	}
}

func checkDownloads(t *testing.T, url string, a account) {
	t.Helper()
	n := a.step(t, "RUN wget").Network
	if n == nil || n.Mode != step.NetworkRecord || n.Recorder != step.RecorderSworn || !n.Enforced || !n.Complete || len(n.Reasons) > 0 {
		t.Fatalf("network %+v", n)
	}
	file := "sha256:" + sha256Of([]byte("downloaded\n")).Hex
	var got []string
	for _, r := range n.Requests {
		got = append(got, fmt.Sprintf("%s %s %d %s", r.Method, strings.Replace(r.URL, url, "", 1), r.Status, r.Digest))
	}
	moved := "sha256:" + sha256Of([]byte("<a href=\"/file\">Found</a>.\n\n")).Hex
	nothing := "sha256:" + sha256Of([]byte("404 page not found\n")).Hex
	want := []string{
		"GET /file 200 " + file, "GET /file?token=REDACTED 200 " + file, "GET /moved 302 " + moved, "GET /nothing 404 " + nothing,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("requests (-want +got):\n%s", diff)
	}
	found := false
	for _, m := range a.steps.Materials {
		found = found || m.Kind == provenance.KindDownload && m.URI == url+"/file" && "sha256:"+m.Digest["sha256"] == file
	}
	if !found {
		t.Errorf("the download is no material: %+v", a.steps.Materials)
	}
	if other := a.step(t, "RUN cat").Network; other != nil && other.Mode == step.NetworkRecord {
		t.Errorf("a step without the directive: %+v", other)
	}
}

func TestAllowRefusesOtherURLsWithTheLineToAdd(t *testing.T) {
	e := mustEnv(t)
	url, asked := downloads(t)
	dockerfile := "FROM busybox\n# sworn: network=record allow=\"" + url + "/moved\"\nRUN wget -O /file " + url + "/file || wget -q -S -O - " + url + "/file 2>&1 | cat; wget -q -O - " + url + "/moved; true\n"
	ref := imageName(e.registry, t, "latest")
	_, a := buildAccount(t, e, build{context: files{"Dockerfile": dockerfile}, output: push(ref), args: []string{"--no-cache"}})
	n := a.step(t, "RUN wget").Network
	refused := 0
	for _, r := range n.Requests {
		if r.URL == url+"/file" {
			if !r.Refused || !strings.Contains(r.Reason, `# sworn: allow="`+url+`/file"`) {
				t.Errorf("%+v", r)
			}
			refused += r.Count
		}
	}
	if refused == 0 || asked.Load() != 1 {
		t.Errorf("%d refused, the server was asked %d times, want once; %+v", refused, asked.Load(), n)
	}
}
