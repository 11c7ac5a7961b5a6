package sbom

import (
	"maps"
	"path"
	"slices"
	"sync"

	"github.com/sworn-build/sworn/step"
)

// Manifests are those of one file system. Nil has none. They do not change: [Apply]
// makes others.
type Manifests struct {
	byPath map[step.Path]ownedManifest
	index  func() owned
}

// owned are the paths that packages own, with the purl of each.
type owned struct {
	files map[step.Path]string
	// below are those that a package owns with all that lies below. toolchains are like it,
	// for what nobody else owns.
	below, toolchains map[step.Path]string
}

// ownedManifest is a manifest with the purl of the package of a database that owns it.
type ownedManifest struct {
	*Manifest
	owner string
}

func newManifests(byPath map[step.Path]ownedManifest) *Manifests {
	m := &Manifests{byPath: byPath}
	m.index = sync.OnceValue(m.listed)
	return m
}

// Apply returns the manifests after a delta that left some. It returns m itself when it
// changes none.
func (m *Manifests) Apply(d Delta, found []Manifest) *Manifests {
	gone := m.gone(d)
	if len(gone)+len(found) == 0 {
		return m
	}
	out := map[step.Path]ownedManifest{}
	if m != nil {
		maps.Copy(out, m.byPath)
	}
	for _, p := range gone {
		delete(out, p)
	}
	for i := range found {
		out[found[i].Path] = ownedManifest{Manifest: &found[i]}
	}
	return newManifests(out)
}

// OwnedBy returns the manifests with the owners that databases say.
func (m *Manifests) OwnedBy(o *Owners) *Manifests {
	if m == nil {
		return nil
	}
	out := make(map[step.Path]ownedManifest, len(m.byPath))
	for p, one := range m.byPath {
		one.owner, _ = o.Of(p, false)
		out[p] = one
	}
	return newManifests(out)
}

// gone are the paths of manifests that a delta removed or changed.
func (m *Manifests) gone(d Delta) []step.Path {
	if m == nil {
		return nil
	}
	var out []step.Path
	add := func(p step.Path) {
		if _, ok := m.byPath[p]; ok {
			out = append(out, p)
		}
	}
	for _, p := range d.Removed {
		add(p)
	}
	for i := range d.Changed {
		add(d.Changed[i].Path)
	}
	return out
}

// each calls f with the manifests, sorted by path.
func (m *Manifests) each(f func(ownedManifest)) {
	if m == nil {
		return
	}
	for _, p := range slices.Sorted(maps.Keys(m.byPath)) {
		f(m.byPath[p])
	}
}

// counted are a manifest's packages that are packages of the image. What a package of a
// database installed, a Python or Node.js package, a compiler or a Java archive, is that package, with
// the version and the fixes of the distribution; what was linked into a program or put
// into an archive is nobody else's.
func (m ownedManifest) counted() []Package {
	if m.owner == "" {
		return m.Packages
	}
	return slices.DeleteFunc(slices.Clone(m.Packages), func(p Package) bool { return !p.linked() })
}

// linked reports whether a package is part of another's file.
func (p Package) linked() bool {
	return p.Type == typeGo || p.Type == typeCargo || p.Type == typeMaven && len(p.Files) == 0
}

// whole reports whether a package is a file in one, a program or an archive, which
// another package can have among its own.
func (p Package) whole() bool {
	return p.Type == typeGo || p.Type == typeCargo || p.Type == typeMaven
}

// folders reports whether the files of a package are folders with all that lies below.
func (p Package) folders() bool { return p.Type == typeGem || p.Type == typeComposer }

// toolchain reports whether a package is a compiler or runtime.
func (p Package) toolchain() bool { return p.Type == typeGeneric }

// Packages calls f with the packages of all manifests, one as often as manifests tell
// of it.
func (m *Manifests) Packages(f func(Package)) {
	m.each(func(one ownedManifest) {
		for _, p := range one.counted() {
			f(p)
		}
	})
}

// PURLs returns the packages, sorted, each once.
func (m *Manifests) PURLs() []string {
	seen := map[string]bool{}
	m.Packages(func(p Package) { seen[p.PURL] = true })
	return slices.Sorted(maps.Keys(seen))
}

// Owner returns the purl of the package that a path belongs to: in this order, the
// package in node_modules, the gem or the package of Composer that it lies below, the
// Python distribution or .NET package that lists it or
// whose metadata it lies beside, the main module of the program or the package of the
// archive that it is, the compiler or runtime that it lies in. Packages of [Owners] go
// before.
func (m *Manifests) Owner(p step.Path, kind string) (string, bool) {
	if m == nil || kind != TypeFile && kind != TypeDir && kind != TypeSymlink {
		return "", false
	}
	if root, ok := nodeRoot(string(p)); ok {
		if purl, ok := m.at(step.Path(root + nodePackage)); ok {
			return purl, true
		}
	}
	index := m.index()
	if purl, ok := index.above(p); ok {
		return purl, true
	}
	if kind == TypeDir {
		return index.toolchainOf(p)
	}
	if purl, ok := index.files[p]; ok {
		return purl, true
	}
	dir := path.Dir(string(p))
	for _, name := range []string{"/METADATA", "/PKG-INFO"} {
		if meta := pythonMetadata(dir + name); meta != "" {
			return m.at(step.Path(meta))
		}
	}
	return index.toolchainOf(p)
}

// at returns the only package of a manifest that counts.
func (m *Manifests) at(p step.Path) (string, bool) {
	one, ok := m.byPath[p]
	if !ok || one.owner != "" || len(one.Packages) != 1 {
		return "", false
	}
	return one.Packages[0].PURL, true
}

// listed is the index of the files that packages list. Of several owners a distribution
// goes before the package that a program or archive is, and then the first by the path of
// its manifest.
func (m *Manifests) listed() owned {
	out := owned{files: map[step.Path]string{}, below: map[step.Path]string{}, toolchains: map[step.Path]string{}}
	for _, last := range []bool{false, true} {
		m.each(func(one ownedManifest) {
			for _, p := range one.counted() {
				to := out.files
				switch {
				case p.folders():
					to = out.below
				case p.toolchain():
					to = out.toolchains
				}
				for _, f := range p.Files {
					if _, ok := to[f]; !ok && p.whole() == last {
						to[f] = p.PURL
					}
				}
			}
		})
	}
	return out
}

// above returns the owner of the innermost folder that a path is or lies below.
func (o owned) above(p step.Path) (string, bool) {
	for at := string(p); len(o.below) > 0 && len(at) > 1; at = path.Dir(at) {
		if purl, ok := o.below[step.Path(at)]; ok {
			return purl, true
		}
	}
	return "", false
}

// toolchainOf is above for toolchains: in their folders are some that are not theirs.
func (o owned) toolchainOf(p step.Path) (string, bool) {
	for at := string(p); len(o.toolchains) > 0 && len(at) > 1; at = path.Dir(at) {
		if purl, ok := o.toolchains[step.Path(at)]; ok {
			return purl, true
		}
		if slices.Contains(foreign, path.Base(at)) {
			return "", false
		}
	}
	return "", false
}

// AttributeHeld sets Package in entries that have none yet.
func (m *Manifests) AttributeHeld(files []Held) {
	if m == nil {
		return
	}
	for i := range files {
		if e := &files[i].Entry; e.Package == "" {
			e.Package, _ = m.Owner(e.Path, e.Type)
		}
	}
}
