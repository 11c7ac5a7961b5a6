package netrecord

import (
	"crypto/x509"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sworn-build/sworn/step/runner"
)

// In BuildKit's proxy network https goes to BuildKit's proxy as a URL, not as a
// connection: what is in it is known once, and the server is verified there.
func TestBuildKitsProxyGetsURLs(t *testing.T) {
	var asked []string
	buildkit := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.Method+" "+r.RequestURI+" "+r.Host)
		io.WriteString(w, "content")
	}))
	defer buildkit.Close()
	var env []string
	for _, name := range []string{"http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"} {
		env = append(env, name+"="+buildkit.URL)
	}
	way := runner.Way{Allow: []string{"http://files.test/**", "https://files.test/**", "https://files.test:8443"}, Environ: env, BuildKit: true}
	r := serve(t, way, x509.NewCertPool())
	for _, u := range []string{"https://files.test/a%2Fb//c?q=%zz", "https://files.test:8443", "http://files.test/plain"} {
		if status, got := r.do(t, http.MethodGet, u, ""); status != http.StatusOK || got != "content" {
			t.Errorf("%s: %d %q", u, status, got)
		}
	}
	if status, _ := r.do(t, http.MethodGet, "https://other.test/", ""); status != http.StatusForbidden {
		t.Errorf("a URL that is not allowed: status %d", status)
	}
	want := []string{
		"GET https://files.test/a%2Fb//c?q=%zz files.test", "GET https://files.test:8443/ files.test:8443", "GET http://files.test/plain files.test",
	}
	if d := cmp.Diff(want, asked); d != "" {
		t.Errorf("BuildKit's proxy was asked (-want +got):\n%s", d)
	}
	requests, reasons := r.recorded(t, nil) // when all of them have ended
	var got []string
	for _, r := range requests {
		if r.Refused || r.Digest == digest("content") {
			got = append(got, r.URL)
		}
	}
	if d := cmp.Diff([]string{"http://files.test/plain", "https://files.test/a%2Fb//c?q=%zz", "https://files.test:8443/", "https://other.test/"}, got); d != "" || len(reasons) > 0 {
		t.Errorf("recorded (-want +got), reasons %q:\n%s", reasons, d)
	}
}
