package netrecord

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sworn-build/sworn/step"
)

// admission is the header field of whom the proxy serves.
func admission() string {
	return "Proxy-Authorization: Basic " + base64.StdEncoding.EncodeToString([]byte(proxyUser+":"+testSecret)) + "\r\n"
}

// dial opens a connection to the proxy and sends text, admission behind its first line.
func (r running) dial(t *testing.T, text string) (net.Conn, *bufio.Reader) {
	t.Helper()
	return r.dialBare(t, strings.Replace(text, "\r\n", "\r\n"+admission(), 1))
}

// dialBare sends text as it is.
func (r running) dialBare(t *testing.T, text string) (net.Conn, *bufio.Reader) {
	t.Helper()
	c, err := net.Dial("tcp", r.at)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	if err := c.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(c, text); err != nil {
		t.Fatal(err)
	}
	return c, bufio.NewReader(c)
}

func TestWhatIsNotHTTPIsRefused(t *testing.T) {
	r := start(t, nil)
	_, in := r.dial(t, "CONNECT ssh.test:22 HTTP/1.1\r\nHost: ssh.test:22\r\n\r\nSSH-2.0-x\r\n")
	all, err := io.ReadAll(in)
	if string(all) != "HTTP/1.1 200 Connection established\r\n\r\n" {
		t.Errorf("%q, %v", all, err)
	}
	got, reasons := r.recorded(t, nil)
	want := []step.Request{{Method: "CONNECT", URL: "https://ssh.test:22", Refused: true, Reason: "what came after CONNECT is not TLS, and only HTTP is recorded", Count: 1}}
	if d := cmp.Diff(want, got); d != "" || len(reasons) > 0 {
		t.Errorf("%q (-want +got):\n%s", reasons, d)
	}
}

// A connection that was allowed for one host must not lead to another.
func TestAnotherHostInAConnectionIsRefused(t *testing.T) {
	server := httptest.NewTLSServer(site())
	defer server.Close()
	host := strings.TrimPrefix(server.URL, "https://")
	for _, c := range []struct {
		name, text, url string
		status          int
	}{
		{"host field", "GET /file HTTP/1.1\r\nHost: elsewhere.test\r\n\r\n", "SITE/file", http.StatusMisdirectedRequest},
		{"opaque target", "GET https:http://elsewhere.test/file HTTP/1.1\r\nHost: " + host + "\r\n\r\n", "SITE", http.StatusBadRequest},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := start(t, server)
			conn, in := r.dial(t, "CONNECT "+host+" HTTP/1.1\r\nHost: "+host+"\r\n\r\n")
			if _, err := http.ReadResponse(in, &http.Request{Method: "CONNECT"}); err != nil {
				t.Fatal(err)
			}
			trusted := x509.NewCertPool()
			trusted.AddCert(r.authority.cert)
			s := tls.Client(conn, &tls.Config{RootCAs: trusted, ServerName: "127.0.0.1"})
			io.WriteString(s, c.text)
			resp, err := http.ReadResponse(bufio.NewReader(s), nil)
			if err != nil || resp.StatusCode != c.status {
				t.Fatalf("%v, %v", resp, err)
			}
			resp.Body.Close()
			s.Close()
			if got, _ := r.recorded(t, server); len(got) != 1 || !got[0].Refused || got[0].URL != c.url {
				t.Errorf("%+v", got)
			}
		})
	}
}

func TestAnUpgradeMakesTheRecordIncomplete(t *testing.T) {
	server := httptest.NewServer(site())
	defer server.Close()
	r := start(t, server)
	c, in := r.dial(t, "GET "+server.URL+"/upgrade HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
	resp, err := http.ReadResponse(in, nil)
	if err != nil || resp.StatusCode != http.StatusSwitchingProtocols {
		t.Fatalf("%v, %v", resp, err)
	}
	io.WriteString(c, "hello\n")
	if line, err := in.ReadString('\n'); line != "hello\n" {
		t.Errorf("%q, %v", line, err)
	}
	c.Close()
	got, reasons := r.recorded(t, server)
	want := []step.Request{{Method: "GET", URL: "SITE/upgrade", Status: 101, Upgrade: "echo", Count: 1}}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	if d := cmp.Diff([]string{"a connection became echo: what went over it is not recorded"}, reasons); d != "" {
		t.Errorf("reasons (-want +got):\n%s", d)
	}
}
