package netrecord

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// hang opens connections that begin a request and never end it.
func hang(t *testing.T, r running, n int) []net.Conn {
	t.Helper()
	var out []net.Conn
	for range n {
		c, err := net.Dial("tcp", r.at)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		if _, err := io.WriteString(c, "GET http://h.test/ HTTP/1.1\r\nX: "); err != nil {
			t.Fatal(err)
		}
		out = append(out, c)
	}
	return out
}

// No more connections than the bound are served at a time, and those that hang neither
// keep the others out for good nor the step from its end.
func TestConnectionsThatHangAreBounded(t *testing.T) {
	server := httptest.NewServer(site())
	defer server.Close()
	r := start(t, server)
	hanging := hang(t, r, maxConns)
	c, err := net.Dial("tcp", r.at)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	io.WriteString(c, "GET "+server.URL+"/file HTTP/1.1\r\nHost: x\r\n"+admission()+"\r\n")
	in := bufio.NewReader(c)
	if err := c.SetReadDeadline(time.Now().Add(200 * time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	if _, err := in.Peek(1); err == nil {
		t.Errorf("more than %d connections at a time", maxConns)
	}
	hanging[0].Close()
	if err := c.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	resp, err := http.ReadResponse(in, nil)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("with a place free: %v, %v", resp, err)
	}
	resp.Body.Close()
	begun := time.Now()
	got, reasons := r.recorded(t, server)
	if took := time.Since(begun); took > lastWords/2 {
		t.Errorf("the end of the step took %v", took)
	}
	if len(got) != 1 || got[0].URL != "SITE/file" || len(reasons) > 0 {
		t.Errorf("%+v, %q", got, reasons)
	}
}

// Header fields and URLs without end are cut off at the bound, in TLS too.
func TestHeadersWithoutEndAreCutOff(t *testing.T) {
	server := httptest.NewTLSServer(site())
	defer server.Close()
	for name, first := range map[string]string{"fields": "GET http://h.test/ HTTP/1.1\r\n", "URL": "GET http://h.test/"} {
		t.Run(name, func(t *testing.T) {
			r := start(t, server)
			c, in := r.dialBare(t, first)
			piece := []byte(strings.Repeat("X: "+strings.Repeat("x", 1020)+"\r\n", 16))
			if name == "URL" {
				piece = []byte(strings.Repeat("x", 16<<10))
			}
			sent := 0
			for ; sent < 64<<20; sent += len(piece) {
				if _, err := c.Write(piece); err != nil {
					break
				}
			}
			// What the sockets hold comes on top.
			if sent > 16<<20 {
				t.Errorf("%d bytes of a request were read", sent)
			}
			if resp, err := http.ReadResponse(in, nil); err == nil {
				if resp.Body.Close(); resp.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
					t.Errorf("status %d", resp.StatusCode)
				}
			}
			c.Close()
			if got, reasons := r.recorded(t, server); len(got)+len(reasons) > 0 {
				t.Errorf("%+v, %q", got, reasons)
			}
		})
	}
	time.Sleep(600 * time.Millisecond) // as TestARequestThatIsNoneIsAnswered
}

// A record is bounded, and says that it is not complete.
func TestAFloodOfRequestsIsSaidToBeLost(t *testing.T) {
	r := start(t, nil, "allowed.test")
	long := strings.Repeat("x", maxURL-64)
	for range 3 { // alike: one request, with a count
		if status, _ := r.do(t, "GET", "http://h.test/"+long, ""); status != http.StatusForbidden {
			t.Fatalf("status %d", status)
		}
	}
	r.log.mu.Lock()
	r.log.text = maxText - maxURL // as after four thousand more
	r.log.mu.Unlock()
	for _, name := range []string{"1", "2"} {
		if status, _ := r.do(t, "GET", "http://h.test/"+long+name, ""); status != http.StatusForbidden {
			t.Fatalf("status %d", status)
		}
	}
	got, reasons := r.recorded(t, nil)
	if len(got) != 1 || got[0].Count != 3 || len(reasons) != 1 || reasons[0] != "2 requests more than a record holds (100000 different ones, 32 MiB)" {
		t.Errorf("%d requests, %q", len(got), reasons)
	}
}
