package wording_test

import (
	"testing"

	"github.com/sworn-build/sworn/sbom/wording"
)

func TestCount(t *testing.T) {
	for want, got := range map[string]string{
		"0 files": wording.Count(0, "file"), "1 file": wording.Count(1, "file"), "2 files": wording.Count(2, "file"),
		"1 entry": wording.Count(1, "entry", "entries"), "0 entries": wording.Count(0, "entry", "entries"), "3 entries": wording.Count(3, "entry", "entries"),
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestA(t *testing.T) {
	for word, want := range map[string]string{"array": "an array", "object": "an object", "string": "a string", "URI": "a URI", "Element": "an Element", "": "a "} {
		if got := wording.A(word); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
