package main

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"text/template"

	"github.com/sworn-build/sworn/hack/bench/results"
)

// report makes tables and plots of results, and of those before the mending.
type report struct {
	now, then results.File
}

func (r report) funcs() template.FuncMap {
	return template.FuncMap{
		"machine": r.machine, "rounds": r.rounds, "targets": r.targetTable, "wall": r.wallTable, "cpu": r.cpuTable,
		"memory": r.memoryTable, "sizes": r.sizeTable, "internal": r.internalTable, "changes": r.changeTable, "parts": r.partTable,
	}
}

// real are the projects of a kind that people build; the others are made up.
func real() []string { return []string{"apt", "gcc", "go", "npm"} }

// scenarios in the order in which they are shown.
func scenarios() []string { return []string{"cold", "warm", "edited", "cached"} }

// cells are sorted as they are shown: real projects first, numbers as numbers.
func (r report) cells() []results.Cell {
	out := slices.Clone(r.now.Cells)
	slices.SortStableFunc(out, func(a, b results.Cell) int {
		return strings.Compare(key(a.Project)+scenarioKey(a.Scenario), key(b.Project)+scenarioKey(b.Scenario))
	})
	return out
}

func key(project string) string {
	name, n, made := strings.Cut(project, "-")
	if !made {
		return "0" + name
	}
	return fmt.Sprintf("1%s%9s", name, n)
}

func scenarioKey(s string) string { return fmt.Sprint(slices.Index(scenarios(), s)) }

// table writes Markdown; the columns after the first left ones are numbers.
func table(head []string, left int, rows [][]string) string {
	var b strings.Builder
	line := func(cells []string) { b.WriteString("| " + strings.Join(cells, " | ") + " |\n") }
	line(head)
	var rule []string
	for i := range head {
		if i < left {
			rule = append(rule, "---")
		} else {
			rule = append(rule, "---:")
		}
	}
	line(rule)
	for _, r := range rows {
		line(r)
	}
	return strings.TrimSuffix(b.String(), "\n")
}

func seconds(s float64) string {
	switch {
	case math.IsNaN(s):
		return "-"
	case math.Abs(s) < 9.995:
		return fmt.Sprintf("%.2f", s)
	}
	return fmt.Sprintf("%.1f", s)
}

func ratio(x float64) string {
	if math.IsNaN(x) {
		return "-"
	}
	return fmt.Sprintf("%.2f", x)
}

func mb(n int64) string {
	if n == 0 {
		return "-"
	}
	return fmt.Sprintf("%.1f", float64(n)/1e6)
}

func (r report) machine() string {
	m := r.now.Machine
	return fmt.Sprintf("%d cores (%s), %.0f GB memory, Linux %s; BuildKit %s, runc %s, Syft %s, %s",
		m.Cores, m.CPU, float64(m.Memory)/1e9, m.Kernel, m.BuildKit, m.Runc, m.Syft, m.Go)
}

// rounds says how many rounds there were and under what load.
func (r report) rounds() string {
	least, most, load := math.MaxInt, 0, 0.0
	commits := map[string]bool{}
	for _, c := range r.now.Cells {
		least, most, load = min(least, len(c.Rounds)), max(most, len(c.Rounds)), max(load, c.Load)
		commits[c.Commit] = true
	}
	n := fmt.Sprint(least)
	if least != most {
		n = fmt.Sprintf("%d to %d", least, most)
	}
	names := slices.Sorted(maps.Keys(commits))
	return fmt.Sprintf("Measured at %s, %s rounds a cell. The load average of the machine before a cell's first round was at most %.1f; each row has its own. The builds themselves make it 2 to 4; above that, other work ran on the machine",
		strings.Join(names, ", "), n, load)
}

func (r report) wallTable() string {
	return r.timeTable(results.Wall)
}

func (r report) cpuTable() string {
	return r.timeTable(results.CPU)
}

func (r report) timeTable(of func(results.Run) float64) string {
	var rows [][]string
	for _, c := range r.cells() {
		rows = append(rows, []string{
			c.Project, c.Scenario,
			seconds(results.Median(c.Each(results.Upstream, of))),
			seconds(results.Median(c.Each(results.Syft, of))),
			seconds(results.Median(c.Each(results.Sworn, of))),
			ratio(c.Ratio(results.Sworn, results.Upstream, of)),
			ratio(c.Ratio(results.Sworn, results.Syft, of)),
			seconds(c.Extra(results.Sworn, results.Upstream, of)),
			fmt.Sprintf("%.1f", c.Load),
		})
	}
	return table([]string{"project", "scenario", "upstream, s", "with Syft, s", "Sworn, s", "Sworn / upstream", "Sworn / Syft", "Sworn - upstream, s", "load"}, 2, rows)
}

// described are the cells of one scenario of each project that has peaks and sizes.
func (r report) described() []results.Cell {
	return slices.DeleteFunc(r.cells(), func(c results.Cell) bool { return c.Scenario != "cached" })
}

func (r report) memoryTable() string {
	var rows [][]string
	for _, c := range r.described() {
		p := c.Peaks
		rows = append(rows, []string{
			c.Project, mb(p[results.Upstream]["frontend"]), mb(p[results.Sworn]["frontend"]), mb(p[results.Sworn]["runner"]),
			mb(p[results.Sworn]["evidence"]), mb(p[results.Syft]["scanner"]),
		})
	}
	return table([]string{"project", "upstream's frontend, MB", "Sworn's frontend, MB", "runner, MB", "evidence tool, MB", "Syft scanner, MB"}, 1, rows)
}

func (r report) sizeTable() string {
	var rows [][]string
	for _, c := range r.described() {
		s := c.Sizes
		rows = append(rows, []string{
			c.Project, mb(s[results.Upstream].Image), mb(s[results.Sworn].Image),
			kb(s[results.Upstream].Statements), kb(s[results.Syft].Statements), kb(s[results.Sworn].Statements),
		})
	}
	return table([]string{"project", "image upstream, MB", "image Sworn, MB", "statements upstream, kB", "with Syft, kB", "Sworn, kB"}, 1, rows)
}

func kb(n int64) string { return fmt.Sprintf("%.0f", float64(n)/1e3) }

// internalTable says what of ours ran and how long.
func (r report) internalTable() string {
	var rows [][]string
	for _, c := range r.cells() {
		row := []string{c.Project, c.Scenario}
		for _, kind := range []string{"describe", "digest", "assemble", "bind"} {
			ran := results.Median(c.Each(results.Sworn, func(x results.Run) float64 { return float64(x.Internal[kind].Ran) }))
			wall := results.Median(c.Each(results.Sworn, func(x results.Run) float64 { return x.Internal[kind].Wall }))
			if ran == 0 {
				row = append(row, "-")
			} else {
				row = append(row, fmt.Sprintf("%.0f, %s s", ran, seconds(wall)))
			}
		}
		scan := results.Median(c.Each(results.Syft, func(x results.Run) float64 { return x.Internal["scan"].Wall }))
		if scan == 0 {
			row = append(row, "-")
		} else {
			row = append(row, seconds(scan)+" s")
		}
		rows = append(rows, row)
	}
	return table([]string{"project", "scenario", "describe", "digest", "assemble", "bind", "Syft's scan"}, 2, rows)
}

// partTable shows what the extra time and processor time of a build is for, where parts
// of Sworn were switched off.
func (r report) partTable() string {
	var rows [][]string
	for _, c := range r.pick(nil, "warm") {
		if len(c.Each(results.NoObserve, results.Wall)) == 0 {
			continue
		}
		for name, of := range map[string]func(results.Run) float64{"wall": results.Wall, "CPU": results.CPU} {
			row := []string{c.Project, name, seconds(results.Median(c.Each(results.Upstream, of)))}
			for _, v := range []string{results.NoStatements, results.NoObserve, results.Sworn} {
				row = append(row, seconds(c.Extra(v, results.Upstream, of)))
			}
			rows = append(rows, row)
		}
	}
	if len(rows) == 0 {
		return "Not measured."
	}
	slices.SortStableFunc(rows, func(a, b []string) int { return strings.Compare(key(a[0])+b[1], key(b[0])+a[1]) })
	return table([]string{"project, warm", "", "upstream, s", "`statements=off`: the sandbox alone, s more", "`observe=off`: and evidence, s more", "Sworn: and watching, s more"}, 2, rows)
}

// changeTable compares with what was measured before.
func (r report) changeTable() string {
	var rows [][]string
	for _, c := range r.cells() {
		was, ok := r.then.Cell(c.Project, c.Scenario)
		if !ok {
			continue
		}
		rows = append(rows, []string{
			c.Project, c.Scenario,
			seconds(was.Extra(results.Sworn, results.Upstream, results.Wall)), seconds(c.Extra(results.Sworn, results.Upstream, results.Wall)),
			ratio(was.Ratio(results.Sworn, results.Upstream, results.Wall)), ratio(c.Ratio(results.Sworn, results.Upstream, results.Wall)),
			seconds(was.Extra(results.Sworn, results.Upstream, results.CPU)), seconds(c.Extra(results.Sworn, results.Upstream, results.CPU)),
			mb(was.Peaks[results.Sworn]["evidence"]), mb(c.Peaks[results.Sworn]["evidence"]),
		})
	}
	if len(rows) == 0 {
		return "Nothing was measured before."
	}
	return table([]string{"project", "scenario", "wall over upstream before, s", "after, s", "ratio before", "after",
		"CPU over upstream before, s", "after, s", "evidence tool before, MB", "after, MB"}, 2, rows)
}
