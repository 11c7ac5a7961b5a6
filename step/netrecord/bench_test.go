package netrecord

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
)

// BenchmarkDownload is one large body, straight and through the proxy.
func BenchmarkDownload(b *testing.B) {
	const size = 1 << 30
	piece := make([]byte, 1<<20)
	for _, scheme := range []string{"http", "https"} {
		h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			for range size / len(piece) {
				w.Write(piece)
			}
		})
		server := httptest.NewServer(h)
		if scheme == "https" {
			server.Close()
			server = httptest.NewTLSServer(h)
		}
		for _, way := range []string{"direct", "recorded"} {
			b.Run(scheme+"/"+way, func(b *testing.B) {
				client := server.Client()
				if way == "recorded" {
					client = start(b, server).client
				}
				b.SetBytes(size)
				for b.Loop() {
					resp, err := client.Get(server.URL)
					if err != nil {
						b.Fatal(err)
					}
					n, err := io.Copy(io.Discard, resp.Body)
					if err != nil || n != size {
						b.Fatal(n, err)
					}
					resp.Body.Close()
				}
			})
		}
		server.Close()
	}
}
