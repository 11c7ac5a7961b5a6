package runner

import (
	"io/fs"
	"maps"
	"slices"
	"strings"
	"testing"
)

// What a step sees in BuildKit's proxy network.
const (
	proxyRoute = "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n" +
		"eth0\t0400590A\t00000000\t0001\t0\t0\t0\tFCFFFFFF\t0\t0\t0\n"
	proxyRoute6 = "00000000000000000000000000000001 80 00000000000000000000000000000000 00 00000000000000000000000000000000 00000000 00000002 00000000 80200001       lo\n" +
		"fe800000000000000000000000000000 40 00000000000000000000000000000000 00 00000000000000000000000000000000 00000100 00000001 00000000 00000001     eth0\n" +
		"ff000000000000000000000000000000 08 00000000000000000000000000000000 00 00000000000000000000000000000000 00000100 00000002 00000000 00000001     eth0\n" +
		"00000000000000000000000000000000 00 00000000000000000000000000000000 00 00000000000000000000000000000000 ffffffff 00000001 00000000 00200200       lo\n"
	defaultRoute = "eth0\t00000000\t0500590A\t0003\t0\t0\t0\t00000000\t0\t0\t0\n"
)

// Only what the kernel shows counts: a Dockerfile can set the variables alone.
func TestBuildKitsProxyIsKnownByTheOnlyRoute(t *testing.T) {
	env := func(value string) []string {
		var out []string
		for _, name := range []string{"http_proxy", "https_proxy", "all_proxy"} {
			out = append(out, name+"="+value, strings.ToUpper(name)+"="+value)
		}
		return out
	}
	own := map[string]string{routesIPv4: proxyRoute, routesIPv6: proxyRoute6}
	with := func(name, text string) map[string]string {
		files := maps.Clone(own)
		files[name] = text
		return files
	}
	without := maps.Clone(own)
	delete(without, routesIPv6)
	const at = "http://10.89.0.5:4711"
	for _, tt := range []struct {
		what  string
		env   []string
		files map[string]string
		want  bool
	}{
		{"its own", env(at), own, true},
		{"a kernel without IPv6", env(at), without, true},
		{"no variables", nil, own, false},
		{"one variable less", env(at)[1:], own, false},
		{"one that differs", slices.Concat([]string{"http_proxy=http://10.89.0.5:1"}, env(at)), own, false},
		{"a proxy beyond the link", env("http://10.89.0.9:4711"), own, false},
		{"a proxy by name", env("http://proxy:4711"), own, false},
		{"a proxy over TLS", env("https://10.89.0.5:4711"), own, false},
		{"a way out", env(at), with(routesIPv4, proxyRoute+defaultRoute), false},
		{"only a way out", env(at), with(routesIPv4, strings.SplitAfter(proxyRoute, "\n")[0]+defaultRoute), false},
		{"a larger network", env(at), with(routesIPv4, strings.Replace(proxyRoute, "FCFFFFFF", "00FFFFFF", 1)), false},
		{"a link by a gateway", env(at), with(routesIPv4, strings.Replace(proxyRoute, "00000000", "0500590A", 1)), false},
		{"no network", env(at), with(routesIPv4, strings.SplitAfter(proxyRoute, "\n")[0]), false},
		{"an empty file", env(at), with(routesIPv4, ""), false},
		{"an odd file", env(at), with(routesIPv4, "a\nb c\n"), false},
		{"a way out with IPv6", env(at), with(routesIPv6, strings.Replace(proxyRoute6, "fe80", "2001", 1)), false},
		{"a gateway with IPv6", env(at), with(routesIPv6, "fe800000000000000000000000000000 40 0 00 fe800000000000000000000000000001 1 1 0 1 eth0\n"), false},
		{"an odd file of IPv6", env(at), with(routesIPv6, "x\n"), false},
	} {
		read := func(name string) ([]byte, error) {
			if text, ok := tt.files[name]; ok {
				return []byte(text), nil
			}
			return nil, fs.ErrNotExist
		}
		if got := behindBuildKit(tt.env, read); got != tt.want {
			t.Errorf("%s: %t, want %t", tt.what, got, tt.want)
		}
	}
}
