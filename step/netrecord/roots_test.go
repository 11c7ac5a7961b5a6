package netrecord

import (
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/sworn-build/sworn/step/roots"
	"github.com/sworn-build/sworn/step/runner"
)

// rootOf writes a server's certificate to a file, as the frontend mounts it.
func rootOf(t *testing.T, server *httptest.Server) (file string, set roots.Set) {
	t.Helper()
	set, err := roots.Parse(pem.EncodeToMemory(&pem.Block{Type: roots.Block, Bytes: server.Certificate().Raw}))
	if err != nil {
		t.Fatal(err)
	}
	file = filepath.Join(t.TempDir(), "roots.pem")
	if err := os.WriteFile(file, set.PEM(), 0o644); err != nil {
		t.Fatal(err)
	}
	return file, set
}

// served starts a recorder and returns what a client gets of a URL.
func served(t *testing.T, way runner.Way, file, u string) (access runner.Access, status int, body string) {
	t.Helper()
	r := Recorder{Dir: t.TempDir(), Roots: file}
	access, err := r.Start(way)
	if err != nil {
		t.Fatal(err)
	}
	c := run(t, r.proxy)
	c.client.Transport.(*http.Transport).Proxy = http.ProxyURL(&url.URL{
		Scheme: "http", User: url.UserPassword(proxyUser, r.proxy.secret), Host: c.at,
	})
	status, body = c.do(t, "GET", u, "")
	c.client.CloseIdleConnections()
	if _, _, err := r.Finish(); err != nil {
		t.Fatal(err)
	}
	return access, status, body
}

// With the operator's authority a server is known that the container does not know. The
// command is not given it.
func TestTheOperatorsAuthoritiesAreTrusted(t *testing.T) {
	server := httptest.NewTLSServer(site())
	server.Config.ErrorLog = start(t, nil).inner.ErrorLog
	defer server.Close()
	file, set := rootOf(t, server)
	access, status, body := served(t, runner.Way{}, file, server.URL+"/file")
	if status != http.StatusBadGateway || !strings.Contains(body, "certificate signed by unknown authority") || len(access.Roots) > 0 {
		t.Errorf("without: %d %s, roots %q", status, body, access.Roots)
	}
	access, status, body = served(t, runner.Way{Roots: set.Digest()}, file, server.URL+"/file")
	if status != http.StatusOK || body != "content" || !slices.Equal(access.Roots, set.Digests()) {
		t.Errorf("with: %d %s, roots %q", status, body, access.Roots)
	}
	// BuildKit's proxy verifies the server with authorities of its own.
	if access, _, _ := served(t, runner.Way{Roots: set.Digest(), BuildKit: true}, file, server.URL+"/file"); len(access.Roots) > 0 {
		t.Errorf("behind BuildKit's proxy: roots %q", access.Roots)
	}
}

// A file that is not the one of the step's configuration is no file.
func TestOtherAuthoritiesThanTheStepWasToldOfAreRefused(t *testing.T) {
	server := httptest.NewTLSServer(site())
	defer server.Close()
	file, set := rootOf(t, server)
	other := "sha256:" + strings.Repeat("0", 64)
	for _, c := range []struct{ file, digest, want string }{
		{file, other, "the operator's authorities: " + file + " holds " + set.Digest() + ", the step was told of " + other},
		{file + ".none", set.Digest(), "the operator's authorities: stat " + file + ".none: no such file"},
	} {
		r := Recorder{Dir: t.TempDir(), Roots: c.file}
		if _, err := r.Start(runner.Way{Roots: c.digest}); err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%v, want %s", err, c.want)
		}
	}
}
