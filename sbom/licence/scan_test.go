package licence

import (
	"os"
	"strings"
	"testing"

	"github.com/google/licensecheck"
)

// TestScanReadsNearSignatures holds the bytes of matches that are far from each other to
// those that licensecheck has in the whole text, and the cost to what is near to them.
func TestScanReadsNearSignatures(t *testing.T) {
	b, err := os.ReadFile("testdata/isc")
	if err != nil {
		t.Fatal(err)
	}
	isc := string(b)
	other := strings.Repeat("Nothing here is about what anybody may do.\n", 2000)
	all := licensecheck.BuiltinLicenses()
	for _, text := range []string{isc, other + isc, isc + other, other + isc + other + isc + isc + other, strings.ReplaceAll(other+isc+other, "\n", " ")} {
		found, cost := newScanner().scan(text)
		var want []match
		for _, l := range all {
			if l.ID != "ISC" || l.LRE == "" {
				continue
			}
			one, err := licensecheck.NewScanner([]licensecheck.License{l})
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range one.Scan([]byte(text)).Match {
				want = append(want, match{m.ID, m.Start, m.End})
			}
		}
		if len(want) == 0 || len(found) != len(want) {
			t.Fatalf("found %v, want %v", found, want)
		}
		for i := range want {
			if found[i] != want[i] {
				t.Errorf("found %v, want %v", found[i], want[i])
			}
		}
		if len(text) > 2*len(other) && strings.Contains(text, "\n") && cost > len(text) {
			t.Errorf("patterns read %d bytes of %d", cost, len(text))
		}
	}
}
