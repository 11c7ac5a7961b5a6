package netrecord

import (
	"crypto/subtle"
	"net/http"
)

// proxyUser is the user's name in the address that the command gets.
const proxyUser = "step"

// admits reports whether a request comes from the step: it has the password that the
// command's variables hold (RFC 7617). The port alone proves nothing, because without a
// network namespace of its own the step shares loopback with the machine. Who is not
// admitted is not recorded either: others must not write to the step's record.
func (p *proxy) admits(r *http.Request) bool {
	given := http.Request{Header: http.Header{"Authorization": r.Header["Proxy-Authorization"]}}
	user, password, ok := given.BasicAuth()
	return ok && user == proxyUser && subtle.ConstantTimeCompare([]byte(password), []byte(p.secret)) == 1
}
