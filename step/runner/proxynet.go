package runner

import (
	"encoding/binary"
	"errors"
	"io/fs"
	"net/netip"
	"strconv"
	"strings"

	"github.com/sworn-build/sworn/step"
)

// Routes of the process's network namespace (proc_pid_net(5)).
const (
	routesIPv4 = "/proc/self/net/route"
	routesIPv6 = "/proc/self/net/ipv6_route"
)

// behindBuildKit reports whether the step is in BuildKit's proxy network: all variables
// name one proxy, and the kernel has no route but to the proxy's own link. The variables
// alone are no proof, since a Dockerfile may set them; the routes are, since a step that
// has no other has no other network either
// (https://github.com/moby/buildkit/blob/v0.33.1/docs/proxy.md).
func behindBuildKit(environ []string, read func(name string) ([]byte, error)) bool {
	proxy, ok := proxyOf(environ)
	if !ok {
		return false
	}
	four, err := read(routesIPv4)
	if err != nil || !onlyRoute(string(four), proxy) {
		return false
	}
	six, err := read(routesIPv6)
	return errors.Is(err, fs.ErrNotExist) || err == nil && linkLocalOnly(string(six))
}

// proxyOf is the address that all of the variables name which BuildKit sets.
func proxyOf(environ []string) (netip.Addr, bool) {
	first := ""
	for _, name := range []string{"http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"} {
		v, _ := lookupEnv(environ, name)
		if v == "" || first != "" && v != first {
			return netip.Addr{}, false
		}
		first = v
	}
	hostPort, isHTTP := strings.CutPrefix(first, "http://")
	at, err := netip.ParseAddrPort(hostPort)
	return at.Addr(), err == nil && isHTTP && at.Addr().Is4()
}

// onlyRoute reports whether an IPv4 routing table has one route, to a link of two
// addresses of which proxy is one.
func onlyRoute(table string, proxy netip.Addr) bool {
	const header, destination, gateway, mask = 1, 1, 2, 7
	lines := strings.Split(strings.TrimSpace(table), "\n")
	if len(lines) != header+1 {
		return false
	}
	f := strings.Fields(lines[header])
	if len(f) <= mask {
		return false
	}
	to, ok := routeAddr(f[destination])
	via, ok2 := routeAddr(f[gateway])
	bits, ok3 := routeAddr(f[mask])
	return ok && ok2 && ok3 && via.IsUnspecified() && bits == netip.AddrFrom4([4]byte{255, 255, 255, 252}) &&
		netip.PrefixFrom(to, 30).Contains(proxy)
}

// routeAddr reads an address of the table: the bytes of the network's order as a number
// of this machine's.
func routeAddr(s string) (netip.Addr, bool) {
	n, err := strconv.ParseUint(s, 16, 32)
	var b [4]byte
	binary.NativeEndian.PutUint32(b[:], uint32(n))
	return netip.AddrFrom4(b), err == nil
}

// linkLocalOnly reports whether an IPv6 routing table leads nowhere but to the links
// themselves.
func linkLocalOnly(table string) bool {
	const destination, nextHop, device = 0, 4, 9
	for line := range strings.Lines(table) {
		f := strings.Fields(line)
		if len(f) <= device {
			return false
		}
		linkLocal := strings.HasPrefix(f[destination], "fe80") || strings.HasPrefix(f[destination], "ff")
		if f[device] != "lo" && (!linkLocal || strings.Trim(f[nextHop], "0") != "") {
			return false
		}
	}
	return true
}

// ofBuildKit is the network of a step whose requests BuildKit's proxy recorded.
func ofBuildKit(mode string) *step.Network {
	return &step.Network{
		Mode: mode, Recorder: step.RecorderBuildKit, Enforced: true, Requests: []step.Request{},
		Reasons: []string{"BuildKit's own proxy recorded the requests: BuildKit's provenance of the build that ran the step has them"},
	}
}
