package netrecord

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
)

// listen listens on loopback, on a port that none of the proxies has which environ names:
// Landlock knows ports alone, and the command must not come to the way out past us.
func listen(environ []string, on func() (net.Listener, error)) (_ net.Listener, err error) {
	taken := proxyPorts(environ)
	var passed []net.Listener // open, so that the kernel gives another port
	defer func() {
		for _, l := range passed {
			err = errors.Join(err, l.Close())
		}
	}()
	for range len(taken) + 1 {
		l, err := on()
		if err != nil {
			return nil, fmt.Errorf("serve on loopback: %w", err)
		}
		_, port, err := net.SplitHostPort(l.Addr().String())
		if err != nil {
			return nil, errors.Join(fmt.Errorf("serve on loopback: %w", err), l.Close())
		}
		if !slices.Contains(taken, port) {
			return l, nil
		}
		passed = append(passed, l)
	}
	return nil, errors.New("serve on loopback: every port is one of the way out")
}

// proxyPorts are those of the proxies that an environment names.
func proxyPorts(environ []string) []string {
	var out []string
	for _, v := range values(environ, "http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY") {
		if u, err := url.Parse(v); err == nil && u.Port() != "" {
			out = append(out, u.Port())
		} else if _, port, err := net.SplitHostPort(v); err == nil {
			out = append(out, port)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}
