package main

import (
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/sworn-build/sworn/provenance"
	"github.com/sworn-build/sworn/step"
)

// packages finds the packages that are asked for: those of the image, or else those that
// steps installed and removed again.
func (w *why) packages(asked string) ([]whyPackage, error) {
	installed := map[string]bool{}
	for purl := range w.known {
		installed[purl] = true
	}
	for _, purl := range w.contents.Packages {
		installed[purl] = true
	}
	var out []whyPackage
	for _, purl := range slices.Sorted(maps.Keys(installed)) {
		if isPackage(purl, asked) || w.known[purl].named(asked) {
			out = append(out, w.pack(purl))
		}
	}
	if len(out) == 0 {
		out = w.removed(asked, installed)
	}
	if len(out) > 0 {
		return out, nil
	}
	f := &failure{message: fmt.Sprintf("the image has no package %q", asked)}
	if len(w.contents.Databases) > 0 {
		f.message = fmt.Sprintf("no package %q is known of the image", asked)
	}
	all := slices.Sorted(maps.Keys(installed))
	if near := nearest(asked, all, packageName); len(near) > 0 {
		f.hints = []string{"it has " + strings.Join(near, ", ")}
	}
	if w.files[step.Path("/"+asked)] != nil {
		f.hints = append(f.hints, "a path begins with a slash: /"+asked)
	}
	for _, d := range w.databases() {
		f.hints = append(f.hints, d.text()+"; packages of it may be missing")
	}
	return nil, f
}

// databases are those of which packages may be missing.
func (w *why) databases() []whyDatabase {
	var out []whyDatabase
	for _, d := range w.contents.Databases {
		out = append(out, whyDatabase{d, w.hop(d.Step, "")})
	}
	return out
}

// text says what is wrong with a package database, and since when.
func (d *whyDatabase) text() string {
	since := d.Step
	if h := d.Since; h != nil && !isMaterial(h.Kind) {
		since = fmt.Sprintf("%s (%s: %s)", h.ID, linesText(h.Lines), oneLine(h.What, commandWidth))
	}
	if d.Removed {
		return fmt.Sprintf("the package database %s is gone since %s", string(d.Path), since)
	}
	return fmt.Sprintf("the package database %s cannot be read, or not all of it, since %s: %s", string(d.Path), since, d.Reason)
}

// unlistedBy is the step since which no database tells of a package that the image has; nil
// of one that a database tells of.
func (w *why) unlistedBy(purl string) *hop {
	for id := stateOf(w.image); w.steps[id] != nil; id = stateOf(w.steps[id].Parent) {
		o := &w.steps[id].Outputs
		if slices.Contains(o.PackagesLost, purl) {
			return w.hop(id, "")
		}
		if slices.Contains(o.PackagesFound, purl) || slices.Contains(o.PackagesAdded, purl) {
			return nil
		}
	}
	return nil
}

// isPackage reports whether a package is the one that is asked for: by purl, with or without
// qualifiers and version, or by name, with or without namespace and version.
func isPackage(purl, asked string) bool {
	bare, _, _ := strings.Cut(purl, "?")
	bare, _, _ = strings.Cut(bare, "#")
	if strings.HasPrefix(asked, "pkg:") {
		name, _, _ := cutVersion(bare)
		return asked == purl || asked == bare || asked == name
	}
	name, version, _ := cutVersion(strings.TrimPrefix(bare, "pkg:"))
	_, name, _ = strings.Cut(name, "/") // without the type
	name, version = unescaped(name), unescaped(version)
	short := name[strings.LastIndex(name, "/")+1:]
	return asked == name || asked == short || version != "" && (asked == name+"@"+version || asked == short+"@"+version)
}

// named reports whether a document gives a package the name that is asked for: purls of some
// kinds write it in another way, of pypi in lower case.
func (k *whyPackage) named(asked string) bool {
	return k != nil && (asked == k.Name || k.Version != "" && asked == k.Name+"@"+k.Version)
}

// cutVersion cuts a purl without qualifiers at its version.
func cutVersion(purl string) (name, version string, ok bool) {
	i := strings.LastIndex(purl, "@")
	if i <= strings.LastIndex(purl, "/") {
		return purl, "", false
	}
	return purl[:i], purl[i+1:], true
}

func unescaped(s string) string {
	if u, err := url.PathUnescape(s); err == nil {
		return u
	}
	return s
}

// packageName is the name in a purl, without namespace; other text stays.
func packageName(s string) string {
	if !strings.HasPrefix(s, "pkg:") {
		return s
	}
	bare, _, _ := strings.Cut(s, "?")
	name, _, _ := cutVersion(bare)
	return unescaped(name[strings.LastIndex(name, "/")+1:])
}

// pack says what is known of a package of the image.
func (w *why) pack(purl string) whyPackage {
	out := whyPackage{PURL: purl, Name: packageName(purl)}
	if k := w.known[purl]; k != nil {
		out = *k
	}
	came := map[string]int{}
	for i := range w.contents.Files {
		f := &w.contents.Files[i]
		if f.Package == nil || w.contents.Packages[*f.Package] != purl {
			continue
		}
		o := w.contents.Origins[f.Origin]
		if o.Class == provenance.OriginPackage {
			came[o.From]++
		}
		if f.Type != provenance.TypeFile {
			continue
		}
		out.Files++
		if state := packageState(o.Class, purl); state == "changed" || state == "unexplained" {
			out.Changed = append(out.Changed, f.Path)
		}
	}
	out.BroughtBy, out.UnlistedBy = w.broughtBy(purl, came), w.unlistedBy(purl)
	return out
}

// broughtBy is what a document says, or the step whose package databases had it first, or
// where most of its files came from.
func (w *why) broughtBy(purl string, came map[string]int) *hop {
	if id := w.brought[purl]; id != "" {
		return w.hop(id, "")
	}
	for _, s := range slices.Backward(w.order) {
		if slices.Contains(s.Outputs.PackagesAdded, purl) {
			return w.hop(s.ID, "")
		}
	}
	best := ""
	for _, id := range slices.Sorted(maps.Keys(came)) {
		if best == "" || came[id] > came[best] {
			best = id
		}
	}
	if best == "" {
		return nil
	}
	return w.hop(best, "")
}

// removed finds packages that are no longer there.
func (w *why) removed(asked string, installed map[string]bool) []whyPackage {
	found := map[string]*whyPackage{}
	for _, s := range w.order {
		for _, purl := range s.Outputs.PackagesRemoved {
			if !installed[purl] && isPackage(purl, asked) {
				found[purl] = &whyPackage{PURL: purl, Name: packageName(purl), RemovedBy: w.hop(s.ID, ""), BroughtBy: w.broughtBy(purl, nil)}
			}
		}
	}
	var out []whyPackage
	for _, purl := range slices.Sorted(maps.Keys(found)) {
		out = append(out, *found[purl])
	}
	return out
}
