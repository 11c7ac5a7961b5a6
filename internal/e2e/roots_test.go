//go:build e2e

package e2e

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/pem"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/sworn-build/sworn/provenance"
	"github.com/sworn-build/sworn/step"
)

// rootsFrontend is a frontend image of an operator whose recorders trust what is in the
// files of the folder roots.
func rootsFrontend(t *testing.T, e env, context files) string {
	t.Helper()
	image := imageName(e.registry, t, "operator")
	context["Dockerfile"] = "FROM " + e.frontend() + "\nCOPY roots /etc/sworn/roots\n"
	build{frontend: upstream, output: push(image), context: context}.mustRun(t, e)
	return image
}

// wantRooted fails unless a step downloaded a file of a site whose authority is the
// operator's, and the statement names that.
func wantRooted(t *testing.T, a account, site string, cert []byte) {
	t.Helper()
	b, _ := pem.Decode(cert)
	sum := sha256.Sum256(b.Bytes)
	n := a.step(t, `"asking"]`).Network
	if want := []string{"sha256:" + hex.EncodeToString(sum[:])}; n == nil || !n.Enforced || !n.Complete || !slices.Equal(n.Roots, want) {
		t.Errorf("network %+v, want roots %q", n, want)
	}
	file := sha256Of([]byte("downloaded\n")).Hex
	if !slices.ContainsFunc(a.steps.Materials, func(m provenance.Material) bool {
		return m.Kind == provenance.KindDownload && m.URI == site+"/file" && m.Digest["sha256"] == file
	}) {
		t.Errorf("the download is no material: %+v", a.steps.Materials)
	}
	fitSchemas(t, a)
	if other := a.step(t, `"prepare"]`).Network; other != nil && len(other.Roots) > 0 {
		t.Errorf("a step whose network is not recorded: %+v", other)
	}
}

// A server that only the operator's authority knows can be reached with it, from an image
// without any authority, and not without; a step whose network is not recorded is the
// same, from the cache.
func TestRecordersTrustTheOperatorsAuthorities(t *testing.T) {
	e := mustEnv(t)
	site, cert, asked := tlsSite(t)
	asking := trial{"asking", "network=record", "0:0", []string{"authority", "/server.pem", site + "/file"}}
	context := trialContext(forgerProgram(t), []trial{asking})
	context["server.pem"] = string(cert)
	plain := "RUN cat " + random
	context["Dockerfile"] = "FROM busybox AS plain\n" + plain + " | tee /plain\n" + context["Dockerfile"] + "COPY --from=plain /plain /plain\n"
	b := build{dir: context.write(t), output: push(imageName(e.registry, t, "without")), args: []string{"--no-cache"}}
	r, a := buildAccount(t, e, b)
	if !r.printed(plain) {
		t.Fatalf("the step that is not recorded did not run:\n%s", r.log)
	}
	if got := trialAnswers(t, r.log, asking)["faked authority"]; got != "502 Bad Gateway" || asked.Load() != 0 {
		t.Errorf("without: %q, asked %d times", got, asked.Load())
	}
	n := a.step(t, `"asking"]`).Network
	if n == nil || len(n.Roots) > 0 || !slices.ContainsFunc(n.Requests, func(q step.Request) bool {
		return q.URL == site+"/file" && q.Status == 0 && strings.Contains(q.Reason, "certificate signed by unknown authority")
	}) {
		t.Errorf("without: network %+v", n)
	}

	b.args = nil
	b.frontend, b.output = rootsFrontend(t, e, files{"roots/site.pem": "# Ours\n" + string(cert)}), push(imageName(e.registry, t, "with"))
	r, a = buildAccount(t, e, b)
	if got := trialAnswers(t, r.log, asking)["faked authority"]; got != "" || asked.Load() != 1 {
		t.Errorf("with: %q, asked %d times", got, asked.Load())
	}
	wantRooted(t, a, site, cert)
	if r.printed(plain) {
		t.Errorf("the step that is not recorded ran again:\n%s", r.log)
	}
}

// TestSwornBuildTakesRoots: authorities from the command line.
func TestSwornBuildTakesRoots(t *testing.T) {
	e := mustEnv(t)
	site, cert, _ := tlsSite(t)
	asking := trial{"asking", "network=record", "0:0", []string{"authority", "/server.pem", site + "/file"}}
	context := trialContext(forgerProgram(t), []trial{asking})
	context["server.pem"] = string(cert)
	dir := context.write(t)
	image := imageName(e.registry, t, "app")
	args := []string{"--addr", e.host, "--push", "-t", image, dir}
	swornBuild(t, e, 0, append([]string{"--network-root", filepath.Join(dir, "server.pem")}, args...)...)
	wantRooted(t, accountOf(t, image), site, cert)
	if r := swornBuild(t, e, 2, append([]string{"--network-root", filepath.Join(dir, "input")}, args...)...); !strings.Contains(r.log, "--network-root: read "+filepath.Join(dir, "input")+": no certificate in PEM") {
		t.Errorf("%s", r.log)
	}
}

// TestAFileWithoutCertificatesIsToldToWhoBuilds: one that would be overlooked.
func TestAFileWithoutCertificatesIsToldToWhoBuilds(t *testing.T) {
	e := mustEnv(t)
	operator := rootsFrontend(t, e, files{"roots/site.pem": "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"})
	r, image := buildOn(t, e, operator, "", "FROM scratch\nCOPY Dockerfile /\n")
	wantRefused(t, r, image, `authorities for recorders of the network: read /etc/sworn/roots/site.pem: block 1 is a "PRIVATE KEY": only public certificates belong here`, "")
}
