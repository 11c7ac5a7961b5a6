package main

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sworn-build/sworn/step"
)

// TestPlainHTTPHoldsWhereItWasAskedFor: credentials do not go without TLS to a registry
// because statements name it.
func TestPlainHTTPHoldsWhereItWasAskedFor(t *testing.T) {
	l, err := net.Listen("tcp", "0.0.0.0:0") // a loopback address never has TLS
	if err != nil {
		t.Fatal(err)
	}
	var asked atomic.Int32
	srv := &httptest.Server{Listener: l, Config: &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		w.WriteHeader(http.StatusNotFound)
	})}}
	srv.Start()
	defer srv.Close()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	registry := "0.0.0.0:" + port
	c := &cli{stdout: io.Discard, stderr: io.Discard, plainHTTP: true, timeout: 10 * time.Second}
	for host, want := range map[string]bool{registry: true, "r.test": false, "": false} {
		asked.Store(0)
		h := hop{ID: "source1", Kind: step.SourceImage, What: "pkg:docker/" + strings.ReplaceAll(registry, ":", "%3A") + "/base", Digest: map[string]string{"sha256": sum("1").Hex}, Path: "/x"}
		h.Next = aStage().next(&h, "/x")
		err := c.followBase(t.Context(), host, &whyOutput{attested: &attested{}, File: &whyFile{Chain: []hop{h}}}, whyOptions{})
		if err == nil || asked.Load() > 0 != want {
			t.Errorf("from %q: asked %d times without TLS: %v", host, asked.Load(), err)
		}
	}
}
