// Package results is what hack/bench measured, as data: builds of the same project
// by several variants, one after the other, round by round.
//
// The file is committed, and the tables and plots of docs/performance.md are made of
// it alone.
//
//	f, err := results.Load("docs/performance/results.json")
package results

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
)

// Version of the file.
const Version = 1

// Variants, in the order in which a round builds them.
const (
	Upstream = "upstream" // upstream's frontend, BuildKit's provenance, no SBOM
	Syft     = "syft"     // the same with a Syft scanner image as SBOM generator
	Sworn    = "sworn"
)

// Variants with a part of Sworn switched off, which some cells have as well.
const (
	NoObserve    = "sworn observe=off"    // steps are not watched
	NoStatements = "sworn statements=off" // nothing is recorded; steps are sandboxed
)

// Parts returns what there is beside [Variants].
func Parts() []string { return []string{NoObserve, NoStatements} }

// Variants returns all of them in that order.
func Variants() []string { return []string{Upstream, Syft, Sworn} }

// File holds all figures.
type File struct {
	Version  int       `json:"version"`
	Machine  Machine   `json:"machine"`
	Frontend *Frontend `json:"frontend,omitempty"`
	// Cells are sorted by project and scenario.
	Cells []Cell `json:"cells"`
}

// Machine is where the last cell was measured, and with what.
type Machine struct {
	CPU      string `json:"cpu"`
	Cores    int    `json:"cores"`
	Memory   int64  `json:"memory"` // bytes
	Kernel   string `json:"kernel"`
	BuildKit string `json:"buildkit"`
	Runc     string `json:"runc"`
	Go       string `json:"go"`
	Syft     string `json:"syft"`
}

// Frontend is about frontend images and the command-line tool.
type Frontend struct {
	// Compressed is the size of an image's layers in bytes, by variant.
	Compressed map[string]int64 `json:"compressed"`
	// Start is how long a frontend's process took from its start to its first
	// request, in seconds, by variant, once a run.
	Start map[string][]float64 `json:"start"`
	// CLI is the size of bin/sworn in bytes.
	CLI int64 `json:"cli"`
}

// Cell is one project in one scenario.
type Cell struct {
	Project  string `json:"project"`
	Scenario string `json:"scenario"`
	Commit   string `json:"commit"` // of this repository
	// Runs is how many RUN instructions of the Dockerfile ran in each build.
	Runs int `json:"runs,omitempty"`
	// Load is the machine's load average before the first round (1 minute): high when
	// it did other work as well.
	Load   float64 `json:"load"`
	Rounds []Round `json:"rounds"`
	// Sizes and peaks are those of one build, by variant.
	Sizes map[string]Sizes            `json:"sizes,omitempty"`
	Peaks map[string]map[string]int64 `json:"peaks,omitempty"` // bytes by program
}

// Round has the run of each variant.
type Round map[string]Run

// Run is one build. Times are in seconds.
type Run struct {
	Wall float64 `json:"wall"`
	CPU  float64 `json:"cpu"` // of the daemon, its containers included
	// Frontend is from when the frontend's image was there until its first question
	// about the build: its container, its start, and reading the Dockerfile. 0: the
	// build asked none.
	Frontend float64 `json:"frontend,omitempty"`
	// Internal are the containers that no user's step is: how many ran, and for how
	// long, by what they do.
	Internal map[string]Internal `json:"internal,omitempty"`
}

// Internal sums up containers of one kind.
type Internal struct {
	Ran  int     `json:"ran"`
	Wall float64 `json:"wall"`
}

// Sizes are in bytes, as they lie in a registry.
type Sizes struct {
	Image      int64 `json:"image"`      // layers, compressed
	Statements int64 `json:"statements"` // SLSA provenance included
}

// Load reads a file; one that is not there has no cells.
func Load(name string) (File, error) {
	f := File{Version: Version}
	b, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return f, nil
	}
	if err != nil {
		return f, err
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(&f); err != nil {
		return f, fmt.Errorf("read %s: %w", name, err)
	}
	if f.Version != Version {
		return f, fmt.Errorf("read %s: version %d, want %d", name, f.Version, Version)
	}
	return f, nil
}

// Save writes a file in one step: a reader sees the old one or the new one.
func (f File) Save(name string) error {
	f.Version = Version
	slices.SortFunc(f.Cells, func(a, b Cell) int {
		return strings.Compare(a.Project+"/"+a.Scenario, b.Project+"/"+b.Scenario)
	})
	b, err := json.MarshalIndent(f, "", " ")
	if err != nil {
		return err
	}
	if err := os.WriteFile(name+".new", append(b, '\n'), 0o644); err != nil {
		return err
	}
	return os.Rename(name+".new", name)
}

// Put adds a cell in place of an earlier one of the same project and scenario.
func (f *File) Put(c Cell) {
	f.Cells = slices.DeleteFunc(f.Cells, func(o Cell) bool { return o.Project == c.Project && o.Scenario == c.Scenario })
	f.Cells = append(f.Cells, c)
}

// Cell finds a cell.
func (f File) Cell(project, scenario string) (Cell, bool) {
	i := slices.IndexFunc(f.Cells, func(c Cell) bool { return c.Project == project && c.Scenario == scenario })
	if i < 0 {
		return Cell{}, false
	}
	return f.Cells[i], true
}
