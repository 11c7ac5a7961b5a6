package main

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/agext/levenshtein"

	"github.com/sworn-build/sworn/provenance"
	"github.com/sworn-build/sworn/step"
)

// maxLinks is how many links are followed on the way to a file, as Linux does.
const maxLinks = 40

// file finds an entry and says where it came from. The path is as contents/v1 writes it.
func (w *why) file(asked string) (*whyFile, error) {
	var name step.Path
	if err := name.UnmarshalText([]byte(asked)); err != nil {
		return nil, &hinted{err, `a backslash in a name is written \\, a byte that is no UTF-8 \xNN`}
	}
	f, links, err := w.resolve(string(name))
	if err != nil {
		return nil, err
	}
	out := &whyFile{
		Path: f.Path, Links: links, Type: f.Type, Mode: f.Mode, UID: f.UID, GID: f.GID, Size: f.Size, Target: f.Target,
		Origin: w.contents.Origins[f.Origin], Chain: w.chain(f),
	}
	if f.Digest != nil {
		out.Digest = "sha256:" + f.Digest.Hex
	}
	if f.Package != nil {
		p := w.pack(w.contents.Packages[*f.Package])
		out.Package, out.State = &p, packageState(out.Origin.Class, p.PURL)
	} else {
		out.Databases = w.databases()
	}
	return out, nil
}

// packageState says whether a package's file is as it came with the package: "unsaid" when
// nothing but the package's entry in a database says that it is one's, and empty of packages
// that are told by the file itself.
func packageState(class, purl string) string {
	switch class {
	case provenance.OriginPackage:
		return "intact"
	case provenance.OriginPackageChanged:
		return "changed"
	case provenance.OriginUnexplained:
		return "unexplained"
	}
	if slices.Contains([]string{"deb", "apk", "rpm"}, purlType(purl)) {
		return "unsaid"
	}
	return ""
}

// resolve finds the entry of a path. Links on the way are followed, and the last one as well
// when it leads to something in the image.
func (w *why) resolve(name string) (*provenance.File, []whyLink, error) {
	for _, last := range []bool{true, false} {
		if f, links := w.walk(name, last); f != nil {
			return f, links, nil
		}
	}
	return nil, nil, w.noFile(name)
}

// real is a path with the links in its folders followed, as far as they are in the image.
func (w *why) real(name string) string {
	name = path.Clean(name)
	for dir := path.Dir(name); dir != "/"; dir = path.Dir(dir) {
		if f, _ := w.walk(dir, true); f != nil {
			return path.Join(string(f.Path), strings.TrimPrefix(name, dir))
		}
	}
	return name
}

// walk follows a path through folders and links, the last one if it is said so. It returns
// nil when that leads nowhere, or in circles.
func (w *why) walk(name string, last bool) (*provenance.File, []whyLink) {
	var links []whyLink
	var f *provenance.File
	at := "/"
	for rest := name; rest != ""; {
		var first string
		first, rest, _ = strings.Cut(strings.TrimLeft(rest, "/"), "/")
		rest = strings.TrimLeft(rest, "/")
		switch first {
		case "", ".":
			continue
		case "..":
			at = path.Dir(at)
			f = w.files[step.Path(at)]
			continue
		}
		next := path.Join(at, first)
		if f = w.files[step.Path(next)]; f == nil {
			return nil, nil
		}
		if f.Type != provenance.TypeSymlink || rest == "" && !last {
			at = next
			continue
		}
		links = append(links, whyLink{f.Path, f.Target})
		if len(links) > maxLinks {
			return nil, nil
		}
		if path.IsAbs(string(f.Target)) {
			at = "/"
		}
		rest = string(f.Target) + "/" + rest
	}
	return f, links
}

// noFile is the failure of a path that is not there. It names those that are like it.
func (w *why) noFile(name string) error {
	if path.Clean(name) == "/" {
		return &failure{message: "nothing is recorded of the root folder itself", hints: []string{"name a file or folder in it"}}
	}
	f := &failure{message: fmt.Sprintf("the image has no file %q", name)}
	paths := make([]string, 0, len(w.contents.Files))
	for i := range w.contents.Files {
		paths = append(paths, string(w.contents.Files[i].Path))
	}
	if near := nearest(name, paths, path.Base); len(near) > 0 {
		f.hints = []string{"it has " + strings.Join(near, ", ")}
	}
	real := step.Path(w.real(name))
	for _, s := range slices.Backward(w.order) {
		if _, found := slices.BinarySearch(s.Outputs.Removed, real); found {
			f.hints = append(f.hints, fmt.Sprintf("%s (%s) removed it: %s", s.ID, linesText(s.Lines), oneLine(whatText(s), commandWidth)))
			break
		}
	}
	return f
}

// maxNear is how many names are suggested.
const maxNear = 5

// nearest are the names that are most like one: those whose short form is the same, then
// those that few edits make the same.
func nearest(name string, all []string, short func(string) string) []string {
	type near struct {
		name  string
		edits int
	}
	var found []near
	base := short(name)
	for _, other := range all {
		b := short(other)
		if len(b) > 4*len(base)+8 || len(base) > 4*len(b)+8 {
			continue
		}
		if d := levenshtein.Distance(strings.ToLower(base), strings.ToLower(b), nil); d <= max(1, len(base)/3) {
			found = append(found, near{other, d})
		}
	}
	slices.SortStableFunc(found, func(a, b near) int {
		if a.edits != b.edits {
			return a.edits - b.edits
		}
		return len(a.name) - len(b.name)
	})
	var out []string
	for _, f := range found[:min(len(found), maxNear)] {
		out = append(out, f.name)
	}
	return out
}
