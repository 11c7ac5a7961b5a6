package main

import (
	"fmt"
	"math"
	"slices"

	"github.com/sworn-build/sworn/hack/bench/results"
)

// plots makes every plot, by name below docs.
func (r report) plots() map[string][]byte {
	return map[string][]byte{
		"performance/ratios.svg": r.ratios(),
		"performance/files.svg": r.growth("files", "Wall time by number of files", "files written by one step", "seconds",
			func(v string, c results.Cell) float64 { return results.Median(c.Each(v, results.Wall)) }, "warm", "cached"),
		"performance/steps.svg": r.growth("steps", "Wall time by number of steps", "steps", "seconds",
			func(v string, c results.Cell) float64 { return results.Median(c.Each(v, results.Wall)) }, "warm", "cached"),
		"performance/memory.svg": r.growth("files", "Peak memory of evidence tool and scanner", "files written by one step", "MB",
			func(v string, c results.Cell) float64 {
				return float64(max(c.Peaks[v]["evidence"], c.Peaks[v]["scanner"])) / 1e6
			}, "warm"),
	}
}

// ratios shows wall times over upstream's, a row for each cell of a real project.
func (r report) ratios() []byte {
	cells := r.pick(real(), scenarios()...)
	const left, right, top, row = 130.0, 700.0, 64.0, 22.0
	height := top + row*float64(len(cells)) + 44
	d := newDrawing(740, int(height), "Wall time of a build over that of upstream's frontend")
	d.legend(left, 42, results.Syft, results.Sworn)
	var values []float64
	for _, c := range cells {
		for _, v := range []string{results.Syft, results.Sworn} {
			values = append(values, c.Ratio(v, results.Upstream, results.Wall))
		}
	}
	s := logScale(append(values, 1), 2, left, right, short)
	bottom := top + row*float64(len(cells))
	for _, t := range s.ticks {
		d.line(s.at(t), top-6, s.at(t), bottom, "#e5e7eb", 1, "")
		d.text(s.at(t), bottom+16, "middle", "#4b5563", 11, s.tickFormat(t))
	}
	d.line(s.at(1), top-6, s.at(1), bottom, "#6b7280", 1.5, "")
	d.line(s.at(maxTotal), top-6, s.at(maxTotal), bottom, "#2563eb", 1, "4 3")
	d.text(left, bottom+34, "start", "#4b5563", 11, fmt.Sprintf("1 is upstream without an SBOM; dashed: %.2f, the target for cold and warm builds", maxTotal))
	for i, c := range cells {
		y := top + row*(float64(i)+0.5)
		d.text(left-12, y+4, "end", "#111827", 12, c.Project+" "+c.Scenario)
		for _, v := range []string{results.Syft, results.Sworn} {
			x := c.Ratio(v, results.Upstream, results.Wall)
			d.dot(s.at(x), y, colours[v], fmt.Sprintf("%s, %s %s: %.2f", v, c.Project, c.Scenario, x))
		}
	}
	return d.bytes()
}

// legend names variants at a height.
func (d *drawing) legend(x, y float64, variants ...string) {
	names := map[string]string{results.Upstream: "upstream", results.Syft: "upstream with Syft", results.Sworn: "Sworn"}
	for _, v := range variants {
		d.dot(x, y-4, colours[v], names[v])
		d.text(x+10, y, "start", "#111827", 12, names[v])
		x += 40 + 7*float64(len(names[v]))
	}
}

// growth shows how a figure grows with the number of what a made-up project has, both
// on logarithmic axes. The first
// scenario has a full line, the second a dotted one.
func (r report) growth(kind, title, across, up string, figure func(variant string, c results.Cell) float64, scenarios ...string) []byte {
	const left, right, top, bottom = 70.0, 640.0, 64.0, 330.0
	d := newDrawing(680, 380, title)
	var xs, ys []float64
	type series struct {
		variant, scenario string
		cells             []results.Cell
	}
	var all []series
	for _, v := range results.Variants() {
		for _, sc := range scenarios {
			cells := slices.DeleteFunc(r.pick(nil, sc), func(c results.Cell) bool {
				f := figure(v, c)
				return c.Project != fmt.Sprintf("%s-%.0f", kind, number(c)) || math.IsNaN(f) || f <= 0
			})
			if len(cells) == 0 {
				continue
			}
			all = append(all, series{v, sc, cells})
			for _, c := range cells {
				xs, ys = append(xs, number(c)), append(ys, figure(v, c))
			}
		}
	}
	if len(all) == 0 {
		return d.bytes()
	}
	var shown []string
	for _, s := range all {
		if !slices.Contains(shown, s.variant) {
			shown = append(shown, s.variant)
		}
	}
	d.legend(left, 42, shown...)
	if len(scenarios) > 1 {
		d.text(right, 42, "end", "#4b5563", 11, scenarios[0]+": full line, "+scenarios[1]+": dotted")
	}
	x, y := logScale(xs, 10, left, right, short), logScale(ys, 10, bottom, top, short)
	for _, t := range x.ticks {
		d.line(x.at(t), top, x.at(t), bottom, "#e5e7eb", 1, "")
		d.text(x.at(t), bottom+16, "middle", "#4b5563", 11, x.tickFormat(t))
	}
	for _, t := range y.ticks {
		d.line(left, y.at(t), right, y.at(t), "#e5e7eb", 1, "")
		d.text(left-8, y.at(t)+4, "end", "#4b5563", 11, y.tickFormat(t))
	}
	d.text((left+right)/2, bottom+36, "middle", "#111827", 12, across)
	d.text(left-8, top-10, "end", "#111827", 12, up)
	for _, s := range all {
		dash := ""
		if s.scenario != scenarios[0] {
			dash = "2 4"
		}
		for i, c := range s.cells {
			px, py := x.at(number(c)), y.at(figure(s.variant, c))
			if i > 0 {
				was := s.cells[i-1]
				d.line(x.at(number(was)), y.at(figure(s.variant, was)), px, py, colours[s.variant], 2, dash)
			}
			d.dot(px, py, colours[s.variant], fmt.Sprintf("%s, %s %s: %s %s", s.variant, c.Project, c.Scenario, short(figure(s.variant, c)), up))
		}
	}
	return d.bytes()
}
