package netrecord

import (
	"bufio"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/sworn-build/sworn/step"
)

// handshakeTimeout is for the first bytes of a connection and its TLS handshake.
const handshakeTimeout = 30 * time.Second

// maxHost bounds HOST:PORT in bytes: the longest name that DNS has, and a port. What is
// longer would only fill the cache of certificates.
const maxHost = 253 + len(":65535")

// tlsHandshake is the content type of the first record of a TLS connection (RFC 8446,
// section 5.1).
const tlsHandshake = 22

// connect ends the TLS connection that the command wants to a host, and has what is in
// it served.
func (p *proxy) connect(w http.ResponseWriter, r *http.Request) {
	host := r.Host
	if _, _, err := net.SplitHostPort(host); err != nil || len(host) > maxHost {
		http.Error(w, "sworn: CONNECT wants HOST:PORT", http.StatusBadRequest)
		return
	}
	conn, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		http.Error(w, "sworn: "+err.Error(), http.StatusInternalServerError)
		return
	}
	if why := p.terminate(conn, buffered, host); why != "" {
		p.log.add(step.Request{Method: http.MethodConnect, URL: redact(&url.URL{Scheme: "https", Host: host}), Refused: true, Reason: why})
		_ = conn.Close() // nothing was promised
	}
}

// terminate hands the connection over, or says why it was not.
func (p *proxy) terminate(conn net.Conn, buffered *bufio.ReadWriter, host string) string {
	if err := conn.SetDeadline(time.Now().Add(handshakeTimeout)); err != nil {
		return reason(err)
	}
	if _, err := io.WriteString(conn, "HTTP/1.1 200 Connection established\r\n\r\n"); err != nil {
		return reason(err)
	}
	first, err := buffered.Peek(1)
	switch {
	case errors.Is(err, io.EOF):
		return "the connection was not used"
	case err != nil:
		return reason(err)
	case first[0] != tlsHandshake:
		return "what came after CONNECT is not TLS, and only HTTP is recorded"
	}
	name, _, _ := net.SplitHostPort(host) // checked by connect
	t := tls.Server(&peeked{conn, buffered.Reader}, &tls.Config{
		MinVersion: tls.VersionTLS12,
		NextProtos: []string{"http/1.1"},
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
			return p.authority.leaf(name)
		},
	})
	if err := t.Handshake(); err != nil {
		return "TLS with the command: " + reason(err) + " (does it trust the recorder's authority?)"
	}
	if err := conn.SetDeadline(time.Time{}); err != nil {
		return reason(err)
	}
	if !p.opened.give(&opened{t, host}) {
		return "the step is over"
	}
	return ""
}

// peeked is a connection of which something was read already.
type peeked struct {
	net.Conn
	r *bufio.Reader
}

// Read implements net.Conn.
func (c *peeked) Read(b []byte) (int, error) { return c.r.Read(b) }

// opened is a TLS connection that was ended here.
type opened struct {
	net.Conn
	host string // HOST:PORT
}

// handoff is a listener for connections that are there already.
type handoff struct {
	addr   net.Addr
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func newHandoff(addr net.Addr) *handoff {
	return &handoff{addr: addr, conns: make(chan net.Conn), closed: make(chan struct{})}
}

func (h *handoff) give(c net.Conn) bool {
	select {
	case h.conns <- c:
		return true
	case <-h.closed:
		return false
	}
}

// Accept implements net.Listener.
func (h *handoff) Accept() (net.Conn, error) {
	select {
	case c := <-h.conns:
		return c, nil
	case <-h.closed:
		return nil, net.ErrClosed
	}
}

// Close implements net.Listener.
func (h *handoff) Close() error {
	h.once.Do(func() { close(h.closed) })
	return nil
}

// Addr implements net.Listener.
func (h *handoff) Addr() net.Addr { return h.addr }

// limited is a listener with so many connections at a time at most; more wait.
type limited struct {
	net.Listener
	free chan struct{}
}

func limit(l net.Listener, n int) net.Listener { return &limited{l, make(chan struct{}, n)} }

// Accept implements net.Listener.
func (l *limited) Accept() (net.Conn, error) {
	l.free <- struct{}{}
	c, err := l.Listener.Accept()
	if err != nil {
		<-l.free
		return nil, err
	}
	return &counted{Conn: c, free: l.free}, nil
}

// counted gives its place back when it is closed.
type counted struct {
	net.Conn
	free chan struct{}
	once sync.Once
}

// Close implements net.Conn.
func (c *counted) Close() error {
	c.once.Do(func() { <-c.free })
	return c.Conn.Close()
}

// buffers are for bodies on their way (httputil.BufferPool).
type buffers struct{ pool sync.Pool }

func newBuffers() *buffers {
	return &buffers{sync.Pool{New: func() any { b := make([]byte, copyBuffer); return &b }}}
}

// Get implements httputil.BufferPool.
func (b *buffers) Get() []byte { return *b.pool.Get().(*[]byte) }

// Put implements httputil.BufferPool.
func (b *buffers) Put(p []byte) { b.pool.Put(&p) }
