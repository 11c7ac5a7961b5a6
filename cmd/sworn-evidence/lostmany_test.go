package main

import (
	"fmt"
	"slices"
	"testing"

	"github.com/sworn-build/sworn/sbom"
	"github.com/sworn-build/sworn/step"
)

// TestManyLostPackagesOfTwoSteps: those of both are lost, and found when they are listed again.
func TestManyLostPackagesOfTwoSteps(t *testing.T) { loseTwice(t, 1000) }

// BenchmarkLostOfTwoSteps: a database has as many entries as fit into it, so ten times as many
// have to take ten times as long.
func BenchmarkLostOfTwoSteps(b *testing.B) {
	for _, n := range []int{10_000, 100_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			for b.Loop() {
				loseTwice(b, n)
			}
		})
	}
}

func loseTwice(t testing.TB, n int) {
	t.Helper()
	some := func(version string) (out []sbom.Lost) {
		for i := range n {
			out = append(out, sbom.Lost{Package: sbom.Package{PURL: fmt.Sprintf("pkg:deb/x%07d@%s", i, version)}})
		}
		return out
	}
	before, more := some("1"), some("2")
	more[0] = before[0]
	both := withLost(before, more, "step1")
	if len(both) != 2*n-1 || both[0].By != "" || both[1].By != "" || both[2].By != "step1" || !slices.IsSorted(lostPURLs(both)) {
		t.Errorf("%d packages: %+v", len(both), both[:3])
	}
	inv := &sbom.Inventory{}
	for _, l := range before {
		inv.Packages = append(inv.Packages, l.Package)
	}
	g := &graph{
		installed: map[string]installed{"step0": {lost: before}, "step1": {lost: more, inventory: inv}},
		steps:     map[string]step.Step{"step1": {ID: "step1", Parent: "step0"}},
	}
	if found := g.foundAgain("step1"); len(found) != n-1 {
		t.Errorf("%d are found again, want %d", len(found), n-1)
	}
}
