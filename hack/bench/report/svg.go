package main

import (
	"fmt"
	"html"
	"math"
	"strings"
)

// Colours of the variants: apart for those who see few colours, too.
var colours = map[string]string{"upstream": "#6b7280", "syft": "#d97706", "sworn": "#2563eb"}

// drawing is an SVG that grows. Coordinates have one decimal, so the same data give
// the same bytes on every machine.
type drawing struct {
	strings.Builder
}

func newDrawing(width, height int, title string) *drawing {
	d := &drawing{}
	fmt.Fprintf(d, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" font-family="sans-serif" font-size="12" role="img">`+"\n", width, height, width, height)
	fmt.Fprintf(d, "<title>%s</title>\n<rect width=\"%d\" height=\"%d\" fill=\"#ffffff\"/>\n", html.EscapeString(title), width, height)
	d.text(16, 22, "start", "#111827", 14, title)
	return d
}

func (d *drawing) bytes() []byte {
	d.WriteString("</svg>\n")
	return []byte(d.String())
}

func (d *drawing) text(x, y float64, anchor, colour string, size int, s string) {
	fmt.Fprintf(d, `<text x="%.1f" y="%.1f" text-anchor="%s" fill="%s" font-size="%d">%s</text>`+"\n", x, y, anchor, colour, size, html.EscapeString(s))
}

func (d *drawing) line(x1, y1, x2, y2 float64, colour string, width float64, dash string) {
	fmt.Fprintf(d, `<line x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f" stroke="%s" stroke-width="%.1f"`, x1, y1, x2, y2, colour, width)
	if dash != "" {
		fmt.Fprintf(d, ` stroke-dasharray="%s"`, dash)
	}
	d.WriteString("/>\n")
}

func (d *drawing) dot(x, y float64, colour, hint string) {
	fmt.Fprintf(d, `<circle cx="%.1f" cy="%.1f" r="5" fill="%s"><title>%s</title></circle>`+"\n", x, y, colour, html.EscapeString(hint))
}

// scale maps values to a stretch of pixels, by their logarithm.
type scale struct {
	low, high  float64 // values
	from, to   float64 // pixels
	ticks      []float64
	tickFormat func(float64) string
}

func (s scale) at(v float64) float64 {
	v = math.Min(math.Max(v, s.low), s.high)
	return s.from + (s.to-s.from)*math.Log(v/s.low)/math.Log(s.high/s.low)
}

// logScale covers values with whole steps of a factor, 2 or 10.
func logScale(values []float64, factor, from, to float64, format func(float64) string) scale {
	low, high := math.Inf(1), math.Inf(-1)
	for _, v := range values {
		if v > 0 {
			low, high = math.Min(low, v), math.Max(high, v)
		}
	}
	// A little room, so that no value lies on the border.
	a := math.Floor(math.Log(low) / math.Log(factor))
	b := math.Ceil(math.Log(high) / math.Log(factor))
	if a == b {
		b++
	}
	s := scale{low: math.Pow(factor, a), high: math.Pow(factor, b), from: from, to: to, tickFormat: format}
	for e := a; e <= b; e++ {
		s.ticks = append(s.ticks, math.Pow(factor, e))
	}
	return s
}

// short writes a number with as few digits as it takes.
func short(v float64) string { return strings.TrimSuffix(fmt.Sprintf("%.4g", v), ".0") }
