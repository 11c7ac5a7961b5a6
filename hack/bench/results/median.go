package results

import (
	"math"
	"slices"
)

// Median of some figures; NaN of none.
func Median(xs []float64) float64 {
	if len(xs) == 0 {
		return math.NaN()
	}
	s := slices.Sorted(slices.Values(xs))
	n := len(s)
	return (s[(n-1)/2] + s[n/2]) / 2
}

// Each returns a figure of a variant's run in every round that has one.
func (c Cell) Each(variant string, of func(Run) float64) []float64 {
	var out []float64
	for _, r := range c.Rounds {
		if run, ok := r[variant]; ok {
			out = append(out, of(run))
		}
	}
	return out
}

// Ratio is the median of a figure of variant over that of base, round by round.
func (c Cell) Ratio(variant, base string, of func(Run) float64) float64 {
	var out []float64
	for _, r := range c.Rounds {
		v, ok := r[variant]
		b, ok2 := r[base]
		if ok && ok2 {
			out = append(out, of(v)/of(b))
		}
	}
	return Median(out)
}

// Extra is the median of what variant takes more than base, round by round.
func (c Cell) Extra(variant, base string, of func(Run) float64) float64 {
	var out []float64
	for _, r := range c.Rounds {
		v, ok := r[variant]
		b, ok2 := r[base]
		if ok && ok2 {
			out = append(out, of(v)-of(b))
		}
	}
	return Median(out)
}

// Wall is how long a run took.
func Wall(r Run) float64 { return r.Wall }

// CPU is what a run used of the processors.
func CPU(r Run) float64 { return r.CPU }
