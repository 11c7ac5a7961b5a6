package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/sworn-build/sworn/provenance"
	"github.com/sworn-build/sworn/step"
)

// packages finds the packages that are asked for: those of the image, or else those that
// steps installed and removed again and those of other stages. Of the others that match
// besides the image's only the purls are returned.
func (w *why) packages(asked string) ([]whyPackage, []string, error) {
	w.documents()
	installed := w.installed()
	var out []whyPackage
	for _, purl := range slices.Sorted(maps.Keys(installed)) {
		if isPackage(purl, asked) || w.known[purl].named(asked) {
			out = append(out, w.pack(purl))
		}
	}
	var others []string
	for _, purl := range w.elsewhere(installed) {
		if isPackage(purl, asked) || w.outside[purl].named(asked) {
			others = append(others, purl)
		}
	}
	if len(out) > 0 {
		return out, others, nil
	}
	for _, purl := range others {
		out = append(out, w.outsidePackage(purl))
	}
	if len(out) > 0 {
		return out, nil, nil
	}
	return nil, nil, w.noPackage(asked, slices.Sorted(maps.Keys(installed)))
}

// installed are the purls of the packages of the image.
func (w *why) installed() map[string]bool {
	out := map[string]bool{}
	for purl := range w.known {
		out[purl] = true
	}
	for _, purl := range w.contents.Packages {
		out[purl] = true
	}
	if w.noDocument == "" {
		return out
	}
	// Those that own no file are in the steps alone.
	for _, s := range w.order {
		if !w.own[s.ID] {
			continue
		}
		for _, purl := range s.Outputs.PackagesRemoved {
			delete(out, purl)
		}
		for _, purl := range s.Outputs.PackagesAdded {
			out[purl] = true
		}
	}
	return out
}

// noPackage is the failure of a package that is not there. It names what is like it.
func (w *why) noPackage(asked string, all []string) error {
	f := &failure{message: fmt.Sprintf("the image has no package %q", asked)}
	if len(w.contents.Databases) > 0 {
		f.message = fmt.Sprintf("no package %q is known of the image", asked)
	}
	if near := nearPackages(asked, all); len(near) > 0 {
		f.hints = append(f.hints, "it has "+strings.Join(near, ", "))
	}
	if !strings.HasPrefix(asked, "pkg:") {
		if named := w.baseNamed(asked); len(named) > 0 {
			f.hints = append(f.hints, "files have that name: "+listText(named))
		}
	}
	for _, id := range slices.Sorted(maps.Keys(w.material)) {
		if m := w.material[id]; strings.HasPrefix(m.URI, imagePURL) && packageName(m.URI) == asked {
			f.hints = append(f.hints, fmt.Sprintf("the build used an image of that name: %s, %s", id, m.URI))
		}
	}
	for _, d := range w.databases() {
		f.hints = append(f.hints, d.text()+"; packages of it may be missing")
	}
	if w.noDocument != "" {
		f.hints = append(f.hints, w.noDocument+", so packages that own no file, as what is linked into programs, may be missing here")
	}
	return f
}

// baseNamed are the paths of files whose last name is one.
func (w *why) baseNamed(name string) []string {
	var out []string
	for i := range w.contents.Files {
		if p := string(w.contents.Files[i].Path); strings.HasSuffix(p, "/"+name) && w.contents.Files[i].Type != provenance.TypeDir {
			out = append(out, p)
		}
	}
	return out
}

// pack says what is known of a package of the image.
func (w *why) pack(purl string) whyPackage {
	w.documents()
	out := whyPackage{PURL: purl, Name: packageName(purl)}
	if k := w.known[purl]; k != nil {
		out = *k
	}
	out.InImage, out.Files = true, []step.Path{}
	came, writers := map[string]int{}, map[string]bool{}
	for _, f := range w.filesOf(purl) {
		if o := w.contents.Origins[f.Origin]; o.Class == provenance.OriginPackage {
			came[o.From]++
		}
	}
	out.BroughtBy, out.UnlistedBy = w.broughtBy(purl, came), w.unlistedBy(purl)
	for _, f := range w.filesOf(purl) {
		if f.Type != provenance.TypeFile {
			continue
		}
		out.Files = append(out.Files, f.Path)
		o := w.contents.Origins[f.Origin]
		switch state := packageState(o.Class, purl); {
		case state == "unexplained" && out.BroughtBy != nil && out.BroughtBy.ID == o.From:
			out.Unexplained = append(out.Unexplained, whyAffected{f.Path, f.Step})
		case state == "unexplained", state == "changed":
			out.Changed = append(out.Changed, whyAffected{f.Path, f.Step})
		default:
			writers[f.Step] = true
		}
	}
	w.missing(&out)
	for _, s := range w.order {
		if writers[s.ID] && (out.BroughtBy == nil || out.BroughtBy.ID != s.ID) {
			out.WrittenBy = append(out.WrittenBy, w.mention(s))
		}
	}
	return out
}

// broughtBy is what a document says, or the step whose package databases had it first, or
// where most of its files came from.
func (w *why) broughtBy(purl string, came map[string]int) *hop {
	if id := w.brought[purl]; id != "" {
		return w.bringer(id, purl)
	}
	for _, own := range []bool{true, false} {
		for _, s := range slices.Backward(w.order) {
			if w.own[s.ID] == own && listed(s.Outputs.PackagesAdded, purl) {
				return w.hop(s.ID, "")
			}
		}
	}
	best := ""
	for _, id := range slices.Sorted(maps.Keys(came)) {
		if best == "" || came[id] > came[best] {
			best = id
		}
	}
	return w.bringer(best, purl)
}

// listed reports whether a package is in a sorted list.
func listed(purls []string, purl string) bool {
	_, found := slices.BinarySearch(purls, purl)
	return found
}

// bringer is a step or material that brought a package; nil of none.
func (w *why) bringer(id, purl string) *hop {
	h := w.hop(id, "")
	if h != nil {
		h.Next = w.next(h, purl)
	}
	return h
}
