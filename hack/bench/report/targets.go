package main

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/sworn-build/sworn/hack/bench/results"
)

// Targets that the design sets.
const (
	maxTotal        = 1.05       // of upstream's wall time without an SBOM
	maxCached       = 1.3        // of upstream's, and
	maxCachedMore   = 0.25       // seconds more
	maxGrowth       = 1.25       // what one item may cost more when there are more of them
	maxImage        = 20_000_000 // bytes
	maxStart        = 0.150      // seconds
	describedEdited = 1          // containers that describe, when the last step changed
	maxStepShare    = 0.03       // of upstream's wall time, for the sandbox and for watching, and
	maxStepMore     = 0.150      // seconds more for each RUN
)

// target is one of them with what was measured.
type target struct {
	what, measured string
	cells, met     int
}

func (t target) verdict() string {
	switch {
	case t.cells == 0:
		return "not measured"
	case t.met == t.cells:
		return "met"
	case t.cells == 1:
		return "**not met**"
	}
	return fmt.Sprintf("**met in %d of %d**", t.met, t.cells)
}

func (r report) targetTable() string {
	var rows [][]string
	for _, t := range []target{
		r.total(), r.belowSyft(), r.overhead(), r.cachedRebuild(), r.unchanged(), r.changedLast(),
		r.linear("files", "wall time", extraWall), r.linear("files", "memory of the evidence tool", evidencePeak),
		r.linear("steps", "wall time", extraWall), r.linear("steps", "memory of the frontend", frontendPeak),
		r.image(), r.start(),
	} {
		rows = append(rows, []string{t.what, t.measured, t.verdict()})
	}
	return table([]string{"target", "measured", "verdict"}, 3, rows)
}

// over judges cells by a figure that may be at most limit; it shows the range, and
// which cell is highest.
func over(what string, cells []results.Cell, limit float64, show func(float64) string, figure func(results.Cell) float64) target {
	t := target{what: what, cells: len(cells)}
	low, high, worst := math.Inf(1), math.Inf(-1), ""
	for _, c := range cells {
		x := figure(c)
		if x <= limit {
			t.met++
		}
		low = min(low, x)
		if x > high {
			high, worst = x, c.Project+" "+c.Scenario
		}
	}
	if t.cells > 0 {
		t.measured = fmt.Sprintf("%s to %s (%s)", show(low), show(high), worst)
	}
	return t
}

// pick returns cells of some projects (nil: all) in some scenarios.
func (r report) pick(projects []string, scenarios ...string) []results.Cell {
	return slices.DeleteFunc(r.cells(), func(c results.Cell) bool {
		return projects != nil && !slices.Contains(projects, c.Project) || !slices.Contains(scenarios, c.Scenario)
	})
}

func (r report) total() target {
	return over(fmt.Sprintf("a build from nothing and a build of all steps take at most %.2f of upstream's time (apt, gcc, go, npm)", maxTotal),
		r.pick(real(), "cold", "warm"), maxTotal, ratio,
		func(c results.Cell) float64 { return c.Ratio(results.Sworn, results.Upstream, results.Wall) })
}

func (r report) belowSyft() target {
	return over("they and a build after a change take less time than upstream's with the Syft scanner",
		r.pick(real(), "cold", "warm", "edited"), 1, ratio,
		func(c results.Cell) float64 { return c.Ratio(results.Sworn, results.Syft, results.Wall) })
}

// overhead judges what the sandbox costs (statements=off against upstream) with what
// watching costs (all of Sworn against observe=off), without the evidence.
func (r report) overhead() target {
	cells := slices.DeleteFunc(r.pick(real(), "warm"), func(c results.Cell) bool {
		return c.Runs == 0 || len(c.Each(results.NoStatements, results.Wall)) == 0
	})
	return over(fmt.Sprintf("baseline and observation cost at most %.0f %% of upstream's time and %.0f ms a RUN, in a build of all steps (apt, gcc, go, npm): seconds above that", maxStepShare*100, maxStepMore*1000),
		cells, 0, func(x float64) string { return fmt.Sprintf("%.2f s", x) },
		func(c results.Cell) float64 {
			var more []float64
			for _, round := range c.Rounds {
				upstream := round[results.Upstream].Wall
				cost := round[results.NoStatements].Wall - upstream + round[results.Sworn].Wall - round[results.NoObserve].Wall
				more = append(more, cost-maxStepShare*upstream-maxStepMore*float64(c.Runs))
			}
			return results.Median(more)
		})
}

func (r report) cachedRebuild() target {
	return over(fmt.Sprintf("a cached rebuild takes at most %.1f of upstream's time and %.0f ms more", maxCached, maxCachedMore*1000),
		r.pick(nil, "cached"), maxCachedMore, func(x float64) string { return fmt.Sprintf("%.0f ms", x*1000) },
		func(c results.Cell) float64 {
			var more []float64
			for _, round := range c.Rounds {
				more = append(more, round[results.Sworn].Wall-maxCached*round[results.Upstream].Wall)
			}
			return results.Median(more)
		})
}

func (r report) unchanged() target {
	return over("no evidence is made again when nothing changed: containers that describe, digest or assemble in a cached rebuild",
		r.pick(nil, "cached"), 0, whole, func(c results.Cell) float64 { return ran(c, "describe", "digest", "assemble") })
}

func (r report) changedLast() target {
	return over("evidence is made of the changed step alone: containers that describe after a change of the last step",
		r.pick(nil, "edited"), describedEdited, whole, func(c results.Cell) float64 { return ran(c, "describe") })
}

func whole(x float64) string { return fmt.Sprintf("%.0f", x) }

// ran is the most containers of some kinds that a round ran.
func ran(c results.Cell, kinds ...string) float64 {
	most := 0
	for _, round := range c.Rounds {
		n := 0
		for _, k := range kinds {
			n += round[results.Sworn].Internal[k].Ran
		}
		most = max(most, n)
	}
	return float64(most)
}

func extraWall(c results.Cell) float64 {
	return c.Extra(results.Sworn, results.Upstream, results.Wall)
}

func evidencePeak(c results.Cell) float64 { return float64(c.Peaks[results.Sworn]["evidence"]) }

func frontendPeak(c results.Cell) float64 { return float64(c.Peaks[results.Sworn]["frontend"]) }

// linear compares what one item costs in the largest project of a kind with what it
// costs in the next smaller one. A cost that does not depend on their number makes
// that ratio lower, a square one makes it the ratio of the numbers.
func (r report) linear(kind, what string, figure func(results.Cell) float64) target {
	t := target{what: fmt.Sprintf("%s is linear in %s: one of the most costs at most %.2f of what one of fewer costs", what, kind, maxGrowth)}
	cells := slices.DeleteFunc(r.pick(nil, "warm"), func(c results.Cell) bool { return !strings.HasPrefix(c.Project, kind+"-") })
	if len(cells) < 2 {
		return t
	}
	few, many := cells[len(cells)-2], cells[len(cells)-1]
	growth := (figure(many) / number(many)) / (figure(few) / number(few))
	t.cells = 1
	if growth <= maxGrowth {
		t.met = 1
	}
	t.measured = fmt.Sprintf("%s (%.0f against %.0f)", ratio(growth), number(many), number(few))
	return t
}

// number is that of a made-up project.
func number(c results.Cell) float64 {
	var n float64
	_, digits, _ := strings.Cut(c.Project, "-")
	if _, err := fmt.Sscan(digits, &n); err != nil {
		return math.NaN()
	}
	return n
}

func (r report) image() target {
	t := target{what: fmt.Sprintf("the frontend's image is at most %d MB compressed", maxImage/1_000_000), cells: 1}
	size := r.now.Frontend.Compressed[results.Sworn]
	if size <= maxImage {
		t.met = 1
	}
	t.measured = fmt.Sprintf("%s MB (upstream's %s MB; the tool `sworn` has %s MB)", mb(size), mb(r.now.Frontend.Compressed[results.Upstream]), mb(r.now.Frontend.CLI))
	return t
}

func (r report) start() target {
	t := target{what: fmt.Sprintf("the frontend starts in less than %.0f ms", maxStart*1000), cells: 1}
	start := results.Median(r.now.Frontend.Start[results.Sworn])
	if start < maxStart {
		t.met = 1
	}
	t.measured = fmt.Sprintf("%.0f ms from fork to its first request (upstream's %.0f ms)",
		start*1000, results.Median(r.now.Frontend.Start[results.Upstream])*1000)
	if inBuild := r.inBuild(results.Sworn); inBuild > 0 {
		t.measured += fmt.Sprintf("; in a build, with its container and reading the Dockerfile, %.0f ms (upstream's %.0f ms)", inBuild*1000, r.inBuild(results.Upstream)*1000)
		if inBuild >= maxStart {
			t.met = 0
		}
	}
	return t
}

// inBuild is the median start in the cached builds of the smallest project.
func (r report) inBuild(variant string) float64 {
	c, _ := r.now.Cell("steps-10", "cached")
	return results.Median(c.Each(variant, func(x results.Run) float64 { return x.Frontend }))
}
