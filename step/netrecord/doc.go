// Package netrecord is the proxy through which a step with network=record reaches the
// network, and the record of what went through it.
//
//	var r netrecord.Recorder
//	access, err := r.Start(step.ConfigNetwork{Allow: patterns}, os.Environ())
//	... // the command runs with access.Env and may connect to access.Port alone
//	requests, reasons, err := r.Finish()
//
// It is an HTTP proxy (RFC 9110, section 3.7) on loopback. A CONNECT is answered, and
// what comes must be TLS: the proxy ends it with a certificate of an authority that is
// made for this step and dies with it, and makes a connection of its own to the server,
// whose certificate it verifies. So every request is seen, HTTP/1.1 on the command's
// side. Anything else than HTTP is refused.
//
// Of a request, method and URL are kept, without credentials and the values of secret
// parameters, the status, and digest and size of both bodies, which are hashed as they
// stream by. Header fields and bodies are kept nowhere.
package netrecord
