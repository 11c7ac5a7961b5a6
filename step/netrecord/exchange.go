package netrecord

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"hash"
	"io"
	"net/http"
	"net/url"
	"sync"

	"github.com/sworn-build/sworn/step"
)

// exchangeKey is the context's key of the *exchange of a request.
type exchangeKey struct{}

// exchange is a request on its way and what came back.
type exchange struct {
	method, url, rng string
	asked            *url.URL
	status           int
	location         string
	upgrade          string
	failed           string
	sent, got        *body // nil: there is none
}

// roundTripper hashes the bodies that go through the proxy's transport.
type roundTripper struct{ p *proxy }

// RoundTrip implements http.RoundTripper.
func (t roundTripper) RoundTrip(r *http.Request) (*http.Response, error) {
	x := r.Context().Value(exchangeKey{}).(*exchange)
	if r.Body != nil && r.Body != http.NoBody {
		x.sent = newBody(r.Body)
		r.Body = x.sent
	}
	resp, err := t.p.transport.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	x.status = resp.StatusCode
	x.location = location(x.asked, resp.Header.Get("Location"))
	switch {
	case resp.StatusCode == http.StatusSwitchingProtocols:
		x.upgrade = bounded(resp.Header.Get("Upgrade"))
		if x.upgrade == "" {
			x.upgrade = "another protocol"
		}
	case x.method != http.MethodHead && resp.StatusCode != http.StatusNoContent && resp.StatusCode != http.StatusNotModified:
		x.got = newBody(resp.Body)
		resp.Body = x.got
	}
	return resp, nil
}

// request is the exchange as it is recorded.
func (x *exchange) request() step.Request {
	r := step.Request{
		Method: x.method, URL: x.url, Status: x.status, Range: x.rng, Location: x.location, Upgrade: x.upgrade, Reason: x.failed,
	}
	if x.sent != nil {
		r.Sent, r.SentSize, _ = x.sent.sum()
		if r.SentSize == 0 {
			r.Sent = ""
		}
	}
	if x.got != nil {
		var whole bool
		if r.Digest, r.Size, whole = x.got.sum(); !whole && r.Reason == "" {
			r.Reason = "the response did not come to its end"
		}
	}
	return r
}

// body hashes what is read of another one. Reader and summer may be two goroutines.
type body struct {
	io.ReadCloser
	mu    sync.Mutex
	hash  hash.Hash
	size  int64
	whole bool
}

func newBody(r io.ReadCloser) *body { return &body{ReadCloser: r, hash: sha256.New()} }

// Read implements io.Reader.
func (b *body) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.mu.Lock()
	b.hash.Write(p[:n])
	b.size += int64(n)
	b.whole = b.whole || errors.Is(err, io.EOF)
	b.mu.Unlock()
	return n, err
}

// sum returns the digest, empty unless all was read, and the bytes that were.
func (b *body) sum() (digest string, size int64, whole bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.whole {
		digest = "sha256:" + hex.EncodeToString(b.hash.Sum(nil))
	}
	return digest, b.size, b.whole
}
