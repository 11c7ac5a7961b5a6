package repository

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"time"
)

// How long a registry may take: to accept a connection, and to go on once it is
// asked. A whole transfer is bounded by the caller's context.
const (
	dialTimeout  = 10 * time.Second
	stallTimeout = 60 * time.Second
)

// newTransport returns a transport that gives up on a connection over which nothing
// goes for as long as stall, and that stays with TLS unless plain is set.
func newTransport(plain bool, stall time.Duration) http.RoundTripper {
	dialer := &net.Dialer{Timeout: dialTimeout}
	t := &http.Transport{
		Proxy: http.ProxyFromEnvironment,
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			c, err := dialer.DialContext(ctx, network, address)
			if err != nil {
				return nil, err
			}
			return &movingConn{c, stall}, nil
		},
		TLSHandshakeTimeout:   dialTimeout,
		ResponseHeaderTimeout: stall,
		ForceAttemptHTTP2:     true,
	}
	if plain {
		return t
	}
	return tlsOnly{t}
}

// movingConn is a connection that breaks when nothing goes over it.
type movingConn struct {
	net.Conn
	stall time.Duration
}

// Read implements [net.Conn].
func (c *movingConn) Read(b []byte) (int, error) {
	if err := c.SetReadDeadline(time.Now().Add(c.stall)); err != nil {
		return 0, err
	}
	return c.Conn.Read(b)
}

// Write implements [net.Conn]. While it goes on, no answer is due.
func (c *movingConn) Write(b []byte) (int, error) {
	if err := c.SetDeadline(time.Now().Add(c.stall)); err != nil {
		return 0, err
	}
	return c.Conn.Write(b)
}

// tlsOnly refuses requests without TLS: a registry may redirect, and name a server
// for tokens, and credentials go there.
type tlsOnly struct{ http.RoundTripper }

// RoundTrip implements [http.RoundTripper].
func (t tlsOnly) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Scheme != "https" {
		return nil, fmt.Errorf("the registry leads to %.100q without TLS, which --plain-http would allow", r.URL.Scheme+"://"+r.URL.Host)
	}
	return t.RoundTripper.RoundTrip(r)
}
