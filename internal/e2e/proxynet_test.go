//go:build e2e

package e2e

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sworn-build/sworn/step"
)

// proxyNetBuilder is a builder with BuildKit's own proxy network, for all builds.
func proxyNetBuilder(t *testing.T, e env) string {
	t.Helper()
	return newDaemon(t, e, func(root string) {
		config := filepath.Join(filepath.Dir(root), "buildkitd.toml")
		text := "proxyNetwork = true\ninsecure-entitlements = [\"network.host\"]\n" + mustRead(t, config)
		if err := os.WriteFile(config, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}).host
}

// On a builder with BuildKit's proxy network a step goes through that proxy alone, and the
// statement says who recorded. Only where the step says what is allowed, which BuildKit's
// proxy does not know, Sworn's recorder is before it, and both record.
func TestBuildKitsProxyNetwork(t *testing.T) {
	e := mustEnv(t)
	host := proxyNetBuilder(t, e)
	url, asked := downloadsAt(t, newNetns(t).listen(t)) // no_proxy has loopback
	ref := imageName(e.registry, t, "latest")
	dir := t.TempDir()
	certificates(t, dir, "server", "own.test")
	own := mustRead(t, filepath.Join(dir, "ca.crt"))
	text := "FROM busybox\nCOPY ca.crt /etc/ssl/certs/ca-certificates.crt\n" +
		"RUN cat /etc/ssl/certs/ca-certificates.crt | tee /read\n" +
		"RUN wget -q -O /default " + url + "/file\n" +
		"# sworn: network=record\nRUN wget -q -O /record " + url + "/file && test \"$PIP_CERT\" = /etc/ssl/certs/ca-certificates.crt && grep -q 'proxy CA' \"$PIP_CERT\"\n" +
		"# sworn: network=record allow=\"" + url + "/file\"\nRUN wget -q -O /allow '" + url + "/file?token=t0ps3cret' && ! wget -q -O - " + url + "/moved\n" +
		"RUN --network=none cat " + random + " > /none\n"
	_, a := buildAccount(t, e, build{host: host, context: files{"Dockerfile": text, "ca.crt": own}, output: push(ref), opts: []string{"attest:provenance=mode=max"}})
	if got := asked.Load(); got != 3 {
		t.Errorf("the server was asked %d times, want 3", got)
	}
	for name, mode := range map[string]string{"/default": step.NetworkDefault, "/record": step.NetworkRecord} {
		n := a.step(t, "RUN wget -q -O "+name).Network
		if n == nil || n.Mode != mode || n.Recorder != step.RecorderBuildKit || !n.Enforced || n.Complete || len(n.Requests) > 0 || len(n.Reasons) != 1 {
			t.Errorf("%s: network %+v", name, n)
		}
	}
	n := a.step(t, "RUN wget -q -O /allow").Network
	if n.Recorder != step.RecorderSworn || !n.Enforced || !n.Complete || len(n.Downloads) != 1 {
		t.Errorf("/allow: network %+v", n)
	}
	if u := n.Requests[0].URL; u != url+"/file?token=REDACTED" {
		t.Errorf("/allow: asked for %s", u)
	}
	if n := a.step(t, "RUN --network=none").Network; n.Mode != step.NetworkNone || n.Recorder != "" {
		t.Errorf("/none: network %+v", n)
	}
	// BuildKit adds an authority for the time of a step; the image's own is the input.
	read := a.step(t, "RUN cat /etc/ssl")
	if in, ok := input(read, "/etc/ssl/certs/ca-certificates.crt"); !ok || *in.Digest != *sha256Of([]byte(own)) {
		t.Errorf("the image's authorities as an input: %t, %+v", ok, in)
	}
	if *output(t, read, "/read").Digest == *sha256Of([]byte(own)) {
		t.Error("BuildKit added no authority: nothing is tested")
	}
	// BuildKit's provenance has what its proxy saw.
	var got []string
	for _, d := range slsaDependencies(t, ref) {
		if strings.HasPrefix(d.URI, url) {
			got = append(got, strings.TrimPrefix(d.URI, url)+" "+d.Digest["sha256"])
		}
	}
	slices.Sort(got)
	file := " " + sha256Of([]byte("downloaded\n")).Hex
	if d := cmp.Diff([]string{"/file" + file, "/file?token=t0ps3cret" + file}, slices.Compact(got)); d != "" {
		t.Errorf("BuildKit's materials (-want +got):\n%s", d)
	}
}

type dependency struct {
	URI    string            `json:"uri"`
	Digest map[string]string `json:"digest"`
}

func slsaDependencies(t *testing.T, ref string) []dependency {
	t.Helper()
	st, ok := accountOf(t, ref).raw["https://slsa.dev/provenance/v1"]
	if !ok {
		t.Fatal("no provenance of BuildKit's")
	}
	var p struct {
		BuildDefinition struct {
			ResolvedDependencies []dependency `json:"resolvedDependencies"`
		} `json:"buildDefinition"`
	}
	if err := json.Unmarshal(st.Predicate, &p); err != nil {
		t.Fatal(err)
	}
	return p.BuildDefinition.ResolvedDependencies
}
