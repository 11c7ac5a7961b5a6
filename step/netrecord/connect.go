package netrecord

import (
	"bufio"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/url"
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
	case err != nil: // at its end, or after too long
		return "the connection was not used"
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
