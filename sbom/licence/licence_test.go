package licence_test

import (
	"testing"

	"github.com/sworn-build/sworn/sbom/licence"
)

func TestIdsAreThoseThatSPDXLists(t *testing.T) {
	for id, want := range map[string]bool{
		"MIT": true, "GPL-2.0": true, "GPL-2.0+": true, "Apache-2.0+": true, "0BSD": true,
		"mit": false, "": false, "+": false, "GPL": false, "LicenseRef-x": false, "Classpath-exception-2.0": false,
	} {
		if got := licence.Listed(id); got != want {
			t.Errorf("Listed(%q) = %t", id, got)
		}
	}
	if !licence.ListedException("Classpath-exception-2.0") || licence.ListedException("MIT") || licence.ListedException("classpath-exception-2.0") {
		t.Error("exceptions are not told from licences, or by case")
	}
}

func FuzzParse(f *testing.F) {
	f.Add("MIT AND (BSD-3-Clause OR GPL-2.0-only WITH GCC-exception-3.1)")
	f.Add("DocumentRef-a:LicenseRef-b")
	f.Add("((MIT")
	f.Fuzz(func(t *testing.T, s string) {
		e, ok := licence.Parse(s)
		if !ok {
			return
		}
		ids := 0
		e.Each(func(e licence.Expression) bool { ids++; return e.ID != "" })
		if ids == 0 {
			t.Errorf("%q has no id", s)
		}
	})
}
