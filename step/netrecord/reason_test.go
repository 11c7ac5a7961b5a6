package netrecord

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/textproto"
	"net/url"
	"os"
	"syscall"
	"testing"
	"time"
)

// The second run of a step fails of the same, at another time and from another port.
func TestReasonsAreTheSameInTheNextRun(t *testing.T) {
	at := func(port int) *net.TCPAddr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: port} }
	for _, c := range []struct {
		make func(n int) error
		want string
	}{
		{func(n int) error {
			return &net.OpError{Op: "read", Net: "tcp", Source: at(n), Addr: at(80), Err: os.NewSyscallError("read", syscall.ECONNRESET)}
		}, "the connection broke off"},
		{func(n int) error {
			return []error{io.EOF, fmt.Errorf("transport connection broken: %w", io.ErrUnexpectedEOF)}[n%2]
		}, "the connection broke off"},
		{func(int) error { return errors.New("http: server closed idle connection") }, "the connection broke off"},
		{func(n int) error {
			inner := &net.OpError{Op: "dial", Net: "tcp", Addr: at(n), Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}
			return &url.Error{Op: "Get", URL: fmt.Sprint("http://x/", n), Err: &net.OpError{Op: "proxyconnect", Net: "tcp", Err: inner}}
		}, "proxyconnect: dial: connect: connection refused"},
		{func(n int) error {
			return &net.OpError{Op: "dial", Net: "tcp", Err: &net.DNSError{
				Err: fmt.Sprintf("read udp 10.0.0.2:%d->[fe80::1%%eth0]:53: i/o timeout", n), Name: "h.test", Server: "10.0.0.1:53",
			}}
		}, "look up host: read udp *->*: i/o timeout"},
		{func(n int) error {
			return &tls.CertificateVerificationError{Err: x509.CertificateInvalidError{
				Cert: &x509.Certificate{}, Reason: x509.Expired,
				Detail: "current time " + time.Unix(int64(n), 0).Format(time.RFC3339) + " is after 2020-01-01T00:00:00Z",
			}}
		}, "x509: certificate has expired or is not yet valid"},
		{func(n int) error {
			return fmt.Errorf("http2: server sent GOAWAY and closed the connection; LastStreamID=%d, ErrCode=NO_ERROR", n)
		}, "http2: server sent GOAWAY and closed the connection; *, ErrCode=NO_ERROR"},
		{func(n int) error { return fmt.Errorf("stream error: stream ID %d; INTERNAL_ERROR", n) }, "stream error: *; INTERNAL_ERROR"},
		{func(n int) error {
			return fmt.Errorf("read tcp [::1]:%d->[::1]:443: use of closed connection at %s", n, time.Unix(int64(n), 7).UTC().Format(time.RFC3339Nano))
		}, "read tcp *->*: use of closed connection at *"},
		{func(int) error { return fmt.Errorf("round trip: %w", context.Canceled) }, "the command went away"},
		{func(n int) error { return fmt.Errorf("malformed HTTP version %q", fmt.Sprint("t0ps3cret\"", n)) }, `malformed HTTP version "..."`},
		{func(n int) error {
			return fmt.Errorf("transport: %w", textproto.ProtocolError(fmt.Sprint("malformed MIME header line: t0ps3cret ", n)))
		}, "malformed header of the answer"},
		{func(int) error {
			return &tls.CertificateVerificationError{Err: x509.UnknownAuthorityError{}}
		}, "x509: certificate signed by unknown authority"},
		{func(int) error { return errors.New("version 1.2.3.4 is not 10:20") }, "version 1.2.3.4 is not 10:20"},
	} {
		for _, n := range []int{40001, 40002} {
			if got := reason(c.make(n)); got != c.want {
				t.Errorf("%v: %q, want %q", c.make(n), got, c.want)
			}
		}
	}
}
