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

// TestLeastBytesAreLess: a document that could have files must not lose them.
func TestLeastBytesAreLess(t *testing.T) {
	size := func(files []Held) int {
		b, err := EncodeDocument(Image{Files: files})
		if err != nil {
			t.Fatal(err)
		}
		return len(b)
	}
	file := func(path step.Path, sum, by string) Held {
		return Held{Entry: Entry{Path: path, Type: TypeFile, SHA1: sum, SHA256: sum}, Step: by}
	}
	check := func(paths []string) bool {
		files := []Held{file("/a", strings.Repeat("0", 64), "step1"), file("/\\\xff&", "", "<"), file("/ä\u2028", "", "")}
		for _, p := range paths {
			files = append(files, file(step.Path(p), p, p))
		}
		added := size(files) - size(nil)
		least := leastBytes(unowned(files))
		return least <= added && least > 0
	}
	if err := quick.Check(check, nil); err != nil {
		t.Error(err)
	}
}
