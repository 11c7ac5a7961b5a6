package sbom

import "github.com/sworn-build/sworn/step"

// Owners answers which package owns a path.
type Owners struct {
	byPath map[step.Path]owner
}

type owner struct {
	purl string
	// shared: more than one package lists the path.
	shared bool
}

// Owners returns the index of an inventory. Packages are in purl order, so of
// several owners of a file (packages of two architectures share theirs) the first
// is kept.
func (inv Inventory) Owners() *Owners {
	o := &Owners{byPath: map[step.Path]owner{}}
	for _, p := range inv.Packages {
		for _, f := range p.Files {
			if has, ok := o.byPath[f]; ok {
				has.shared = true
				o.byPath[f] = has
				continue
			}
			o.byPath[f] = owner{purl: p.PURL}
		}
	}
	return o
}

// Of returns the purl of the package that owns path, where path lies in the tree
// itself, no symlink on its way. A folder has an owner only when a single package
// lists it: many share /usr.
func (o *Owners) Of(path step.Path, folder bool) (string, bool) {
	has, ok := o.byPath[path]
	if !ok || folder && has.shared {
		return "", false
	}
	return has.purl, true
}

// Attribute sets Package in entries to their owners.
func (o *Owners) Attribute(es []Entry) {
	for i := range es {
		es[i].Package, _ = o.Of(es[i].Path, es[i].Type == TypeDir)
	}
}
