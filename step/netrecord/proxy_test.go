package netrecord

import (
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/sworn-build/sworn/step"
	"github.com/sworn-build/sworn/step/runner"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// site is a server with one of everything.
func site() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/file", func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "content") })
	mux.HandleFunc("/echo", func(w http.ResponseWriter, r *http.Request) { io.Copy(w, r.Body) })
	mux.HandleFunc("/moved", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/file?token=t0ps3cret", http.StatusFound)
	})
	mux.HandleFunc("/none", func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusNoContent) })
	mux.HandleFunc("/part", func(w http.ResponseWriter, r *http.Request) {
		http.ServeContent(w, r, "part", time.Unix(0, 0), strings.NewReader("0123456789"))
	})
	mux.HandleFunc("/stream", func(w http.ResponseWriter, r *http.Request) {
		for i := range 3 {
			fmt.Fprintf(w, "line %d\n", i)
			w.(http.Flusher).Flush()
		}
	})
	mux.HandleFunc("/broken", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "100")
		io.WriteString(w, "short")
	})
	mux.HandleFunc("/headers", func(w http.ResponseWriter, r *http.Request) {
		for _, h := range []string{"Authorization", "User-Agent", "X-Forwarded-For", "Accept-Encoding", "Proxy-Authorization"} {
			fmt.Fprintf(w, "%s=%q\n", h, r.Header[h])
		}
		fmt.Fprintln(w, r.URL.RawQuery)
	})
	mux.HandleFunc("/upgrade", func(w http.ResponseWriter, r *http.Request) {
		c, rw, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		defer c.Close()
		io.WriteString(c, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
		line, _ := rw.ReadString('\n')
		io.WriteString(c, line)
	})
	return mux
}

// running is a proxy and a client that goes through it.
type running struct {
	*proxy
	client *http.Client
	at     string
}

// testSecret is what clients of start's proxies have.
const testSecret = "the-steps-own"

// start serves a proxy that trusts a server.
func start(t testing.TB, server *httptest.Server, allow ...string) running {
	t.Helper()
	var roots *x509.CertPool
	if server != nil && server.TLS != nil {
		roots = x509.NewCertPool()
		roots.AddCert(server.Certificate())
	}
	return serve(t, runner.Way{Allow: allow}, roots)
}

// serve serves a proxy that verifies servers with roots.
func serve(t testing.TB, way runner.Way, roots *x509.CertPool) running {
	t.Helper()
	a, err := newAuthority(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return run(t, newProxy(l, a, testSecret, way, roots))
}

// run makes the client of a proxy, and ends both with the test.
func run(t testing.TB, p *proxy) running {
	t.Helper()
	at := p.listener.Addr().String()
	trusted := x509.NewCertPool()
	trusted.AddCert(p.authority.cert)
	transport := &http.Transport{
		Proxy:              http.ProxyURL(&url.URL{Scheme: "http", User: url.UserPassword(proxyUser, testSecret), Host: at}),
		TLSClientConfig:    &tls.Config{RootCAs: trusted},
		DisableCompression: true,
	}
	t.Cleanup(func() { transport.CloseIdleConnections(); p.close() })
	return running{p, &http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}, at}
}

// do makes a request and returns status and body; a failure is status 0.
func (r running) do(t testing.TB, method, u, body string, headers ...string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, u, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if body == "" {
		req.Body = nil
	}
	for _, h := range headers {
		k, v, _ := strings.Cut(h, ": ")
		req.Header.Set(k, v)
	}
	resp, err := r.client.Do(req)
	if err != nil {
		return 0, err.Error()
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		return resp.StatusCode, string(b) + ": " + err.Error()
	}
	return resp.StatusCode, string(b)
}

// recorded ends the service and returns what it recorded, the server's address replaced.
func (r running) recorded(t testing.TB, server *httptest.Server) ([]step.Request, []string) {
	t.Helper()
	r.client.CloseIdleConnections()
	r.close()
	requests, reasons := r.log.result()
	if server != nil {
		for i := range requests {
			for _, s := range []*string{&requests[i].URL, &requests[i].Location} {
				*s = strings.Replace(*s, server.URL, "SITE", 1)
			}
		}
	}
	return requests, reasons
}

func digest(s string) string {
	sum := sha256.Sum256([]byte(s))
	return "sha256:" + hex.EncodeToString(sum[:])
}

func TestEveryRequestIsRecorded(t *testing.T) {
	for _, scheme := range []string{"http", "https"} {
		t.Run(scheme, func(t *testing.T) {
			server := httptest.NewServer(site())
			if scheme == "https" {
				server.Close()
				server = httptest.NewTLSServer(site())
			}
			defer server.Close()
			r := start(t, server)
			for _, c := range []struct {
				method, path, body string
				headers            []string
				status             int
				want               string
			}{
				{"GET", "/file", "", nil, 200, "content"},
				{"GET", "/file", "", nil, 200, "content"},
				{"HEAD", "/file", "", nil, 200, ""},
				{"POST", "/echo", "sent", nil, 200, "sent"},
				{"GET", "/moved", "", nil, 302, "<a href=\"/file?token=t0ps3cret\">Found</a>.\n\n"},
				{"GET", "/none", "", nil, 204, ""},
				{"GET", "/part", "", []string{"Range: bytes=2-4"}, 206, "234"},
				{"GET", "/stream", "", nil, 200, "line 0\nline 1\nline 2\n"},
				{"GET", "/nothing", "", nil, 404, "404 page not found\n"},
				{"GET", "/file?a=1&X-Amz-Signature=s3cret&b=2", "", nil, 200, "content"},
			} {
				status, got := r.do(t, c.method, server.URL+c.path, c.body, c.headers...)
				if status != c.status || got != c.want {
					t.Errorf("%s %s: %d %q, want %d %q", c.method, c.path, status, got, c.status, c.want)
				}
			}
			got, reasons := r.recorded(t, server)
			moved := "<a href=\"/file?token=t0ps3cret\">Found</a>.\n\n"
			want := []step.Request{
				{Method: "POST", URL: "SITE/echo", Status: 200, Digest: digest("sent"), Size: 4, Sent: digest("sent"), SentSize: 4, Count: 1},
				{Method: "GET", URL: "SITE/file", Status: 200, Digest: digest("content"), Size: 7, Count: 2},
				{Method: "HEAD", URL: "SITE/file", Status: 200, Count: 1},
				{Method: "GET", URL: "SITE/file?a=1&X-Amz-Signature=REDACTED&b=2", Status: 200, Digest: digest("content"), Size: 7, Count: 1},
				{Method: "GET", URL: "SITE/moved", Status: 302, Digest: digest(moved), Size: int64(len(moved)), Location: "SITE/file?token=REDACTED", Count: 1},
				{Method: "GET", URL: "SITE/none", Status: 204, Count: 1},
				{Method: "GET", URL: "SITE/nothing", Status: 404, Digest: digest("404 page not found\n"), Size: 19, Count: 1},
				{Method: "GET", URL: "SITE/part", Status: 206, Digest: digest("234"), Size: 3, Range: "bytes=2-4", Count: 1},
				{Method: "GET", URL: "SITE/stream", Status: 200, Digest: digest("line 0\nline 1\nline 2\n"), Size: 21, Count: 1},
			}
			if d := cmp.Diff(want, got); d != "" || len(reasons) > 0 {
				t.Errorf("reasons %q, requests (-want +got):\n%s", reasons, d)
			}
		})
	}
}

func TestTheServerGetsTheRequestAsItWas(t *testing.T) {
	server := httptest.NewTLSServer(site())
	defer server.Close()
	r := start(t, server)
	_, got := r.do(t, "GET", server.URL+"/headers?a;b&c=%zz", "", "Authorization: Bearer t0ps3cret", "User-Agent: tool/1", "X-Forwarded-For: x", "Proxy-Authorization: Basic t0ps3cret")
	want := `Authorization=["Bearer t0ps3cret"]` + "\n" + `User-Agent=["tool/1"]` + "\n" + `X-Forwarded-For=["x"]` + "\nAccept-Encoding=[]\nProxy-Authorization=[]\na;b&c=%zz\n"
	if got != want {
		t.Errorf("the server got\n%swant\n%s", got, want)
	}
	requests, _ := r.recorded(t, nil)
	if text := fmt.Sprintf("%+v", requests); strings.Contains(text, "s3cret") {
		t.Errorf("a secret is in the record: %s", text)
	}
}

func TestFailuresAreRecordedAsTheyAre(t *testing.T) {
	server := httptest.NewServer(site())
	defer server.Close()
	r := start(t, server)
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed := l.Addr().String()
	l.Close()
	if status, body := r.do(t, "GET", "http://"+closed+"/", ""); status != http.StatusBadGateway || !strings.Contains(body, "refused") {
		t.Errorf("a server that is not there: %d %s", status, body)
	}
	if _, body := r.do(t, "GET", server.URL+"/broken", ""); !strings.Contains(body, "unexpected EOF") {
		t.Errorf("a body that breaks off: %s", body)
	}
	untrusted := httptest.NewTLSServer(site())
	untrusted.Config.ErrorLog = r.inner.ErrorLog
	defer untrusted.Close()
	if status, body := r.do(t, "GET", untrusted.URL+"/file", ""); status != http.StatusBadGateway || !strings.Contains(body, "certificate") {
		t.Errorf("a server that nobody knows: %d %s", status, body)
	}
	got, reasons := r.recorded(t, server)
	if len(got) != 3 || len(reasons) > 0 {
		t.Fatalf("%+v, %q", got, reasons)
	}
	for _, g := range got {
		switch {
		case strings.Contains(g.URL, "/broken"):
			if g.Status != 200 || g.Digest != "" || g.Size != 5 || g.Reason != "the response did not come to its end" {
				t.Errorf("%+v", g)
			}
		case strings.HasPrefix(g.URL, "https"):
			if g.Status != 0 || !strings.Contains(g.Reason, "certificate") {
				t.Errorf("%+v", g)
			}
		default:
			if g.Status != 0 || g.Reason != "dial: connect: connection refused" {
				t.Errorf("%+v", g)
			}
		}
	}
}

func TestOtherURLsAreRefusedWithTheLineToAdd(t *testing.T) {
	server := httptest.NewTLSServer(site())
	defer server.Close()
	r := start(t, server, server.URL+"/file")
	if status, _ := r.do(t, "GET", server.URL+"/file?x=1", ""); status != 200 {
		t.Errorf("an allowed URL: %d", status)
	}
	status, body := r.do(t, "GET", server.URL+"/other?key=t0ps3cret", "")
	if status != http.StatusForbidden || !strings.Contains(body, `# sworn: allow="`+server.URL+`/other" reason="..."`) || strings.Contains(body, "s3cret") {
		t.Errorf("%d %s", status, body)
	}
	got, reasons := r.recorded(t, server)
	if len(got) != 2 || !got[1].Refused || got[1].URL != "SITE/other?key=REDACTED" || got[1].Status != 0 || len(reasons) > 0 {
		t.Errorf("%+v, %q", got, reasons)
	}
}

func TestARequestThatIsNoneIsAnswered(t *testing.T) {
	r := start(t, nil)
	for _, text := range []string{
		"GET / HTTP/1.1\r\nHost: x\r\n\r\n", "GET ftp://x/ HTTP/1.1\r\nHost: x\r\n\r\n", "nonsense\r\n\r\n",
		"GET http://x/ HTTP/1.1\r\nHost: x\r\nX: " + strings.Repeat("x", 2<<20) + "\r\n\r\n",
		"CONNECT x HTTP/1.1\r\nHost: x\r\n\r\n",
		"CONNECT " + strings.Repeat("x", maxHost) + ":443 HTTP/1.1\r\nHost: x\r\n\r\n",
	} {
		_, in := r.dial(t, text[:min(len(text), maxHeader+8<<10)])
		resp, err := http.ReadResponse(in, nil)
		if err != nil || resp.StatusCode < 400 || resp.StatusCode >= 500 {
			t.Errorf("%.40q: %v, %v", text, resp, err)
			continue
		}
		resp.Body.Close()
	}
	if got, reasons := r.recorded(t, nil); len(got)+len(reasons) > 0 {
		t.Errorf("%+v, %q", got, reasons)
	}
	// net/http waits half a second before it closes a connection whose request it did not
	// read to its end, and those goroutines would be taken for leaks.
	time.Sleep(600 * time.Millisecond)
}
