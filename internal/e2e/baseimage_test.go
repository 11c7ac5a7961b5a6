//go:build e2e

package e2e

import (
	"crypto/rand"
	"encoding/json"
	"os"
	"os/exec"
	"runtime"
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
	return operatorFrontendWith(t, e, environ, files{"trust/base.pub": string(key)})
}

// operatorFrontendWith has the files of a folder trust.
func operatorFrontendWith(t *testing.T, e env, environ string, trusted files) string {
	t.Helper()
	image := imageName(e.registry, t, "operator")
	trusted["Dockerfile"] = "FROM " + e.frontend() + "\nCOPY trust /etc/sworn/base\nENV " + environ + "\n"
	build{frontend: upstream, output: push(image), context: trusted}.mustRun(t, e)
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
		PredicateTypes: []string{provenance.ContentsType, provenance.StepsType, provenance.SLSAv1Type, provenance.SPDXType, provenance.SPDX3Type},
	}
	if d := cmp.Diff(want, m.Verified); d != "" {
		t.Errorf("%s is verified (-want +got):\n%s", m.URI, d)
	}
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
