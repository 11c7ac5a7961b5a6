package sbom

import (
	"fmt"
	"testing"

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

// TestManyPackagesAreLost: those of another type stay, and what was lost before is sorted in.
func TestManyPackagesAreLost(t *testing.T) { loseMany(t, 1000) }

// BenchmarkLose: a database has as many entries as fit into it, so ten times as many have to
// take ten times as long.
func BenchmarkLose(b *testing.B) {
	for _, n := range []int{10_000, 100_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			for b.Loop() {
				loseMany(b, n)
			}
		})
	}
}

func loseMany(t testing.TB, n int) {
	t.Helper()
	databases := []Database{{Type: "deb", Path: "/var/lib/dpkg/status"}}
	now := &Inventory{Databases: databases, Packages: some(n, "apk", "1")}
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
}
