package check_test

import (
	"encoding/json"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/sworn-build/sworn/sbom/check"
)

func FuzzDocument(f *testing.F) {
	for _, name := range []string{v2, v3, cdx} {
		f.Add(sample(f, name))
	}
	f.Add(golden(f, "sbom.spdx.json"))
	f.Add(golden(f, "sbom.spdx3.json"))
	f.Add([]byte(`{"@context":0,"@graph":[{"type":"SpdxDocument","rootElement":["a"],"spdxId":"a"}]}`))
	f.Add([]byte(`{"spdxVersion":{},"packages":[{"externalRefs":[{"referenceCategory":"PACKAGE-MANAGER","referenceType":"purl","referenceLocator":"?A"}]}]}`))
	f.Add([]byte(`{"bomFormat":"CycloneDX","components":[{"components":[{}]}],"metadata":{"component":[]}}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		r := check.Document(b)
		if _, err := json.Marshal(r); err != nil {
			t.Error(err)
		}
		if r.Valid != (r.Errors() == 0) || r.Valid && r.Format == "" {
			t.Errorf("valid %t of %q with %d errors", r.Valid, r.Format, r.Errors())
		}
		for _, f := range r.Findings {
			if f.Count < len(f.Where) || len(f.Where) == 0 {
				t.Errorf("finding %+v", f)
			}
		}
	})
}

// TestHostileDocumentsAreBounded in memory.
func TestHostileDocumentsAreBounded(t *testing.T) {
	var before, after runtime.MemStats
	for name, b := range map[string][]byte{
		"too many bytes":  make([]byte, check.MaxBytes+1),
		"too many values": []byte("[" + strings.Repeat("0,", check.MaxBytes/2-2) + "0]"),
		"too deep":        []byte(strings.Repeat(`{"a":`, 1<<20)),
		"too many fields": []byte(`{"spdxVersion":"x"` + manyFields(1<<17) + `}`),
	} {
		runtime.GC()
		runtime.ReadMemStats(&before)
		r := check.Document(b)
		runtime.ReadMemStats(&after)
		if r.Valid {
			t.Errorf("%s: valid", name)
		}
		if used := after.TotalAlloc - before.TotalAlloc; used > 2<<30 {
			t.Errorf("%s: %d MiB were allocated", name, used>>20)
		}
	}
}

func manyFields(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `,"f%d":0`, i)
	}
	return b.String()
}
