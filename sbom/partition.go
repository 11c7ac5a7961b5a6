package sbom

import (
	"fmt"

	"github.com/sworn-build/sworn/sbom/wording"
)

// Documents are the SPDX documents of an image in one version. Main is about the image.
// Where it would be too long with all of its files, Parts have them, and Main refers to
// each by its namespace and its sha256.
type Documents struct {
	Main  []byte
	Parts [][]byte
}

// fileGroup are files of one owner.
type fileGroup struct {
	owner *Package // nil: of no package
	files []*Held
	of    int // files that the owner has in all documents together
}

// ownerID is the id of the package that holds the files.
func (g *fileGroup) ownerID() string {
	if g.owner == nil {
		return unpackaged3
	}
	return packageID(*g.owner)
}

// comment says which of its files a document has, where others have the rest.
func (g *fileGroup) comment() string {
	if len(g.files) == g.of {
		return ""
	}
	return fmt.Sprintf("%d of its %s, sorted by path; other documents have the others", len(g.files), wording.Count(g.of, "file"))
}

// groups are the files that documents list, by owner: those that no package owns come
// last.
func (img Image) groups() ([]fileGroup, error) {
	packages := img.Installed.Packages
	index := make(map[string]int, len(packages))
	groups := make([]fileGroup, len(packages)+1)
	for i := range packages {
		index[packages[i].PURL] = i
		groups[i].owner = &packages[i]
	}
	for i := range img.Files {
		h := &img.Files[i]
		if h.Type != TypeFile || h.Package != "" && !img.AllFiles {
			continue
		}
		at := len(packages)
		if h.Package != "" {
			var ok bool
			if at, ok = index[h.Package]; !ok {
				return nil, fmt.Errorf("%.500q belongs to %.200q, which is not installed", string(h.Path), h.Package)
			}
		}
		groups[at].files = append(groups[at].files, h)
	}
	out := groups[:0]
	for _, g := range groups {
		if g.of = len(g.files); g.of > 0 {
			out = append(out, g)
		}
	}
	return out, nil
}

// costs are how many bytes a document grows by, at the most.
type costs struct {
	owner func(*fileGroup) int        // a package that holds files
	file  func(*fileGroup, *Held) int // a file of it
}

// fits reports whether all files find room.
func (c costs) fits(groups []fileGroup, room int) bool {
	for i := range groups {
		g := &groups[i]
		room -= c.owner(g)
		for _, h := range g.files {
			if room -= c.file(g, h); room < 0 {
				return false
			}
		}
	}
	return room >= 0
}

// partition divides files among documents that have room for so many bytes each. Files
// stay in order.
func (c costs) partition(groups []fileGroup, room int) [][]fileGroup {
	var parts [][]fileGroup
	var part []fileGroup
	left := room
	for i := range groups {
		g := groups[i]
		rest := g.files
		keep := func(n int) {
			if n > 0 {
				part = append(part, fileGroup{owner: g.owner, files: rest[:n], of: g.of})
				rest = rest[n:]
			}
		}
		left -= c.owner(&g)
		n := 0
		for _, h := range g.files {
			cost := c.file(&g, h)
			if cost > left && (n > 0 || len(part) > 0) {
				keep(n)
				parts = append(parts, part)
				part, n, left = nil, 0, room-c.owner(&g)
			}
			left -= cost
			n++
		}
		keep(n)
	}
	if len(part) > 0 {
		parts = append(parts, part)
	}
	return parts
}
