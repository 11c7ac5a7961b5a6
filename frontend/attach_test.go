package frontend

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sworn-build/sworn/provenance"
	"github.com/sworn-build/sworn/step"
)

// attachedFiles are what a build of linux/amd64 attaches.
func attachedFiles(t *testing.T, f *fakeGateway) ([]statement, error) {
	t.Helper()
	res, err := (Frontend{}).Build(t.Context(), f)
	if err != nil {
		return nil, err
	}
	var out []statement
	for _, a := range res.Attestations["linux/amd64"] {
		out = append(out, statement{a.Path, a.InToto.PredicateType})
	}
	return out, nil
}

func TestDocumentsThatGoOnInPartsAreAttachedWhole(t *testing.T) {
	f := newGateway(t, readDockerfile(t, "scratch"), map[string]string{"platform": "linux/amd64", "build-arg:SWORN_SBOM": "files"})
	f.parts = []string{step.SPDX3Part(2), step.SPDXPart(1), step.SPDX3Part(1)}
	got, err := attachedFiles(t, f)
	want := []statement{
		{step.SPDXFile, provenance.SPDXType}, {step.SPDX3File, provenance.SPDX3Type},
		{step.ContentsFile, provenance.ContentsType}, {step.StepsFile, provenance.StepsType},
		{"sbom-files-1.spdx.json", provenance.SPDXType},
		{"sbom-files-1.spdx3.json", provenance.SPDX3Type}, {"sbom-files-2.spdx3.json", provenance.SPDX3Type},
	}
	if d := cmp.Diff(want, got, cmp.AllowUnexported(statement{})); d != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, d)
	}
	for _, lost := range [][]string{{step.SPDXPart(2)}, {"sbom-files-x"}} {
		f := newGateway(t, readDockerfile(t, "scratch"), map[string]string{"platform": "linux/amd64"})
		f.parts = lost
		if _, err := attachedFiles(t, f); err == nil || !strings.Contains(err.Error(), "of 1 files with parts of them 0 are known") {
			t.Errorf("%v: %v", lost, err)
		}
	}
}

func TestNoDocumentsAreAttachedWithoutAnSBOM(t *testing.T) {
	f := newGateway(t, readDockerfile(t, "scratch"), map[string]string{"platform": "linux/amd64", "build-arg:SWORN_SBOM": "off"})
	got, err := attachedFiles(t, f)
	want := []statement{{step.ContentsFile, provenance.ContentsType}, {step.StepsFile, provenance.StepsType}}
	if d := cmp.Diff(want, got, cmp.AllowUnexported(statement{})); d != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, d)
	}
}

func TestInlineOnly(t *testing.T) {
	for _, c := range []struct {
		name       string
		statements string
		opts       map[string]string
		want       bool
	}{
		{"nothing asked", "on", nil, true},
		{"always", "always", nil, false},
		{"always, with inline provenance", "always", map[string]string{"attest:provenance": "mode=min,inline-only=true"}, false},
		{"buildx' default provenance", "on", map[string]string{"attest:provenance": "mode=min,inline-only=true"}, true},
		{"provenance by name", "on", map[string]string{"attest:provenance": "mode=max"}, false},
		{"provenance by build arg", "on", map[string]string{"build-arg:BUILDKIT_ATTEST_PROVENANCE": "mode=max"}, false},
		{"sbom by name", "on", map[string]string{"attest:sbom": ""}, false},
		{"sbom and default provenance", "on", map[string]string{"attest:sbom": "", "attest:provenance": "inline-only=true"}, false},
		{"inline-only=false", "on", map[string]string{"attest:provenance": "inline-only=false"}, false},
		{"inline-only=nonsense", "on", map[string]string{"attest:provenance": "inline-only=x"}, false},
		{"options that do not parse", "on", map[string]string{"attest:provenance": `"`}, true},
	} {
		b := &platformBuild{request: &request{opts: c.opts, options: Options{Statements: c.statements}}}
		if got := b.inlineOnly(); got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

func TestDefaultScannerIsRecognised(t *testing.T) {
	for ref, want := range map[string]bool{
		"docker/buildkit-syft-scanner:stable-1":               true,
		"docker.io/docker/buildkit-syft-scanner":              true,
		"docker/buildkit-syft-scanner:edge":                   true,
		"index.docker.io/docker/buildkit-syft-scanner:1":      true,
		"registry.test/docker/buildkit-syft-scanner:stable-1": false,
		"docker.io/someone/buildkit-syft-scanner":             false,
		"docker.io/docker/buildkit-syft-scanner-of-mine:1":    false,
		"": false,
		"docker/buildkit-syft-scanner@sha256:not-a-digest":     false,
		"docker.io/docker/buildkit-syft-scanner:stable-1 more": false,
	} {
		if got := isDefaultScanner(ref); got != want {
			t.Errorf("%q: %v, want %v", ref, got, want)
		}
	}
}
