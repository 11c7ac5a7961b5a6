package netrecord

import (
	"cmp"
	"net/http"
	"net/url"
)

// plain is the way out through the proxy of BuildKit's proxy network. That one ends TLS
// itself, with an authority of its own: it gets https URLs as they are (RFC 9112, section
// 3.2.2), in place of a connection that it would have to open again. So TLS is ended once,
// and BuildKit verifies the server.
type plain struct{ *http.Transport }

// RoundTrip implements http.RoundTripper.
func (p plain) RoundTrip(r *http.Request) (*http.Response, error) {
	via, err := p.Proxy(r)
	if err != nil || via == nil || r.URL.Scheme != "https" {
		return p.Transport.RoundTrip(r)
	}
	path := cmp.Or(r.URL.EscapedPath(), "/")
	if path == "*" { // OPTIONS *: of a server as a whole, a URL without a path
		path = ""
	}
	out := r.Clone(r.Context())
	out.URL = &url.URL{
		Scheme: "http", Host: r.URL.Host, RawQuery: r.URL.RawQuery, ForceQuery: r.URL.ForceQuery,
		Opaque: "https://" + r.URL.Host + path,
	}
	return p.Transport.RoundTrip(out)
}
