package frontend

import "testing"

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
