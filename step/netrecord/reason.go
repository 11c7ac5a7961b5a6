package netrecord

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/textproto"
	"net/url"
	"regexp"
	"strings"

	"golang.org/x/sys/unix"
)

// reason says what a connection failed of, in words that are the same in the next run:
// without addresses and ports of connections, times, and numbers of HTTP/2 streams. Nor
// does it quote what a server sent, which may be a secret.
func reason(err error) string {
	var dns *net.DNSError
	var invalid x509.CertificateInvalidError
	var verify *tls.CertificateVerificationError
	var protocol textproto.ProtocolError
	switch {
	case errors.As(err, &dns):
		return "look up host: " + settled(dns.Err)
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return "x509: certificate has expired or is not yet valid"
	case errors.As(err, &verify):
		return settled(verify.Err.Error()) // quotes names in certificates
	case errors.As(err, &protocol):
		return "malformed header of the answer"
	case errors.Is(err, context.Canceled):
		return "the command went away"
	case brokeOff(err):
		return "the connection broke off"
	}
	var asked *url.Error
	if errors.As(err, &asked) {
		err = asked.Err
	}
	return settled(quoted.ReplaceAllString(operation(err), `"..."`))
}

// brokeOff reports whether the other end closed a connection. How that looks is a matter of
// when it is noticed.
func brokeOff(err error) bool {
	for _, end := range []error{io.EOF, io.ErrUnexpectedEOF, unix.ECONNRESET, unix.EPIPE} {
		if errors.Is(err, end) {
			return true
		}
	}
	return strings.HasSuffix(err.Error(), "http: server closed idle connection") // net/http's, which has no name
}

// quoted finds what an error quotes.
var quoted = regexp.MustCompile(`"(?:[^"\\]|\\.)*"?`)

// operation is the text of an error without the addresses that net.OpError puts in.
func operation(err error) string {
	var op *net.OpError
	if errors.As(err, &op) {
		return op.Op + ": " + operation(op.Err)
	}
	return err.Error()
}

// chance finds what differs from run to run: addresses with a port and the two ends of a
// connection, times (RFC 3339), and the numbers that net/http tells of HTTP/2.
var chance = regexp.MustCompile(`(?:(?:\d{1,3}\.){3}\d{1,3}|\[[0-9a-fA-F:.]*:[0-9a-zA-Z:.%]*\]):\d+` +
	`|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\S*` +
	`|(?:LastStreamID=|stream ID )\d+`)

// settled bounds a text and takes out of it what is chance.
func settled(s string) string { return chance.ReplaceAllString(bounded(s), "*") }
