//go:build e2e

package e2e

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/sworn-build/sworn/provenance"
	"github.com/sworn-build/sworn/sbom"
	"github.com/sworn-build/sworn/sbom/check"
)

func TestSBOMOptionSaysWhatIsAttached(t *testing.T) {
	t.Parallel()
	e := mustEnv(t)
	private, public := keyPair(t, e)
	for option, want := range map[string][]string{
		"packages": ourTypes(), "files": ourTypes(), "off": {provenance.StepsType, provenance.ContentsType},
	} {
		t.Run(option, func(t *testing.T) {
			image := imageName(e.registry, t, "latest")
			build{
				context: dockerfile("FROM debian:bookworm-slim\nRUN echo made > /made\n"), output: push(image),
				opts: []string{"build-arg:SWORN_SBOM=" + option, "build-arg:SWORN_ORGANIZATION=Example Org"},
			}.mustRun(t, e)
			got := statements(t, image)["linux/"+runtime.GOARCH]
			checkTypes(t, got, slices.Clone(want))
			for _, typ := range []string{provenance.SPDXType, provenance.SPDX3Type} {
				if s, ok := got[typ]; ok {
					checkDocument(t, s.Predicate)
				}
			}
			if option != "off" {
				var doc sbom.Document
				mustJSON(t, got[provenance.SPDXType].Predicate, &doc)
				if many := len(doc.Files) > 1000; many != (option == "files") {
					t.Errorf("%d files", len(doc.Files))
				}
			}
			wantSworn(t, e, 0, "files as the layers have them", "sign", "--key", private, image)
			wantSworn(t, e, 0, "verdict: pass", "verify", "--key", public, image)
		})
	}
}

// checkDocument holds a document to our own rules.
func checkDocument(t *testing.T, b []byte) {
	t.Helper()
	if r := check.Document(b); !r.Valid || len(r.Findings) > 0 {
		t.Errorf("%s %s: %+v", r.Format, r.Name, r.Findings)
	}
}

// TestManyFilesAreAttachedInParts: none is left out, and who verifies takes them all.
func TestManyFilesAreAttachedInParts(t *testing.T) {
	if !long {
		t.Skip("skipped: make robustness attaches 100,000 files")
	}
	e := mustEnv(t)
	private, public := keyPair(t, e)
	archive := filepath.Join(t.TempDir(), "image.tar")
	const files = 100_000
	build{
		context: dockerfile(fmt.Sprintf("FROM busybox\nRUN mkdir /many && cd /many && seq %d | xargs touch\n", files)),
		output:  "type=oci,name=e2e/many,dest=" + archive, opts: []string{"build-arg:SWORN_STATEMENTS=always"},
	}.mustRun(t, e)
	layout := unpack(t, archive)
	documents, listed := 0, 0
	for _, b := range layoutStatements(t, layout) {
		var s statement
		mustJSON(t, b, &s)
		if s.PredicateType == provenance.SPDXType {
			documents++
			listed += bytes.Count(s.Predicate, []byte(`"fileName":"./many/`))
			checkDocument(t, s.Predicate)
		}
	}
	if documents < 2 || listed != files {
		t.Errorf("%d documents with %d files, want %d", documents, listed, files)
	}
	wantSworn(t, e, 0, "", "sign", "--key", private, "oci:"+layout)
	wantSworn(t, e, 0, "verdict: pass", "verify", "--key", public, "oci:"+layout)
}

// layoutStatements are the blobs of a layout that are in-toto statements.
func layoutStatements(t *testing.T, layout string) [][]byte {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(layout, "blobs", "sha256", "*"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("%d blobs, %v", len(paths), err)
	}
	var out [][]byte
	for _, p := range paths {
		b, err := os.ReadFile(p)
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasPrefix(string(b[:min(len(b), 200)]), `{"_type":"https://in-toto.io/Statement/`) && json.Valid(b) {
			out = append(out, b)
		}
	}
	return out
}

// TestDocumentsReferToThoseOfTheBase: by name and digests, as the registry has them. A build
// that changes nothing has them from the cache.
func TestDocumentsReferToThoseOfTheBase(t *testing.T) {
	e := mustEnv(t)
	base, image := baseOf(t, e, e.registry, ""), imageName(e.registry, t, "latest")
	b := build{context: dockerfile("FROM " + base + "\nRUN rm /base && echo changed > /made\n"), output: push(image)}
	if r := b.mustRun(t, e); strings.Contains(r.log, "ERROR") {
		t.Errorf("the progress has an error:\n%s", r.log)
	}
	first := accountOf(t, image)
	r := b.mustRun(t, e)
	for _, vertex := range []string{"RUN rm", "sworn: read the SPDX documents"} {
		if r.ran(vertex) {
			t.Errorf("%s ran again:\n%s", vertex, r.log)
		}
	}
	sameBlobs(t, first, accountOf(t, image))
	platform := "linux/" + runtime.GOARCH
	carried := statements(t, base)[platform]
	var theirs, ours sbom.Document
	mustJSON(t, carried[provenance.SPDXType].Predicate, &theirs)
	got := statements(t, image)[platform]
	for _, typ := range []string{provenance.SPDXType, provenance.SPDX3Type} {
		checkDocument(t, got[typ].Predicate)
	}
	mustJSON(t, got[provenance.SPDXType].Predicate, &ours)
	sum := sha256.Sum256(carried[provenance.SPDXType].Predicate)
	want := sbom.SPDXExternalDocument{
		ID: "DocumentRef-base-1", Document: theirs.Namespace,
		Checksum: sbom.SPDXChecksum{Algorithm: "SHA256", Value: hex.EncodeToString(sum[:])},
	}
	if !slices.Contains(ours.External, want) || len(ours.External) != 2 || !strings.Contains(ours.Comment, "carries SPDX documents") {
		t.Errorf("refers to %+v, want %+v and the one of SPDX 3; %q", ours.External, want, ours.Comment)
	}
	raw := sha256.Sum256(carried[provenance.SPDXType].raw)
	if !slices.ContainsFunc(ours.Relationships, func(r sbom.SPDXRelationship) bool {
		return r.Type == "DESCRIBED_BY" && strings.Contains(r.Comment, hex.EncodeToString(raw[:]))
	}) {
		t.Errorf("no relationship has the digest of the statement: %+v", ours.Relationships)
	}
}
