package results

import (
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestMedian(t *testing.T) {
	for _, c := range []struct {
		xs   []float64
		want float64
	}{
		{[]float64{3}, 3}, {[]float64{9, 1, 2}, 2}, {[]float64{4, 1, 2, 9}, 3},
	} {
		if got := Median(c.xs); got != c.want {
			t.Errorf("%v: %v, want %v", c.xs, got, c.want)
		}
	}
	if !math.IsNaN(Median(nil)) {
		t.Error("nothing has a median")
	}
}

// TestRatiosAreOfPairs: a machine that is three times slower in one round changes the
// times of all, and the ratio of none.
func TestRatiosAreOfPairs(t *testing.T) {
	round := func(pace float64) Round {
		return Round{Upstream: {Wall: 2 * pace}, Sworn: {Wall: 3 * pace}}
	}
	c := Cell{Rounds: []Round{round(1), round(3), round(7), {Sworn: {Wall: 100}}}}
	if got := c.Ratio(Sworn, Upstream, Wall); got != 1.5 {
		t.Errorf("ratio %v, want 1.5", got)
	}
	if got := c.Extra(Sworn, Upstream, Wall); got != 3 {
		t.Errorf("extra %v, want 3", got)
	}
	if got := c.Each(Upstream, Wall); len(got) != 3 {
		t.Errorf("upstream ran %v", got)
	}
}

func TestOneCellIsMeasuredAgain(t *testing.T) {
	name := filepath.Join(t.TempDir(), "results.json")
	f, err := Load(name)
	if err != nil || len(f.Cells) != 0 {
		t.Fatalf("a file that is not there: %v, %v", f, err)
	}
	f.Put(Cell{Project: "b", Scenario: "warm", Load: 1})
	f.Put(Cell{Project: "a", Scenario: "warm", Load: 1})
	f.Put(Cell{Project: "b", Scenario: "warm", Load: 2})
	if err := f.Save(name); err != nil {
		t.Fatal(err)
	}
	got, err := Load(name)
	if err != nil {
		t.Fatal(err)
	}
	want := []Cell{{Project: "a", Scenario: "warm", Load: 1}, {Project: "b", Scenario: "warm", Load: 2}}
	if diff := cmp.Diff(want, got.Cells); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if c, ok := got.Cell("b", "warm"); !ok || c.Load != 2 {
		t.Errorf("cell %v, %t", c, ok)
	}
	if _, ok := got.Cell("b", "cold"); ok {
		t.Error("a cell that was not measured")
	}
}

func TestFilesOfOthersAreRefused(t *testing.T) {
	for text, want := range map[string]string{
		`{"version":2}`: "version 2, want 1", `{"version":1,"x":1}`: "unknown field", `{`: "unexpected EOF",
	} {
		name := filepath.Join(t.TempDir(), "results.json")
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := Load(name); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", text, err)
		}
	}
}
