//go:build e2e

package e2e

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/google/go-containerregistry/pkg/crane"

	"github.com/sworn-build/sworn/provenance"
	"github.com/sworn-build/sworn/step"
)

// carriedBy is what the statements of an image say of its base's documents.
func carriedBy(t *testing.T, image string) *step.Carried {
	t.Helper()
	for _, m := range accountOf(t, image).steps.Materials {
		if m.Carried != nil {
			return m.Carried
		}
	}
	return nil
}

// TestABaseWithoutDocumentsSaysSo: in all that is said of it, and without an error in the progress.
func TestABaseWithoutDocumentsSaysSo(t *testing.T) {
	e := mustEnv(t)
	for name, tt := range map[string]struct {
		base string
		want *step.Carried
	}{
		"an index":        {"busybox", &step.Carried{None: "its index lists no attestation manifest for it"}},
		"a lone manifest": {e.referrers + "/" + frontendName, &step.Carried{None: "it is no OCI index, so it has no attestations"}},
	} {
		t.Run(name, func(t *testing.T) {
			image := imageName(e.registry, t, "latest")
			r := build{context: dockerfile("FROM " + tt.base + "\nCOPY Dockerfile /\n"), output: push(image)}.mustRun(t, e)
			if strings.Contains(r.log, "ERROR") {
				t.Errorf("the progress has an error:\n%s", r.log)
			}
			if d := cmp.Diff(tt.want, carriedBy(t, image)); d != "" {
				t.Fatalf("(-want +got):\n%s", d)
			}
			words := "carries no SPDX document: " + tt.want.None
			wantSworn(t, e, 0, words, "inspect", image)
			wantSworn(t, e, 0, words, "sbom", "--format", "table", image)
		})
	}
}

// TestDocumentsOfAScanner: those that BuildKit attaches for a scanner are referred to.
func TestDocumentsOfAScanner(t *testing.T) {
	e := mustEnv(t)
	scanner, base, image := imageName(e.registry, t, "scanner"), imageName(e.registry, t, "base"), imageName(e.registry, t, "latest")
	build{frontend: upstream, output: push(scanner), context: files{
		"Dockerfile": "FROM busybox\nCOPY scan /\nENTRYPOINT [\"/bin/sh\", \"/scan\"]\n",
		"scan": `cat > $BUILDKIT_SCAN_DESTINATION/sbom.spdx.json <<EOF
{"_type":"https://in-toto.io/Statement/v0.1","predicateType":"https://spdx.dev/Document","predicate":{"spdxVersion":"SPDX-2.3","dataLicense":"CC0-1.0","SPDXID":"SPDXRef-DOCUMENT","name":"scan","documentNamespace":"https://scan.test/base-1","creationInfo":{"created":"2024-01-01T00:00:00Z","creators":["Tool: scan"]}}}
EOF
`,
	}}.mustRun(t, e)
	build{frontend: upstream, output: push(base), context: dockerfile("FROM busybox\nRUN echo base > /base\n"), opts: []string{"attest:sbom=generator=" + scanner}}.mustRun(t, e)
	build{output: push(image), context: dockerfile("FROM " + base + "\nCOPY Dockerfile /\n")}.mustRun(t, e)
	want := &step.Carried{Documents: []step.Document{{PredicateType: provenance.SPDXType, Namespace: "https://scan.test/base-1"}}}
	if d := cmp.Diff(want, carriedBy(t, image), cmpopts.IgnoreFields(step.Document{}, "Digest", "Statement")); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	wantSworn(t, e, 0, "carries the SPDX document https://scan.test/base-1", "why", image, "/base")
}

// TestBuildsGoOnWithoutTheRegistry: what the builder has read of the base once it keeps;
// what it cannot read is said, and no build fails for it.
func TestBuildsGoOnWithoutTheRegistry(t *testing.T) {
	e := mustEnv(t)
	down := func(*http.Request, string) bool { return true }
	untyped := func(req *http.Request, _ string) bool { // as registries do that go by the type alone
		return strings.Contains(req.URL.Path, "/manifests/sha256:") && !strings.Contains(req.Header.Get("Accept"), "vnd.") || strings.Contains(req.URL.Path, "/blobs/") && req.Method == http.MethodHead
	}
	for name, tt := range map[string]struct {
		registry      string
		before, after func(*http.Request, string) bool
		status        int // of requests after the first build
		documents     int
		unknown       string
	}{
		"that hands out manifests": {registry: e.referrers, after: down, status: aborted, documents: 2},
		"that goes by type":        {registry: e.registry, after: down, status: aborted, unknown: "the registry gave the builder no attestation manifest sha256:"},
		"that refuses":             {registry: e.registry, before: untyped, after: untyped, status: http.StatusUnauthorized, unknown: "the registry gave the builder no index for its digest"},
	} {
		t.Run(name, func(t *testing.T) {
			reg := newHeldRegistry(t, tt.registry)
			base, image := baseOf(t, e, tt.registry, ""), imageName(e.registry, t, "latest")
			digest, err := crane.Digest(base, crane.Insecure)
			if err != nil {
				t.Fatal(err)
			}
			named := reg.host + strings.TrimPrefix(base[:strings.LastIndex(base, ":")], tt.registry) + "@" + digest
			b := build{context: dockerfile("FROM " + named + "\nRUN cat /base\n"), output: push(image)}
			reg.fail(tt.before, http.StatusForbidden)
			b.mustRun(t, e)
			first := accountOf(t, image)
			reg.fail(tt.after, tt.status)
			r := b.mustRun(t, e)
			if r.ran("RUN cat") || tt.before != nil && strings.Contains(r.log, "ERROR") {
				t.Errorf("the step ran again, or the progress has an error:\n%s", r.log)
			}
			got := carriedBy(t, image)
			if len(got.Documents) != tt.documents || !strings.HasPrefix(got.Unknown, tt.unknown) || (got.Unknown == "") != (tt.unknown == "") {
				t.Errorf("%+v", got)
			}
			if tt.documents > 0 || tt.before != nil {
				sameBlobs(t, first, accountOf(t, image))
			}
		})
	}
}
