package sbom_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sworn-build/sworn/sbom"
	"github.com/sworn-build/sworn/step"
)

func TestLedgerRefusesDeltasThatDoNotFit(t *testing.T) {
	file := sbom.Entry{Path: "/b", Type: "file", Mode: "0644", Size: 1}
	for _, c := range []struct {
		name  string
		delta sbom.Delta
		want  string
	}{
		{"added", sbom.Delta{Added: []sbom.Entry{{Path: "/a"}, file}}, `"/b" is added but was there`},
		{"added twice", sbom.Delta{Added: []sbom.Entry{{Path: "/a"}, {Path: "/a"}}}, `"/a" is added but was there`},
		{"added in another order", sbom.Delta{Added: []sbom.Entry{{Path: "/d"}, {Path: "/c"}}}, `"/c" is added but was there`},
		{"changed", sbom.Delta{Changed: []sbom.Entry{file, {Path: "/c"}}}, `"/c" is changed but was not there`},
		{"removed", sbom.Delta{Removed: []step.Path{"/a", "/b"}}, `"/a" is removed but was not there`},
		{"removed twice", sbom.Delta{Removed: []step.Path{"/b", "/b"}}, `"/b" is removed but was not there`},
		{"removed and changed", sbom.Delta{Removed: []step.Path{"/b"}, Changed: []sbom.Entry{file}}, `"/b" is changed but was not there`},
	} {
		var l sbom.Ledger
		if err := l.Apply(sbom.Delta{Added: []sbom.Entry{file}}, "step1"); err != nil {
			t.Fatal(err)
		}
		if err := l.Apply(c.delta, "step2"); err == nil || err.Error() != "apply the delta of step2: "+c.want {
			t.Errorf("%s: got %v, want %s", c.name, err, c.want)
		}
	}
}

// TestLedgerHoldsWhatAMapWould applies random deltas to a ledger and to a map.
func TestLedgerHoldsWhatAMapWould(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		var l sbom.Ledger
		held := map[step.Path]sbom.Held{}
		for i := range 1 + r.IntN(12) {
			by := fmt.Sprintf("step%d", i)
			d := randomDelta(r, held)
			if err := l.Apply(d, by); err != nil {
				t.Fatal(err)
			}
			for _, p := range d.Removed {
				delete(held, p)
			}
			for _, e := range slices.Concat(d.Added, d.Changed) {
				held[e.Path] = sbom.Held{Entry: e, Step: by}
			}
		}
		want := slices.SortedFunc(maps.Values(held), func(a, b sbom.Held) int { return strings.Compare(string(a.Path), string(b.Path)) })
		if diff := cmp.Diff(want, append([]sbom.Held(nil), l.Held()...)); diff != "" {
			t.Fatalf("(-want +got):\n%s", diff)
		}
	}
}

// randomDelta fits what is held.
func randomDelta(r *rand.Rand, held map[step.Path]sbom.Held) sbom.Delta {
	var d sbom.Delta
	often := r.IntN(10)
	for i := range 60 {
		e := sbom.Entry{Path: step.Path(fmt.Sprintf("/%02d", i)), Type: "file", Size: r.Int64()}
		_, there := held[e.Path]
		switch {
		case r.IntN(10) > often:
		case !there:
			d.Added = append(d.Added, e)
		case r.IntN(2) == 0:
			d.Changed = append(d.Changed, e)
		default:
			d.Removed = append(d.Removed, e.Path)
			if r.IntN(2) == 0 {
				d.Added = append(d.Added, e)
			}
		}
	}
	return d
}
