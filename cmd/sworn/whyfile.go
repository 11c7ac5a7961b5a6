package main

import (
	"path"
	"strings"

	"github.com/sworn-build/sworn/provenance"
	"github.com/sworn-build/sworn/step"
)

// maxLinks is how many links are followed on the way to a file, as Linux does.
const maxLinks = 40

// file finds an entry and says where it came from. Of a path that is not there it says what
// it was, if anything, together with the failure.
func (w *why) file(asked string) (*whyFile, *whyGone, error) {
	names := spellings(asked)
	for _, name := range names {
		if f, links := w.resolve(name); f != nil {
			return w.told(f, links), nil, nil
		}
	}
	for _, name := range names {
		for _, at := range []string{w.real(name), path.Clean(name)} { // links are this image's
			if gone := w.gone(at); gone != nil {
				return nil, gone, w.noFile(name, gone)
			}
		}
	}
	return nil, nil, w.noFile(names[0], nil)
}

// told says what is known of an entry.
func (w *why) told(f *provenance.File, links []whyLink) *whyFile {
	out := &whyFile{
		Path: f.Path, Links: links, Type: f.Type, Mode: f.Mode, UID: f.UID, GID: f.GID, Size: f.Size, Target: f.Target,
		Device: f.Device, Capability: f.Capability, Origin: w.contents.Origins[f.Origin], Chain: w.chain(f),
	}
	if f.Digest != nil {
		out.Digest = "sha256:" + f.Digest.Hex
	}
	if f.Package != nil {
		p := w.pack(w.contents.Packages[*f.Package])
		out.Package, out.State = &p, packageState(out.Origin.Class, p.PURL)
	} else {
		out.CopyOf, out.Databases = w.copyOf(f), w.databases()
	}
	switch f.Type {
	case provenance.TypeDir:
		out.Holds = w.folder(f.Path)
	case provenance.TypeSymlink: // one that leads somewhere was followed
		target := string(f.Target)
		if !path.IsAbs(target) {
			target = path.Join(path.Dir(string(f.Path)), target)
		}
		out.Dangling = w.gone(w.real(target))
	}
	return out
}

// copyOf is the package's file that a file is a copy of, when that is in the image as it was.
func (w *why) copyOf(f *provenance.File) *whyCopy {
	from := w.files[f.OriginPath]
	if f.OriginPath == "" || from == nil || from.Package == nil || from.Digest == nil || from.Digest.String() != f.Digest.String() {
		return nil
	}
	return &whyCopy{from.Path, w.contents.Packages[*from.Package]}
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
	if provenance.OfDatabase(purl) {
		return "unsaid"
	}
	return ""
}

// spellings are the paths that some text can stand for: as it is, as contents/v1 writes a
// path (a backslash is \\, a byte that is no UTF-8 \xNN), as a terminal is shown it.
func spellings(asked string) []string {
	out := []string{asked}
	var name step.Path
	if err := name.UnmarshalText([]byte(asked)); err == nil && string(name) != asked {
		out = append(out, string(name))
	}
	if shown, ok := unprintable(asked); ok && shown != asked {
		out = append(out, shown)
	}
	return out
}

// resolve finds the entry of a path. Links on the way are followed, and the last one as well
// when it leads to something in the image.
func (w *why) resolve(name string) (*provenance.File, []whyLink) {
	for _, last := range []bool{true, false} {
		if f, links := w.walk(name, last); f != nil {
			return f, links
		}
	}
	return nil, nil
}

// real is a path with the links in its folders followed, as far as they are in the image.
func (w *why) real(name string) string {
	name = path.Clean(name)
	for dir := path.Dir(name); dir != "/" && dir != "."; dir = path.Dir(dir) {
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
