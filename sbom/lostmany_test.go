package sbom

import (
	"fmt"
	"testing"
	"time"

	"github.com/sworn-build/sworn/step"
)

// some are packages of a type, with versions that sort between those of another call.
func some(n int, kind, version string) []Package {
	out := make([]Package, n)
	for i := range out {
		name := fmt.Sprintf("x%07d", i)
		out[i] = Package{PURL: "pkg:" + kind + "/" + name + "@" + version, Type: kind, Name: name + version, Version: version}
	}
	return out
}

// TestManyLostPackagesTakeLinearTime: a database has as many entries as fit into it.
func TestManyLostPackagesTakeLinearTime(t *testing.T) {
	const n = 1 << 17
	databases := []Database{{Type: "deb", Path: "/var/lib/dpkg/status"}}
	now, begun := &Inventory{Databases: databases, Packages: some(n, "apk", "1")}, time.Now()
	if _, err := now.Lose(nil, Inventory{Databases: databases, Packages: some(n, "deb", "1")}, Delta{}); err != nil || len(now.Lost) != n {
		t.Fatalf("%d are lost, want %d: %v", len(now.Lost), n, err)
	}
	var lost []Lost
	for _, p := range some(n, "apk", "2") {
		lost = append(lost, Lost{Package: p})
	}
	lost[1].Package.PURL, lost[1].Package.Files = now.Packages[1].PURL, []step.Path{"/x"}
	got := now.WithLost(lost).Packages
	if len(got) != 2*n-1 || len(got[2].Files) != 1 || len(now.Packages[1].Files) > 0 {
		t.Errorf("%d packages, want %d, and the third with its files: %+v", len(got), 2*n-1, got[2])
	}
	for i := 1; i < len(got); i++ {
		if got[i].PURL <= got[i-1].PURL {
			t.Fatalf("%s behind %s", got[i].PURL, got[i-1].PURL)
		}
	}
	if took := time.Since(begun); took > 30*time.Second { // each alone took more than a minute
		t.Errorf("%s", took)
	}
}
