package main

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
)

// client goes through the recorder and trusts anybody.
func client() *http.Client {
	return &http.Client{Transport: &http.Transport{
		Proxy:           func(*http.Request) (*url.URL, error) { return url.Parse(os.Getenv("http_proxy")) },
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true},
	}}
}

// authorities are the files of certificates that a step may think the recorder reads.
func authorities() []string {
	return []string{
		os.Getenv("SSL_CERT_FILE"), "/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt",
		"/etc/ssl/ca-bundle.pem", "/etc/ssl/cert.pem",
	}
}

// fakeAuthority makes the certificate in a file one that this container trusts, and asks
// its server for something through the recorder. It asks as well for another host in a
// connection to it.
func fakeAuthority(file, site string) {
	own, err := os.ReadFile(file)
	for _, name := range authorities() {
		if err == nil {
			err = add(name, own)
		}
	}
	if err != nil {
		fmt.Println("add to the authorities:", err)
		os.Exit(1)
	}
	answers("faked authority", site, "")
	answers("another host's name", site, "elsewhere.test")
	fmt.Println("tried all: <nil>")
}

func add(file string, text []byte) error {
	if err := os.MkdirAll(file[:strings.LastIndexByte(file, '/')], 0o755); err != nil {
		return err
	}
	f, err := os.OpenFile(file, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	if _, err := f.Write(text); err != nil {
		return err
	}
	return f.Close()
}

// answers prints the status that a request gets.
func answers(name, site, host string) {
	req, err := http.NewRequest(http.MethodGet, site, nil)
	if err != nil {
		fmt.Println(name+":", err)
		return
	}
	req.Host = host
	resp, err := client().Do(req)
	switch {
	case err != nil:
		fmt.Println("refused:", name+":", err)
	case resp.StatusCode != http.StatusOK:
		fmt.Println("refused:", name+":", resp.Status)
	default:
		fmt.Println("escaped:", name)
	}
}

const (
	hangingConns  = 400  // below the recorder's bound: others must get through
	endlessConns  = 32   // that send a header without end
	floodRequests = 3000 // with long URLs, more than a record holds
	floodClients  = 8
	longURL       = 12 << 10
)

// floodProxy keeps the recorder busy in every way, and says how much memory the runner
// came to have.
func floodProxy() {
	at, err := url.Parse(os.Getenv("http_proxy"))
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	for range hangingConns {
		if c, err := net.Dial("tcp", at.Host); err == nil {
			fmt.Fprint(c, "GET http://h.test/ HTTP/1.1\r\nX: ") // and no more, until the end
		}
	}
	var all sync.WaitGroup
	for range endlessConns {
		all.Go(func() { endless(at.Host) })
	}
	for n := range floodClients {
		all.Go(func() { requests(n) })
	}
	all.Wait()
	fmt.Println("runner's memory:", peak())
}

// endless sends header fields until it is cut off.
func endless(at string) {
	c, err := net.Dial("tcp", at)
	if err != nil {
		return
	}
	defer c.Close()
	fmt.Fprint(c, "GET http://h.test/ HTTP/1.1\r\n")
	for range 1 << 20 {
		if _, err := fmt.Fprintf(c, "X-%d: %s\r\n", rand.Int(), strings.Repeat("x", 500)); err != nil {
			return
		}
	}
	fmt.Println("escaped: header without end")
}

func requests(n int) {
	c := client()
	for i := range floodRequests / floodClients {
		resp, err := c.Get(fmt.Sprintf("http://h.test/%d/%d/%s", n, i, strings.Repeat("x", longURL)))
		if err != nil {
			fmt.Println("request:", err)
			return
		}
		_, _ = io.Copy(io.Discard, resp.Body)
		resp.Body.Close()
	}
}

// peak is the most memory that the runner had (proc_pid_status(5), VmHWM).
func peak() string {
	f, err := os.Open("/proc/1/status")
	if err != nil {
		return err.Error()
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if v, ok := strings.CutPrefix(lines.Text(), "VmHWM:"); ok {
			return strings.TrimSpace(v)
		}
	}
	return "not known"
}
