package sbom

import "github.com/sworn-build/sworn/step"

// Owners answers which package owns a path.
type Owners struct {
	packages []Package
	byPath   map[step.Path]owner
}

type owner struct {
	index int32 // of the package
	// shared: packages of more than one name list the path.
	shared bool
}

// Owners returns the index of an inventory. Packages are in purl order, so of
// several owners of a file (packages of two architectures share theirs) the first
// is kept.
func (inv Inventory) Owners() *Owners {
	n := 0
	for _, p := range inv.Packages {
		n += len(p.Files)
	}
	o := &Owners{packages: inv.Packages, byPath: make(map[step.Path]owner, n)}
	for i, p := range inv.Packages {
		for _, f := range p.Files {
			has, ok := o.byPath[f]
			if !ok {
				has.index = int32(i)
			}
			o.byPath[f] = owner{has.index, has.shared || ok && inv.Packages[has.index].Name != p.Name}
		}
	}
	return o
}

// Of returns the purl of the package that owns path, where path lies in the tree
// itself, no symlink on its way. A folder has an owner only when packages of a single
// name list it: many share /usr.
func (o *Owners) Of(path step.Path, folder bool) (string, bool) {
	has, ok := o.byPath[path]
	if !ok || folder && has.shared {
		return "", false
	}
	return o.packages[has.index].PURL, true
}

// Attribute sets Package in entries to their owners.
func (o *Owners) Attribute(es []Entry) {
	for i := range es {
		o.attribute(&es[i])
	}
}

// AttributeHeld is [Owners.Attribute] of an image's entries.
func (o *Owners) AttributeHeld(files []Held) {
	for i := range files {
		o.attribute(&files[i].Entry)
	}
}

// attribute takes a symlink for a folder: on a merged /usr it stands for one.
func (o *Owners) attribute(e *Entry) {
	e.Package, _ = o.Of(e.Path, e.Type == TypeDir || e.Type == TypeSymlink)
}
