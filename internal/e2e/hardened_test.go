//go:build e2e

package e2e

import (
	"crypto/tls"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// The configurations of hack/buildkitd do what README.md there says of them.
func TestHardenedBuilder(t *testing.T) {
	for _, kind := range []hardenedKind{rootKind(), rootlessKind()} {
		t.Run(kind.name, func(t *testing.T) {
			t.Parallel()
			e := mustEnv(t)
			h := startHardened(t, e, kind)
			certificates(t, h.file("pki"), "client", "ci")
			h.createBuildx(t, e)
			t.Run("builds and accounts", func(t *testing.T) { hardenedBuilds(t, e, h) })
			t.Run("frontends", func(t *testing.T) { hardenedFrontends(t, e, h) })
			t.Run("entitlements", func(t *testing.T) { hardenedEntitlements(t, e, h) })
			t.Run("reach", func(t *testing.T) { hardenedReach(t, e, h) })
			t.Run("clients", func(t *testing.T) { hardenedClients(t, e, h) })
			t.Run("garbage collection", func(t *testing.T) { hardenedGC(t, e, h) })
		})
	}
}

// tlsdir is the folder of a client's certificate.
func (h hardened) tlsdir(client string) string { return h.file("pki/" + client) }

// buildxName is the builder's in buildx.
func (h hardened) buildxName() string { return filepath.Base(h.dir) }

// createBuildx makes the builder known to buildx, as the client "ci".
func (h hardened) createBuildx(t *testing.T, e env) {
	t.Helper()
	dir := h.tlsdir("ci")
	mustRun(t, e.tool("docker-buildx"), "create", "--name", h.buildxName(), "--driver", "remote",
		"--driver-opt", "cacert="+dir+"/ca.crt,cert="+dir+"/tls.crt,key="+dir+"/tls.key", h.address)
	t.Cleanup(func() {
		if out, err := exec.Command(e.tool("docker-buildx"), "rm", h.buildxName()).CombinedOutput(); err != nil {
			t.Errorf("remove builder: %v\n%s", err, out)
		}
	})
}

// build calls buildx with our frontend, as README.md has it.
func (h hardened) build(t *testing.T, e env, text string, args ...string) built {
	t.Helper()
	return h.buildx(t, e, text, append([]string{"--build-arg", "BUILDKIT_SYNTAX=docker.io/" + frontendName}, args...)...)
}

func (h hardened) buildx(t *testing.T, e env, text string, args ...string) built {
	t.Helper()
	argv := slices.Concat([]string{"build", "--builder", h.buildxName(), "--progress", "plain"}, args, []string{dockerfile(text).write(t)})
	r := built{}
	r.log, r.err = run(t, e.tool("docker-buildx"), argv...)
	return r
}

// wantDenied fails unless a build fails and says so.
func wantDenied(t *testing.T, what string, r built, want string) {
	t.Helper()
	if r.err == nil || !strings.Contains(r.log, want) {
		t.Errorf("%s: %v, want %q\n%s", what, r.err, want, r.log)
	}
}

// hardenedBuilds: the image and its statements verify, and the record says whose proxy the
// step was behind.
func hardenedBuilds(t *testing.T, e env, h hardened) {
	cert, err := tls.LoadX509KeyPair(h.file("web/server/tls.crt"), h.file("web/server/tls.key"))
	if err != nil {
		t.Fatal(err)
	}
	handler := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "downloaded\n") })
	web := tls.NewListener(h.listen(t), &tls.Config{Certificates: []tls.Certificate{cert}})
	server := &http.Server{Handler: handler, ReadHeaderTimeout: time.Minute}
	go func() { _ = server.Serve(web) }() // until the listener is closed
	url := "https://" + web.Addr().String()
	text := "FROM debian:bookworm\nRUN cat " + random + " | tee /made\n" +
		"# sworn: network=record allow=\"**:*\"\nRUN /usr/lib/apt/apt-helper download-file " + url + "/file /file && cat /file\n"
	archive := filepath.Join(t.TempDir(), "image.tar")
	r := h.build(t, e, text, "--provenance=mode=max", "-t", "e2e/hardened", "-o", "type=oci,dest="+archive)
	if r.err != nil {
		t.Fatalf("%v\n%s", r.err, r.log)
	}
	private, public := keyPair(t, e)
	wantSworn(t, e, 0, "5 statements", "sign", "--key", private, "oci-archive:"+archive)
	wantSworn(t, e, 0, "verdict: pass", "verify", "--key", public, "oci-archive:"+archive)
	out := wantSworn(t, e, 0, "RUN", "inspect", "--key", public, "oci-archive:"+archive)
	for _, want := range []string{"recorded by BuildKit; nothing else could be reached", "1 request, 1 download; nothing else could be reached"} {
		if !strings.Contains(out, want) {
			t.Errorf("sworn inspect does not say %q:\n%s", want, out)
		}
	}
}

// hardenedFrontends: only the frontend that the operator lists builds a Dockerfile,
// whatever its syntax line says.
func hardenedFrontends(t *testing.T, e env, h hardened) {
	const text = "FROM busybox\nRUN true\n"
	for _, other := range []string{"docker.io/docker/dockerfile:1", "registry.example.org/" + frontendName, "docker.io/sworn/frontend-other:dev"} {
		wantDenied(t, other, h.buildx(t, e, text, "--build-arg", "BUILDKIT_SYNTAX="+other), "'"+other+"' is not an allowed gateway source")
	}
	wantDenied(t, "BuildKit's own frontend", h.buildx(t, e, text), "invalid frontend: dockerfile.v0")
	wantDenied(t, "BuildKit's own frontend by the syntax line", h.buildx(t, e, "# syntax=docker.io/"+frontendName+"\n"+text), "invalid frontend: dockerfile.v0")
	if r := h.build(t, e, "# syntax=docker/dockerfile:1\n"+text); r.err != nil {
		t.Errorf("another syntax line: %v\n%s", r.err, r.log)
	}
	if out, err := run(t, e.tool("sworn"), "build", "--addr", h.address, "--tlsdir", h.tlsdir("ci"), "--progress", "plain", dockerfile(text).write(t)); err != nil {
		t.Errorf("sworn build: %v\n%s", err, out)
	}
}

// With BuildKit's own Dockerfile frontend enabled the syntax line has a say, among the
// frontends that are listed.
func TestHardenedBuilderWithTheSyntaxLine(t *testing.T) {
	t.Parallel()
	e := mustEnv(t)
	kind := rootKind()
	kind.change = [][2]string{{"[frontend.\"dockerfile.v0\"]\n  enabled = false", "[frontend.\"dockerfile.v0\"]\n  enabled = true"}}
	h := startHardened(t, e, kind)
	certificates(t, h.file("pki"), "client", "ci")
	h.createBuildx(t, e)
	if r := h.buildx(t, e, "# syntax=docker.io/"+frontendName+"\nFROM busybox\nRUN true\n"); r.err != nil || !strings.Contains(r.log, "sworn: evidence") {
		t.Errorf("our frontend: %v\n%s", r.err, r.log)
	}
	wantDenied(t, "another", h.buildx(t, e, "# syntax=docker/dockerfile:1\nFROM busybox\n"), "'docker/dockerfile:1' is not an allowed gateway source")
	if r := h.buildx(t, e, "FROM busybox\nRUN true\n"); r.err != nil || strings.Contains(r.log, "sworn: evidence") {
		t.Errorf("BuildKit's own: %v\n%s", r.err, r.log)
	}
}

// hardenedEntitlements: neither a Dockerfile nor a client gets more than the sandbox.
func hardenedEntitlements(t *testing.T, e env, h hardened) {
	const granting = "granting entitlement %s is not allowed by build daemon configuration"
	for entitlement, option := range map[string]string{
		"security.insecure": "--security=insecure", "network.host": "--network=host", "device": "--device=vendor.test/device=x",
	} {
		t.Run(entitlement, func(t *testing.T) {
			t.Parallel() // BuildKit takes five seconds to refuse a client's wish
			text := "FROM busybox\nRUN " + option + " cat " + random + "\n"
			wantDenied(t, "with --allow", h.build(t, e, text, "--allow", entitlement), fmt.Sprintf(granting, entitlement))
			if entitlement != "device" { // a device that is not there is refused before
				wantDenied(t, "without", h.build(t, e, text), entitlement+" is not allowed")
			}
		})
	}
}

// hardenedReach: a step reaches neither anything without the proxy, nor through it what
// serves on the loopback of the builder's machine.
func hardenedReach(t *testing.T, e env, h hardened) {
	outside := h.listen(t).Addr().String()
	at, port, _ := strings.Cut(outside, ":")
	var inside string
	h.inside(t, func() error {
		l, err := net.Listen("tcp4", "127.0.0.1:0")
		if err != nil {
			return err
		}
		t.Cleanup(func() { _ = l.Close() })
		inside = l.Addr().String()
		go func() {
			_ = http.Serve(l, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				t.Errorf("a step reached the builder's loopback, as %s", r.Host)
			}))
		}() // until the listener is closed
		return nil
	})
	h.run(t, "busybox", "nc", "-w", "5", "127.0.0.1", strings.TrimPrefix(inside, "127.0.0.1:")) // it is there
	commands := []string{
		"! env -u http_proxy -u HTTP_PROXY wget -q -O - http://" + outside + "/", // no route
		"! nc -w 5 " + at + " " + port + " < /dev/null",
	}
	hosts := []string{inside}
	if h.kind.name == "rootless" { // the host's loopback for slirp4netns, unless that is disabled
		hosts = append(hosts, strings.Replace(inside, "127.0.0.1", "10.0.2.2", 1))
	}
	for _, host := range hosts {
		commands = append(commands, "! env -u no_proxy -u NO_PROXY wget -O - http://"+host+"/ 2>/said", "cat /said && grep -q 502 /said")
	}
	r := h.build(t, e, "FROM busybox\nRUN cat "+random+"; "+strings.Join(commands, " && ")+"\n")
	if r.err != nil {
		t.Errorf("%v\n%s", r.err, r.log)
	}
}

// hardenedClients: who has no certificate of the builder's authority for a client talks to
// nobody.
func hardenedClients(t *testing.T, e env, h hardened) {
	certificates(t, h.file("other"), "client", "ci")
	workers := func(args ...string) (string, error) {
		return run(t, e.tool("buildctl"), append(append([]string{"--addr", h.address, "--timeout", "20"}, args...), "debug", "workers")...)
	}
	ca := h.tlsdir("ci") + "/ca.crt"
	for what, args := range map[string][]string{
		"no certificate":             {"--tlscacert", ca},
		"another authority's":        {"--tlscacert", ca, "--tlscert", h.file("other/ci/tls.crt"), "--tlskey", h.file("other/ci/tls.key")},
		"the builder's, no client's": {"--tlscacert", ca, "--tlscert", h.file("pki/server/tls.crt"), "--tlskey", h.file("pki/server/tls.key")},
		"no TLS":                     nil,
	} {
		if out, err := workers(args...); err == nil {
			t.Errorf("%s: the builder answers: %s", what, out)
		}
	}
	if out, err := workers("--tlsdir", h.tlsdir("ci")); err != nil {
		t.Errorf("a client's: %v\n%s", err, out)
	}
	if out, err := workers("--tlsdir", h.file("other/ci")); err == nil {
		t.Errorf("a client that trusts another authority takes the builder for its own: %s", out)
	}
}

// hardenedGC: the policies are loaded as they are written.
func hardenedGC(t *testing.T, e env, h hardened) {
	type rule struct {
		Filter        []string
		KeepDuration  time.Duration
		ReservedSpace int64
		MaxUsed, Free bool
		All           bool
	}
	var workers []struct {
		GCPolicy []struct {
			rule
			MaxUsedSpace, MinFreeSpace int64
		}
	}
	out := mustRun(t, e.tool("buildctl"), "--addr", h.socket, "debug", "workers", "--format", "{{json .}}")
	if err := json.Unmarshal([]byte(out), &workers); err != nil || len(workers) != 1 {
		t.Fatalf("%d workers, %v: %s", len(workers), err, out)
	}
	var got []rule
	for _, p := range workers[0].GCPolicy {
		p.MaxUsed, p.Free = p.MaxUsedSpace > 0, p.MinFreeSpace > 0
		got = append(got, p.rule)
	}
	want := []rule{
		{Filter: []string{"type==source.local", "type==exec.cachemount", "type==source.git.checkout"}, KeepDuration: 48 * time.Hour},
		{KeepDuration: 720 * time.Hour},
		{All: true, ReservedSpace: 5 << 30, MaxUsed: true, Free: true},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("policies (-want +got):\n%s\n%s", d, out)
	}
}
