package main

import (
	"cmp"
	"path"
	"slices"
	"strings"

	"github.com/agext/levenshtein"

	"github.com/sworn-build/sworn/provenance"
)

// maxNear is how many names are suggested.
const maxNear = 5

// near is a name that is like another; less is nearer.
type near struct {
	name string
	cost int
}

// nearest are the nearest of some names, at most maxNear.
func nearest(found []near) []string {
	slices.SortStableFunc(found, func(a, b near) int {
		return cmp.Or(a.cost-b.cost, len(a.name)-len(b.name))
	})
	var out []string
	for _, f := range found[:min(len(found), maxNear)] {
		out = append(out, f.name)
	}
	return out
}

// edits is how many changes make one word the other, letters of either case taken as the
// same; false when they are more than a typing error makes.
func edits(a, b string) (int, bool) {
	if a == b {
		return 0, true
	}
	most := max(1, len(a)/3)
	if len(a)-len(b) > most || len(b)-len(a) > most {
		return 0, false
	}
	d := levenshtein.Distance(strings.ToLower(a), strings.ToLower(b), nil)
	return d, d <= most
}

// Costs of what else sets two paths apart, in edits.
const (
	costFolder = 2 // a folder more or less on the way
	costMoved  = 4 // the same name in another folder
)

// nearPaths are the paths of the image that are like one: each name on the way nearly the
// same, or the last name alone.
func (w *why) nearPaths(name string) []string {
	names := strings.Split(strings.TrimPrefix(path.Clean("/"+name), "/"), "/")
	known := map[[2]string]int{} // edits of names in folders, which many paths have; -1 of too many
	like := func(a, b string) (int, bool) {
		d, ok := known[[2]string{a, b}]
		if !ok {
			var few bool
			if d, few = edits(a, b); !few {
				d = -1
			}
			known[[2]string{a, b}] = d
		}
		return d, d >= 0
	}
	var found []near
	for i := range w.contents.Files {
		other := string(w.contents.Files[i].Path)
		last, ok := edits(names[len(names)-1], path.Base(other))
		if !ok {
			continue
		}
		cost := last
		others := strings.Split(other[1:], "/")
		switch moved, ok := folders(names[:len(names)-1], others[:len(others)-1], like); {
		case ok:
			cost += moved
		case last > 1:
			cost += 2 * costMoved
		default:
			cost += costMoved
		}
		found = append(found, near{other, cost})
	}
	return nearest(found)
}

// folders is how far the folders of two paths are apart; false when they have little in
// common. One of them may have one folder more.
func folders(a, b []string, like func(a, b string) (int, bool)) (int, bool) {
	if len(a) > len(b) {
		a, b = b, a
	}
	cost, skipped := 0, len(b)-len(a)
	if skipped > 1 {
		return 0, false
	}
	for i := range a {
		d, ok := like(a[i], b[i+len(b)-len(a)-skipped])
		if !ok && skipped == 1 {
			skipped = 0
			cost += costFolder
			d, ok = like(a[i], b[i+len(b)-len(a)])
		}
		if !ok {
			return 0, false
		}
		cost += d
	}
	if skipped == 1 {
		cost += costFolder
	}
	return cost, true
}

// minPart is the length from which on a part of a name is looked for in others.
const minPart = 3

// nearPackages are the packages whose names are like one, with or without namespace and
// version, or have it in them.
func nearPackages(asked string, purls []string) []string {
	name := asked
	if strings.HasPrefix(asked, "pkg:") {
		name = packageName(asked)
	} else if i := strings.LastIndex(asked, "@"); i > 0 {
		name = asked[:i]
	}
	short := name[strings.LastIndex(name, "/")+1:]
	var found []near
	for _, purl := range purls {
		full, last := fullName(purl), packageName(purl)
		best := -1
		for _, pair := range [][2]string{{name, full}, {name, last}, {short, last}} {
			if d, ok := edits(pair[0], pair[1]); ok && (best < 0 || d < best) {
				best = d
			}
		}
		within := full
		if provenance.OfDatabase(purl) { // whose namespace is the same of all
			within = last
		}
		if best < 0 && len(short) >= minPart && strings.Contains(strings.ToLower(within), strings.ToLower(short)) {
			best = costMoved + len(within) - len(short)
		}
		if best >= 0 {
			found = append(found, near{purl, best})
		}
	}
	return nearest(found)
}
