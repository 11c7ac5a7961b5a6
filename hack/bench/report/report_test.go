package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sworn-build/sworn/hack/bench/results"
)

const docs = "../../../docs"

// TestThePageIsThatOfTheResults fails when results, template or this program changed
// and `go generate ./hack/bench/report` was not run.
func TestThePageIsThatOfTheResults(t *testing.T) {
	made, err := pages(docs+"/performance/results.json", docs+"/performance/before.json")
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range made {
		got, err := os.ReadFile(filepath.Join(docs, name))
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s is not what the results give (%v); run go generate ./hack/bench/report", name, err)
		}
	}
	again, err := pages(docs+"/performance/results.json", docs+"/performance/before.json")
	if err != nil {
		t.Fatal(err)
	}
	for name := range made {
		if !bytes.Equal(made[name], again[name]) {
			t.Errorf("%s: two runs give two files", name)
		}
	}
}

// round has walls of upstream, syft and sworn.
func round(upstream, syft, sworn float64) results.Round {
	return results.Round{
		results.Upstream: {Wall: upstream}, results.Syft: {Wall: syft},
		results.Sworn: {Wall: sworn, Internal: map[string]results.Internal{"describe": {Ran: 2}}},
	}
}

// parts is a round with walls of upstream, of the sandbox alone, of all, and of all that
// watches nothing.
func parts(upstream, sandbox, all, unwatched float64) results.Round {
	r := round(upstream, upstream, all)
	r[results.NoStatements], r[results.NoObserve] = results.Run{Wall: sandbox}, results.Run{Wall: unwatched}
	return r
}

func TestVerdictsAreComputed(t *testing.T) {
	r := report{now: results.File{
		Frontend: &results.Frontend{Compressed: map[string]int64{results.Sworn: maxImage + 1}, Start: map[string][]float64{results.Sworn: {0.001}}},
		Cells: []results.Cell{
			{Project: "apt", Scenario: "cold", Rounds: []results.Round{round(10, 20, 10.4), round(10, 20, 10.6), round(10, 20, 10.45)}},
			{Project: "gcc", Scenario: "warm", Rounds: []results.Round{round(10, 10, 11)}},
			{Project: "go", Scenario: "warm", Runs: 2, Rounds: []results.Round{parts(10, 10.2, 11, 10.9), parts(10, 10.1, 12, 11.6), parts(10, 10.4, 12, 11.8)}},
			{Project: "npm", Scenario: "warm", Runs: 1, Rounds: []results.Round{parts(10, 10.2, 11, 10.6)}},
			{Project: "apt", Scenario: "cached", Rounds: []results.Round{round(1, 1, 1.6)}},
			{Project: "apt", Scenario: "edited", Rounds: []results.Round{round(1, 2, 1.6)}},
			{Project: "files-10", Scenario: "warm", Rounds: []results.Round{round(1, 1, 2)}},
			{Project: "files-100", Scenario: "warm", Rounds: []results.Round{round(1, 1, 101)}},
			{Project: "steps-10", Scenario: "warm", Rounds: []results.Round{round(1, 1, 2)}},
			{Project: "steps-100", Scenario: "warm", Rounds: []results.Round{round(1, 1, 11)}},
		},
	}}
	for name, c := range map[string]struct {
		t    target
		want string
	}{
		"total":        {r.total(), "**met in 1 of 4**"},
		"below syft":   {r.belowSyft(), "**met in 2 of 5**"},
		"overhead":     {r.overhead(), "**met in 1 of 2**"},
		"cached":       {r.cachedRebuild(), "**not met**"},
		"unchanged":    {r.unchanged(), "**not met**"},
		"last changed": {r.changedLast(), "**not met**"},
		"files":        {r.linear("files", "", extraWall), "**not met**"},
		"steps":        {r.linear("steps", "", extraWall), "met"},
		"image":        {r.image(), "**not met**"},
		"not there":    {r.linear("people", "", extraWall), "not measured"},
	} {
		if got := c.t.verdict(); got != c.want {
			t.Errorf("%s: %s (%s), want %s", name, got, c.t.measured, c.want)
		}
	}
}

func TestRealProjectsComeFirst(t *testing.T) {
	r := report{now: results.File{Cells: []results.Cell{
		{Project: "files-100000", Scenario: "warm"}, {Project: "files-1000", Scenario: "warm"},
		{Project: "npm", Scenario: "cold"}, {Project: "apt", Scenario: "cached"}, {Project: "apt", Scenario: "cold"},
	}}}
	var got []string
	for _, c := range r.cells() {
		got = append(got, c.Project+"/"+c.Scenario)
	}
	if s := strings.Join(got, " "); s != "apt/cold apt/cached npm/cold files-1000/warm files-100000/warm" {
		t.Error(s)
	}
}

func TestTextInPlotsIsEscaped(t *testing.T) {
	d := newDrawing(10, 10, `<script>&"`)
	if s := string(d.bytes()); strings.Contains(s, "<script>") {
		t.Error(s)
	}
}
