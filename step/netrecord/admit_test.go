package netrecord

import (
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
)

// Loopback may be the machine's: the port is there for everybody, the recorder is not.
func TestOnlyTheStepIsServed(t *testing.T) {
	var asked atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked.Add(1) }))
	defer server.Close()
	basic := func(text string) string {
		return "Proxy-Authorization: Basic " + base64.StdEncoding.EncodeToString([]byte(text)) + "\r\n"
	}
	for name, field := range map[string]string{
		"nothing":               "",
		"no password":           basic(proxyUser + ":"),
		"another password":      basic(proxyUser + ":" + strings.ToUpper(testSecret)),
		"a longer one":          basic(proxyUser + ":" + testSecret + "x"),
		"a part of it":          basic(proxyUser + ":" + testSecret[1:]),
		"another user":          basic("root:" + testSecret),
		"not base64":            "Proxy-Authorization: Basic " + testSecret + "\r\n",
		"another scheme":        "Proxy-Authorization: Bearer " + testSecret + "\r\n",
		"the server's password": strings.Replace(basic(proxyUser+":"+testSecret), "Proxy-", "", 1),
	} {
		t.Run(name, func(t *testing.T) {
			r := start(t, server)
			for _, line := range []string{"GET " + server.URL + "/x HTTP/1.1", "CONNECT h.test:443 HTTP/1.1"} {
				conn, in := r.dialBare(t, line+"\r\nHost: h.test\r\n"+field+"\r\n")
				resp, err := http.ReadResponse(in, nil)
				if err != nil || resp.StatusCode != http.StatusProxyAuthRequired || resp.Header.Get("Proxy-Authenticate") == "" {
					t.Errorf("%s: %+v, %v", line, resp, err)
				}
				resp.Body.Close()
				conn.Close()
			}
			if got, reasons := r.recorded(t, server); len(got)+len(reasons) > 0 {
				t.Errorf("a stranger wrote to the record: %+v, %q", got, reasons)
			}
		})
	}
	if asked.Load() > 0 {
		t.Errorf("the server was asked %d times", asked.Load())
	}
	r := start(t, server)
	if status, _ := r.do(t, "GET", server.URL+"/x", ""); status != http.StatusOK {
		t.Errorf("the step itself: %d", status)
	}
}
