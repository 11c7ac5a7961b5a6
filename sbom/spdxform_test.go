package sbom

import (
	"encoding/json"
	"strings"
	"testing"
	"testing/quick"

	"github.com/google/go-cmp/cmp"

	"github.com/sworn-build/sworn/step"
)

// TestDocumentsAreEncodedAsEncodingJSONDoes holds the forms to the types: a field that a
// form leaves out or misplaces is a difference.
func TestDocumentsAreEncodedAsEncodingJSONDoes(t *testing.T) {
	check := func(d Document) bool {
		want, err := json.Marshal(d)
		if err != nil {
			t.Fatal(err)
		}
		got, at, err := d.encode()
		if diff := cmp.Diff(string(want), string(got)); err != nil || diff != "" {
			t.Errorf("%v, encoded (-want +got):\n%s", err, diff)
		}
		if name, err := json.Marshal(d.Namespace); err != nil || !strings.HasPrefix(string(got[at-1:]), string(name)) {
			t.Errorf("the namespace is not at %d of %s, %v", at, got, err)
		}
		return !t.Failed()
	}
	if err := quick.Check(check, nil); err != nil {
		t.Error(err)
	}
}

// TestCostsAreWhatDocumentsGrowBy: a document that is made of what fits must fit, and one
// that could have its files must not lose them for nothing.
func TestCostsAreWhatDocumentsGrowBy(t *testing.T) {
	for name, version := range map[string]struct {
		costs  costs
		encode func(Image) (Documents, error)
	}{"2.3": {Image{}.spdxCosts(), EncodeDocuments}, "3": {Image{}.spdx3Costs(), EncodeDocuments3}} {
		check := func(paths []string) bool {
			img := Image{Files: []Held{heldFile("/a", "step1"), heldFile("/\\\xff&", "<"), heldFile("/\u00e4\u2028", "")}}
			for _, p := range paths {
				img.Files = append(img.Files, heldFile(p, p))
			}
			size := func(files []Held) int {
				img := img
				img.Files = files
				docs, err := version.encode(img)
				if err != nil {
					t.Fatal(err)
				}
				return len(docs.Main)
			}
			groups, err := img.groups()
			if err != nil {
				t.Fatal(err)
			}
			cost := version.costs.owner(&groups[0])
			for _, h := range groups[0].files {
				cost += version.costs.file(&groups[0], h)
			}
			grown := size(img.Files) - size(nil)
			if grown > cost || cost > grown+4096 {
				t.Errorf("%s: %d bytes more, reckoned with %d", name, grown, cost)
			}
			return !t.Failed()
		}
		if err := quick.Check(check, &quick.Config{MaxCount: 20}); err != nil {
			t.Error(err)
		}
	}
}

func heldFile(path, by string) Held {
	return Held{Entry: Entry{Path: step.Path(path), Type: TypeFile, SHA1: strings.Repeat("0", 40), SHA256: strings.Repeat("0", 64)}, Step: by}
}
