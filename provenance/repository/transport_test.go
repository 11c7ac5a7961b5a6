package repository

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

func TestTLSIsNotGivenUp(t *testing.T) {
	asked := false
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked = true }))
	defer server.Close()
	for _, plain := range []bool{false, true} {
		client := &http.Client{Transport: newTransport(plain, stallTimeout)}
		resp, err := client.Get(server.URL)
		if err == nil {
			resp.Body.Close()
		}
		if (err == nil) != plain || asked != plain || err != nil && !strings.Contains(err.Error(), "without TLS") {
			t.Errorf("plain %t: asked %t, %v", plain, asked, err)
		}
	}
}

// TestRegistriesThatStall: one that stops in the middle of an answer is given up,
// one that is slow is not.
func TestRegistriesThatStall(t *testing.T) {
	const stall = 500 * time.Millisecond
	release := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for range 8 {
			_, _ = io.WriteString(w, "slow ")
			w.(http.Flusher).Flush()
			time.Sleep(stall / 5)
		}
		if r.URL.Path == "/stalls" {
			<-release
		}
	}))
	defer server.Close()
	defer close(release)
	client := &http.Client{Transport: newTransport(true, stall)}
	for path, want := range map[string]bool{"/slow": true, "/stalls": false} {
		resp, err := client.Get(server.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		begin := time.Now()
		_, err = io.ReadAll(resp.Body)
		resp.Body.Close()
		if (err == nil) != want || time.Since(begin) > 20*time.Second {
			t.Errorf("%s: %v after %s", path, err, time.Since(begin))
		}
	}
}
