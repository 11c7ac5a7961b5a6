package signature

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/sworn-build/sworn/provenance"
	"github.com/sworn-build/sworn/provenance/envelope"
	"github.com/sworn-build/sworn/provenance/image"
)

// FuzzSPDX: an SPDX document that is found true to the contents has all their
// packages, and nothing in it makes the check fall over.
func FuzzSPDX(f *testing.F) { fuzzDocument(f, "sbom.spdx.json", provenance.SPDXType, readSPDX) }

func FuzzSPDX3(f *testing.F) { fuzzDocument(f, "sbom.spdx3.json", provenance.SPDX3Type, readSPDX3) }

func fuzzDocument(f *testing.F, name, predicateType string, read func([]byte) (inventory, error)) {
	var seeds [][]byte
	for _, name := range []string{"sworn-contents.json", name} {
		b, err := os.ReadFile(filepath.Join("../../cmd/sworn-evidence/testdata", name))
		if err != nil {
			f.Fatal(err)
		}
		seeds = append(seeds, b)
	}
	contents, err := provenance.DecodeContents(seeds[0])
	if err != nil {
		f.Fatal(err)
	}
	check := func(doc []byte, c provenance.Contents) error {
		return version{predicateType, read}.check(c, false, []image.Attached{
			{Statement: envelope.Statement{PredicateType: predicateType, Predicate: doc}},
		})
	}
	if err := check(seeds[1], contents); err != nil {
		f.Fatalf("the seed is refused: %v", err)
	}
	f.Add(seeds[1])
	f.Add([]byte(`{"packages":[null],"files":[{"fileName":"./\u0000"}]}`))
	f.Add([]byte(`{"@graph":[null,{"type":"software_File","name":"/\u0000"}]}`))
	f.Fuzz(func(t *testing.T, doc []byte) {
		if check(doc, contents) != nil {
			return
		}
		more := contents
		more.Packages = append([]string{"pkg:deb/debian/not-in-any-seed@1"}, contents.Packages...)
		if check(doc, more) == nil {
			t.Error("a package that the document lacks is not missed")
		}
	})
}
