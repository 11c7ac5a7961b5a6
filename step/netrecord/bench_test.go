package netrecord

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"
)

// Paths of the benchmark's server, by how fast it sends.
const (
	loopback = "/loopback"   // as fast as it can
	gigabit  = "/1-Gbit-a-s" // as fast as a good line
)

// BenchmarkDownload is one large body, straight and through the proxy, as fast as the
// machine copies and as fast as a line of a gigabit brings it.
func BenchmarkDownload(b *testing.B) {
	const (
		size = 1 << 30
		line = 125_000_000 // bytes a second
	)
	piece := make([]byte, 1<<20)
	for _, scheme := range []string{"http", "https"} {
		h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			begun := time.Now()
			for i := range size / len(piece) {
				w.Write(piece)
				if r.URL.Path == gigabit {
					time.Sleep(time.Until(begun.Add(time.Duration(i+1) * time.Duration(len(piece)) * time.Second / line)))
				}
			}
		})
		server := httptest.NewServer(h)
		if scheme == "https" {
			server.Close()
			server = httptest.NewTLSServer(h)
		}
		for _, speed := range []string{loopback, gigabit} {
			for _, way := range []string{"direct", "recorded"} {
				b.Run(scheme+speed+"/"+way, func(b *testing.B) {
					client := server.Client()
					if way == "recorded" {
						client = start(b, server).client
					}
					b.SetBytes(size)
					for b.Loop() {
						download(b, client, server.URL+speed, size)
					}
				})
			}
		}
		server.Close()
	}
}

// download reads a body to its end.
func download(b *testing.B, client *http.Client, url string, size int64) {
	resp, err := client.Get(url)
	if err != nil {
		b.Fatal(err)
	}
	defer resp.Body.Close()
	if n, err := io.Copy(io.Discard, resp.Body); err != nil || n != size {
		b.Fatal(n, err)
	}
}
