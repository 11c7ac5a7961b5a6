package netrecord

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	stdlog "log"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"time"

	"golang.org/x/net/http/httpproxy"

	// Roots for containers that have none of their own.
	_ "golang.org/x/crypto/x509roots/fallback"

	"github.com/sworn-build/sworn/step"
	"github.com/sworn-build/sworn/step/pattern"
	"github.com/sworn-build/sworn/step/runner"
)

const (
	maxConns    = 512       // connections of the command at a time
	maxHeader   = 128 << 10 // bytes of a request's or response's header, times maxConns
	copyBuffer  = 256 << 10 // bytes of a body on their way
	dialTimeout = 30 * time.Second
	// headerTimeout is for the header of a request, once its connection is there.
	headerTimeout = time.Minute
	// lastWords is how long requests may take to end when their clients are gone.
	lastWords = 10 * time.Second
)

// proxy is the service.
type proxy struct {
	log       log
	secret    string // without which nobody is served
	allow     []string
	authority *authority
	transport http.RoundTripper
	forward   *httputil.ReverseProxy

	listener net.Listener
	outer    *http.Server // what the command connects to
	inner    *http.Server // what is in TLS connections
	opened   *handoff
	running  sync.WaitGroup
}

// hostKey is the context's key of the HOST:PORT that a TLS connection was asked for.
type hostKey struct{}

// newProxy serves on a listener, whom knows the secret. The way out may lead through
// another proxy. Servers are verified with roots; nil are the system's.
func newProxy(l net.Listener, a *authority, secret string, way runner.Way, roots *x509.CertPool) *proxy {
	p := &proxy{secret: secret, allow: way.Allow, authority: a, opened: newHandoff(l.Addr()), listener: limit(l, maxConns)}
	out := newTransport(way.Environ, roots)
	p.transport = out
	if way.BuildKit {
		p.transport = plain{out}
	}
	p.forward = &httputil.ReverseProxy{
		Rewrite:       rewrite,
		Transport:     roundTripper{p},
		FlushInterval: -1,
		BufferPool:    newBuffers(),
		ErrorHandler:  unreachable,
		ErrorLog:      stdlog.New(io.Discard, "", 0),
	}
	p.outer = &http.Server{
		Handler: http.HandlerFunc(p.serve), ReadHeaderTimeout: headerTimeout, MaxHeaderBytes: maxHeader,
		ErrorLog: stdlog.New(io.Discard, "", 0),
	}
	p.inner = &http.Server{
		Handler: http.HandlerFunc(p.serveInTLS), ReadHeaderTimeout: headerTimeout, MaxHeaderBytes: maxHeader,
		ErrorLog: stdlog.New(io.Discard, "", 0),
		ConnContext: func(ctx context.Context, c net.Conn) context.Context {
			return context.WithValue(ctx, hostKey{}, c.(*opened).host)
		},
	}
	for _, s := range []struct {
		server *http.Server
		on     net.Listener
	}{{p.outer, p.listener}, {p.inner, p.opened}} {
		p.running.Go(func() { _ = s.server.Serve(s.on) }) // it ends with an error, always
	}
	return p
}

func newTransport(environ []string, roots *x509.CertPool) *http.Transport {
	env := func(name string) string {
		return cmp.Or(append(values(environ, name), values(environ, strings.ToUpper(name))...)...)
	}
	way := httpproxy.Config{HTTPProxy: env("http_proxy"), HTTPSProxy: env("https_proxy"), NoProxy: env("no_proxy")}
	out := way.ProxyFunc()
	return &http.Transport{
		Proxy:                  func(r *http.Request) (*url.URL, error) { return out(r.URL) },
		DialContext:            (&net.Dialer{Timeout: dialTimeout}).DialContext,
		DisableCompression:     true, // the body goes through as it is
		TLSClientConfig:        &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12},
		ForceAttemptHTTP2:      true,
		MaxIdleConns:           maxConns,
		MaxIdleConnsPerHost:    32,
		IdleConnTimeout:        time.Minute,
		TLSHandshakeTimeout:    dialTimeout,
		ExpectContinueTimeout:  time.Second,
		MaxResponseHeaderBytes: maxHeader,
		ReadBufferSize:         64 << 10,
		WriteBufferSize:        64 << 10,
	}
}

// close ends the service; no process of the step is left.
func (p *proxy) close() {
	_ = p.outer.Close() // the listener's error says nothing that matters now
	_ = p.inner.Close()
	done := make(chan struct{})
	go func() {
		p.running.Wait()
		close(done)
	}()
	select {
	case <-done:
	case <-time.After(lastWords):
		p.log.miss("a request did not end with the step")
	}
	if t, ok := p.transport.(interface{ CloseIdleConnections() }); ok {
		t.CloseIdleConnections()
	}
}

// serve answers what the command asks of the proxy.
func (p *proxy) serve(w http.ResponseWriter, r *http.Request) {
	p.running.Add(1)
	defer p.running.Done()
	switch {
	case !p.admits(r):
		w.Header().Set("Proxy-Authenticate", `Basic realm="sworn"`)
		http.Error(w, "sworn: this is the recording proxy of a build step: it wants the user and the password that the step's http_proxy has",
			http.StatusProxyAuthRequired)
	case r.Method == http.MethodConnect:
		p.connect(w, r)
	case r.URL.Scheme == "http" && r.URL.Host != "":
		p.pass(w, r)
	default:
		http.Error(w, "sworn: this is the recording proxy of a build step: ask it for http://... or CONNECT", http.StatusBadRequest)
	}
}

// serveInTLS answers a request in a TLS connection.
func (p *proxy) serveInTLS(w http.ResponseWriter, r *http.Request) {
	p.running.Add(1)
	defer p.running.Done()
	host, _ := r.Context().Value(hostKey{}).(string)
	if r.Method == http.MethodConnect || r.URL.IsAbs() && r.URL.Scheme != "https" {
		http.Error(w, "sworn: a proxy in a connection through the proxy is not recorded", http.StatusBadRequest)
		return
	}
	to := &url.URL{Scheme: "https", Host: strings.TrimSuffix(host, ":443")}
	if r.URL.Opaque != "" {
		// https:http://OTHER/ would go out as http://OTHER/, past all that is looked at here.
		r.URL = to
		p.refuse(w, r, http.StatusBadRequest, "what the request is for is neither a path nor a URL with a host")
		return
	}
	r.URL.Scheme, r.URL.Host = to.Scheme, to.Host
	if !sameHost(r.Host, host) {
		p.refuse(w, r, http.StatusMisdirectedRequest, fmt.Sprintf("the request is for host %q, the connection is to %q", r.Host, host))
		return
	}
	p.pass(w, r)
}

// sameHost compares host names, not ports: clients leave those of the scheme out.
func sameHost(asked, host string) bool {
	a, b := url.URL{Host: asked}, url.URL{Host: host}
	return strings.EqualFold(strings.TrimSuffix(a.Hostname(), "."), strings.TrimSuffix(b.Hostname(), "."))
}

// refuse answers without asking anybody, and records that.
func (p *proxy) refuse(w http.ResponseWriter, r *http.Request, status int, reason string) {
	p.log.add(step.Request{Method: method(r), URL: redact(r.URL), Refused: true, Reason: reason})
	http.Error(w, "sworn: refused: "+reason, status)
}

// pass sends a request on, if it may be, and its answer back.
func (p *proxy) pass(w http.ResponseWriter, r *http.Request) {
	if len(p.allow) > 0 && !pattern.MatchURL(p.allow, r.URL) {
		u := redact(r.URL)
		plain, _, _ := strings.Cut(u, "?")
		p.refuse(w, r, http.StatusForbidden, fmt.Sprintf(
			"%s is not among the allowed URLs of this step; to allow it, add above its RUN\n# sworn: allow=%q reason=\"...\"", u, plain))
		return
	}
	x := &exchange{method: method(r), url: redact(r.URL), asked: r.URL, rng: bounded(r.Header.Get("Range"))}
	defer func() { p.log.add(x.request()) }() // also when the copy panics to end the connection
	p.forward.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), exchangeKey{}, x)))
	if x.upgrade != "" {
		p.log.miss("a connection became " + x.upgrade + ": what went over it is not recorded")
	}
}

// method bounds what a record has of a method.
func method(r *http.Request) string { return r.Method[:min(len(r.Method), 32)] }

// bounded keeps a header's value to what a range has.
func bounded(s string) string { return strings.ToValidUTF8(s[:min(len(s), 256)], "") }

// rewrite gives the request on as it came.
func rewrite(r *httputil.ProxyRequest) {
	r.Out.URL.RawQuery = r.In.URL.RawQuery // unparsable parameters too
	for _, name := range []string{"Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto"} {
		if v, ok := r.In.Header[name]; ok {
			r.Out.Header[name] = v
		}
	}
}

// unreachable answers when the server did not.
func unreachable(w http.ResponseWriter, r *http.Request, err error) {
	if x, ok := r.Context().Value(exchangeKey{}).(*exchange); ok && x.failed == "" {
		x.failed = reason(err)
	}
	http.Error(w, "sworn: "+reason(err), http.StatusBadGateway)
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
