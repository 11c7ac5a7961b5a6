//go:build e2e

package e2e

import (
	"crypto/rand"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/crane"
	ggcrname "github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	ocitypes "github.com/google/go-containerregistry/pkg/v1/types"
	"github.com/moby/buildkit/client"

	"github.com/sworn-build/sworn/provenance"
	"github.com/sworn-build/sworn/provenance/envelope"
	"github.com/sworn-build/sworn/step"
)

// operatorFrontend is a frontend image of an operator who trusts a key: it holds all
// builds to signed bases, or leaves that to them.
func operatorFrontend(t *testing.T, e env, public, environ string) string {
	t.Helper()
	key, err := os.ReadFile(public)
	if err != nil {
		t.Fatal(err)
	}
	image := imageName(e.registry, t, "operator")
	build{
		frontend: upstream, output: push(image),
		context: files{"base.pub": string(key), "Dockerfile": "FROM " + e.frontend() + "\nCOPY base.pub /etc/sworn/base/\nENV " + environ + "\n"},
	}.mustRun(t, e)
	return image
}

// baseOf builds and pushes a base image with attestations.
func baseOf(t *testing.T, e env, registry, attributes string) string {
	t.Helper()
	image := imageName(registry, t, "base")
	build{
		// The registries keep what an earlier run signed.
		context: dockerfile("FROM busybox\nRUN echo " + rand.Text() + " > /base\n"), output: push(image) + attributes,
		opts: []string{"attest:provenance=mode=max"},
	}.mustRun(t, e)
	return image
}

// buildOn builds on top of images through a syntax line.
func buildOn(t *testing.T, e env, frontend, line, dockerfileText string, opts ...string) (built, string) {
	t.Helper()
	image := imageName(e.registry, t, strings.ToLower(rand.Text()))
	b := build{context: dockerfile("# syntax=" + frontend + line + "\n" + dockerfileText), frontend: upstream, output: push(image), opts: opts}
	return b.run(t, e), image
}

// wantRefused fails unless a build was refused with a message, at a line, and pushed nothing.
func wantRefused(t *testing.T, r built, image, want, line string) {
	t.Helper()
	if r.err == nil || !strings.Contains(r.log, want) {
		t.Fatalf("error %v, want %q\n%s", r.err, want, r.log)
	}
	if line != "" && !strings.Contains(r.log, ">>> "+line) {
		t.Errorf("the error does not point at %q:\n%s", line, r.log)
	}
	if _, err := crane.Digest(image, crane.Insecure); err == nil {
		t.Errorf("%s was pushed", image)
	}
}

func material(t *testing.T, image, name string) provenance.Material {
	t.Helper()
	for _, m := range accountOf(t, image).steps.Materials {
		if m.Kind == step.SourceImage && strings.Contains(m.URI, name) {
			return m
		}
	}
	t.Fatalf("no material %s", name)
	return provenance.Material{}
}

// TestSignedBases: on registries with and without the referrers API, what sworn or cosign
// has signed is a base, and its material says by whom; what is unsigned, signed with
// another key, or tampered with is refused.
func TestSignedBases(t *testing.T) {
	e := mustEnv(t)
	private, public := keyPair(t, e)
	other, _ := keyPair(t, e)
	operator := operatorFrontend(t, e, public, "SWORN_BASE=signed")
	for name, registry := range map[string]string{"fallback tag": e.registry, "referrers API": e.referrers} {
		t.Run(name, func(t *testing.T) {
			t.Run("sworn", func(t *testing.T) {
				base := baseOf(t, e, registry, "")
				wantSworn(t, e, 0, "the attestation manifest sha256:", "sign", "--key", private, base)
				cosignVerifiesManifest(t, e, public, base)
				r, image := buildOn(t, e, operator, "", "FROM "+base+"\nRUN cat /base\n")
				if r.err != nil {
					t.Fatalf("%v\n%s", r.err, r.log)
				}
				wantVerified(t, public, base, material(t, image, "e2e/"))
				// Once more, from the cache: the same statement.
				first := accountOf(t, image)
				if r, image = buildOn(t, e, operator, " base=signed", "FROM "+base+"\nRUN cat /base\n"); r.err != nil {
					t.Fatalf("%v\n%s", r.err, r.log)
				}
				samePredicates(t, first, accountOf(t, image))
			})
			t.Run("cosign", func(t *testing.T) {
				base := baseOf(t, e, registry, "")
				cosignSigns(t, e, private, base)
				r, image := buildOn(t, e, operator, "", "FROM "+base+"\nRUN cat /base\n")
				if r.err != nil {
					t.Fatalf("%v\n%s", r.err, r.log)
				}
				wantVerified(t, public, base, material(t, image, "e2e/"))
			})
			t.Run("attestations without a subject", func(t *testing.T) {
				base := baseOf(t, e, registry, ",oci-artifact=false")
				wantSworn(t, e, 0, "signed", "sign", "--key", private, base)
				r, image := buildOn(t, e, operator, "", "FROM "+base+"\nRUN cat /base\n")
				if r.err != nil {
					t.Fatalf("%v\n%s", r.err, r.log)
				}
				wantVerified(t, public, base, material(t, image, "e2e/"))
			})
			t.Run("platforms", func(t *testing.T) {
				base := imageName(registry, t, "base")
				both := []string{"platform=linux/amd64,linux/arm64", "attest:provenance=mode=max"}
				build{
					context: files{"Dockerfile": "FROM scratch\nCOPY base /base\n", "base": rand.Text()},
					output:  push(base), opts: both,
				}.mustRun(t, e)
				wantSworn(t, e, 0, "linux/arm64", "sign", "--key", private, base)
				r, _ := buildOn(t, e, operator, "", "FROM "+base+"\nCOPY Dockerfile /\n", both...)
				if r.err != nil {
					t.Fatalf("%v\n%s", r.err, r.log)
				}
			})
			t.Run("unsigned", func(t *testing.T) {
				base := baseOf(t, e, registry, "")
				r, image := buildOn(t, e, operator, "", "FROM "+base+"\nRUN cat /base\n")
				wantRefused(t, r, image, "has no signature; sign it (sworn sign", "FROM "+base)
			})
			t.Run("another key", func(t *testing.T) {
				base := baseOf(t, e, registry, "")
				wantSworn(t, e, 0, "signed", "sign", "--key", other, base)
				r, image := buildOn(t, e, operator, "", "FROM scratch\n\nCOPY --from="+base+" /base /base\n")
				wantRefused(t, r, image, "is signed by nobody who is trusted here (key sha256:", "COPY --from="+base)
			})
		})
	}
}

// cosignSigns signs the attestation manifest of an image's only platform with cosign.
func cosignSigns(t *testing.T, e env, private, image string) {
	t.Helper()
	name := image[:strings.LastIndex(image, ":")]
	cmd := exec.CommandContext(t.Context(), e.tool("cosign"), "sign", "--key", private, "--new-bundle-format", "--use-signing-config=false", "--tlog-upload=false",
		"--registry-referrers-mode", "oci-1-1", "--allow-http-registry", "--yes", name+"@"+attestationManifest(t, image))
	cmd.Env = append(os.Environ(), "COSIGN_PASSWORD=secret", "COSIGN_EXPERIMENTAL=1", "HOME="+t.TempDir())
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("cosign sign: %v\n%s", err, out)
	}
}

// cosignVerifiesManifest: what sworn signs is signed for cosign too.
func cosignVerifiesManifest(t *testing.T, e env, public, image string) {
	t.Helper()
	name := image[:strings.LastIndex(image, ":")]
	mustRun(t, e.tool("cosign"), "verify", "--key", public, "--insecure-ignore-tlog", "--allow-http-registry", name+"@"+attestationManifest(t, image))
}

// attestationManifest is the digest of the first one that an image's index lists.
func attestationManifest(t *testing.T, image string) string {
	t.Helper()
	for _, m := range indexOf(t, image).Manifests {
		if m.Annotations["vnd.docker.reference.type"] == "attestation-manifest" {
			return m.Digest.String()
		}
	}
	t.Fatalf("%s has no attestation manifest", image)
	return ""
}

func indexOf(t *testing.T, image string) v1.IndexManifest {
	t.Helper()
	b, err := crane.Manifest(image, crane.Insecure)
	if err != nil {
		t.Fatal(err)
	}
	var ix v1.IndexManifest
	mustJSON(t, b, &ix)
	return ix
}

func fingerprint(t *testing.T, public string) string {
	t.Helper()
	b, err := os.ReadFile(public)
	if err != nil {
		t.Fatal(err)
	}
	k, err := envelope.ParsePublicKey(b)
	if err != nil {
		t.Fatal(err)
	}
	return k.Fingerprint()
}

// swapImage pushes an index with the attestations of one image, which it ties to another,
// beside the first, and returns its name.
func swapImage(t *testing.T, base, evil string) string {
	t.Helper()
	name := base[:strings.LastIndex(base, ":")]
	platform := &v1.Platform{OS: "linux", Architecture: runtime.GOARCH}
	image, err := crane.Pull(evil, crane.Insecure, crane.WithPlatform(platform))
	if err != nil {
		t.Fatal(err)
	}
	attestation, err := crane.Pull(name+"@"+attestationManifest(t, base), crane.Insecure)
	if err != nil {
		t.Fatal(err)
	}
	digest, err := image.Digest()
	if err != nil {
		t.Fatal(err)
	}
	index := mutate.AppendManifests(mutate.IndexMediaType(empty.Index, ocitypes.OCIImageIndex),
		mutate.IndexAddendum{Add: image, Descriptor: v1.Descriptor{Platform: platform}},
		mutate.IndexAddendum{Add: attestation, Descriptor: v1.Descriptor{
			Platform: &v1.Platform{OS: "unknown", Architecture: "unknown"},
			Annotations: map[string]string{
				"vnd.docker.reference.type": "attestation-manifest", "vnd.docker.reference.digest": digest.String(),
			},
		}})
	ref, err := ggcrname.ParseReference(name+":swapped", ggcrname.Insecure)
	if err != nil {
		t.Fatal(err)
	}
	if err := remote.WriteIndex(ref, index); err != nil {
		t.Fatal(err)
	}
	return name + ":swapped"
}

// wantVerified fails unless a material was verified with a key.
func wantVerified(t *testing.T, public, image string, m provenance.Material) {
	t.Helper()
	attestation := attestationManifest(t, image)
	want := &step.Verified{
		Key: fingerprint(t, public), Attestations: map[string]string{"sha256": strings.TrimPrefix(attestation, "sha256:")},
		PredicateTypes: []string{provenance.ContentsType, provenance.StepsType, provenance.SLSAv1Type, provenance.SPDXType},
	}
	if d := cmp.Diff(want, m.Verified); d != "" {
		t.Errorf("%s is verified (-want +got):\n%s", m.URI, d)
	}
}

// TestBasesWithoutAttestationsEndNoDaemon: BuildKit 0.33.1 ends with a nil dereference
// when it is asked for the signatures of what is no OCI index.
func TestBasesWithoutAttestationsEndNoDaemon(t *testing.T) {
	e := mustEnv(t)
	_, public := keyPair(t, e)
	operator := operatorFrontend(t, e, public, "SWORN_BASE=signed")
	onReferrers := e.referrers + "/" + frontendName
	for _, c := range []struct{ text, want string }{
		{"FROM " + e.frontend() + "\n", "it is no OCI index, so it has no attestations"},
		{"FROM scratch\nCOPY --from=" + e.frontend() + " /runner /\n", "it is no OCI index, so it has no attestations"},
		{"FROM " + onReferrers + "\n", "it is no OCI index, so it has no attestations; build it"},
		{"FROM busybox\nRUN true\n", "its index lists no attestation manifest for it; build it"},
		{"FROM busybox AS b\nRUN --mount=from=" + e.frontend() + ",target=/f true\n", "base=signed: "},
	} {
		r, image := buildOn(t, e, operator, "", c.text)
		wantRefused(t, r, image, c.want, "")
	}
	if out, err := run(t, e.tool("buildctl"), "--addr", e.host, "debug", "workers"); err != nil {
		t.Fatalf("the daemon does not answer: %v\n%s", err, out)
	}
}

// TestNobodyWeakensTheOperatorsSignedBases: neither who writes the Dockerfile nor who
// builds it.
func TestNobodyWeakensTheOperatorsSignedBases(t *testing.T) {
	e := mustEnv(t)
	_, public := keyPair(t, e)
	operator := operatorFrontend(t, e, public, "SWORN_BASE=signed")
	const want = "base=any is weaker than base=signed, which the frontend image holds all builds to"
	r, image := buildOn(t, e, operator, " base=any", "FROM busybox\n")
	wantRefused(t, r, image, want, "")
	r, image = buildOn(t, e, operator, "", "FROM busybox\n", "build-arg:SWORN_BASE=any")
	wantRefused(t, r, image, want, "")
	for _, opts := range [][]string{
		{"build-arg:SWORN_STATEMENTS=off", "build-arg:SWORN_HARDEN=off", "build-arg:SWORN_OBSERVE=off"},
		{"context:docker.io/library/busybox:latest=docker-image://" + e.registry + "/library/busybox:latest"},
	} {
		r, image = buildOn(t, e, operator, "", "FROM busybox\nRUN true\n", opts...)
		wantRefused(t, r, image, "base=signed: ", "")
	}
	// And a build that trusts nobody does not begin.
	r, image = buildOn(t, e, e.frontend(), " base=signed", "FROM scratch\nCOPY Dockerfile /\n")
	wantRefused(t, r, image, "base=signed: nobody is trusted to sign base images", "")
}

// TestTamperedBasesAreRefused: an index that ties signed attestations to another image.
func TestTamperedBasesAreRefused(t *testing.T) {
	e := mustEnv(t)
	private, public := keyPair(t, e)
	operator := operatorFrontend(t, e, public, "SWORN_BASE=signed")
	base := baseOf(t, e, e.registry, "")
	wantSworn(t, e, 0, "signed", "sign", "--key", private, base)
	evil := imageName(e.registry, t, "evil")
	build{context: dockerfile("FROM busybox\nRUN echo evil > /base\n"), output: push(evil)}.mustRun(t, e)
	swapped := swapImage(t, base, evil)
	r, image := buildOn(t, e, operator, "", "FROM "+swapped+"\nRUN cat /base\n")
	wantRefused(t, r, image, "its attestation manifest sha256:", "FROM "+swapped)
}

// warnings are those of a build whose progress is raw JSON.
func warnings(t *testing.T, log string) []string {
	t.Helper()
	var out []string
	for line := range strings.Lines(log) {
		var s client.SolveStatus
		if json.Unmarshal([]byte(line), &s) != nil {
			continue
		}
		for _, w := range s.Warnings {
			out = append(out, string(w.Short))
		}
	}
	return out
}

// TestRuleUnattestedBaseImage warns, and fails at level error.
func TestRuleUnattestedBaseImage(t *testing.T) {
	e := mustEnv(t)
	_, public := keyPair(t, e)
	operator := operatorFrontend(t, e, public, "SWORN_RULES=UnattestedBaseImage:warn")
	base := baseOf(t, e, e.referrers, "")
	b := build{
		context:  dockerfile("FROM " + base + "\nCOPY --from=busybox /bin/busybox /b\n"),
		frontend: operator, args: []string{"--progress", "rawjson"},
	}
	got := warnings(t, b.mustRun(t, e).log)
	for _, want := range [][2]string{
		{"UnattestedBaseImage: " + base + "@sha256:", "has no signature (line 1)"},
		{"UnattestedBaseImage: docker.io/library/busybox:latest@sha256:", "its index lists no attestation manifest for it (line 2)"},
	} {
		if !slices.ContainsFunc(got, func(w string) bool { return strings.HasPrefix(w, want[0]) && strings.HasSuffix(w, want[1]) }) {
			t.Errorf("warnings %q, want %q", got, want)
		}
	}
	r, image := buildOn(t, e, operator, " rules=UnattestedBaseImage:error", "FROM "+base+"\nRUN true\n")
	wantRefused(t, r, image, "UnattestedBaseImage: "+base, "FROM "+base)
}

// TestSwornBuildTakesSignedBases: with keys from the command line.
func TestSwornBuildTakesSignedBases(t *testing.T) {
	e := mustEnv(t)
	private, public := keyPair(t, e)
	base := baseOf(t, e, e.referrers, "")
	wantSworn(t, e, 0, "signed", "sign", "--key", private, base)
	image := imageName(e.registry, t, "app")
	dir := dockerfile("FROM " + base + "\nRUN cat /base\n").write(t)
	args := []string{"--addr", e.host, "--push", "-t", image, "--build-arg", "SWORN_BASE=signed", dir}
	swornBuild(t, e, 0, append([]string{"--base-trust", public}, args...)...)
	wantVerified(t, public, base, material(t, image, "e2e/"))
	wantSworn(t, e, 0, "attestations signed by key "+fingerprint(t, public), "inspect", image)
	if r := swornBuild(t, e, 2, args...); !strings.Contains(r.log, "nobody is trusted to sign base images") {
		t.Errorf("%s", r.log)
	}
	if r := swornBuild(t, e, 2, append([]string{"--base-trust", filepath.Join(dir, "none.pub")}, args...)...); !strings.Contains(r.log, "--base-trust") {
		t.Errorf("%s", r.log)
	}
}
