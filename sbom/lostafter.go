package sbom

import (
	"slices"
	"strings"

	"github.com/sworn-build/sworn/step"
)

// WithLost returns an inventory that has the packages that were lost as well, and the files
// of those whose lists were. Both are sorted by purl.
func (inv *Inventory) WithLost(lost []Lost) *Inventory {
	out := *inv
	out.Packages, out.Lost = make([]Package, 0, len(inv.Packages)+len(lost)), lost
	rest := *inv
	for _, l := range lost {
		i, there := rest.Find(l.Package.PURL)
		out.Packages = append(out.Packages, rest.Packages[:i]...)
		rest.Packages = rest.Packages[i:]
		p := l.Package
		if there {
			p, rest.Packages = rest.Packages[0], rest.Packages[1:]
			p.Files, p.Sums = l.Package.Files, l.Package.Sums
		}
		out.Packages = append(out.Packages, p)
	}
	out.Packages = append(out.Packages, rest.Packages...)
	return &out
}

// LostAfter returns what is still lost when a step changed d: packages with files that it
// did not remove and that belong to no package of now, and those that had none to tell by.
// now is the inventory after the step where that changed, else nil: what it lists is not
// lost. The step's id is by.
func LostAfter(lost []Lost, d *Delta, now *Inventory, by string) []Lost {
	if len(lost) == 0 || now == nil && len(d.Removed) == 0 {
		return lost
	}
	var owners *Owners
	if now != nil {
		owners, lost = now.Owners(), now.unlisted(lost, by)
	}
	var out []Lost
	for _, l := range lost {
		had := len(l.Left) > 0
		l.Left = slices.DeleteFunc(slices.Clone(l.Left), func(p step.Path) bool {
			_, gone := slices.BinarySearch(d.Removed, p)
			if !gone && owners != nil && l.Cause != LostList {
				_, gone = owners.Of(p, false)
			}
			return gone
		})
		if len(l.Left) > 0 || !had {
			out = append(out, l)
		}
	}
	return out
}

// unlisted returns those packages of which an inventory still does not tell: it does not list
// them, or without files when it was their list that was lost.
func (inv *Inventory) unlisted(lost []Lost, by string) []Lost {
	var out []Lost
	has := inv.keys()
	for _, l := range lost {
		if has(&l.Package) {
			if i, same := inv.Find(l.Package.PURL); l.Cause != LostList || !same || len(inv.Packages[i].Files) > 0 {
				continue
			}
		} else if l.Cause == LostList {
			l.Cause, l.By = causeOf(inv, l.Package.Type), by
		}
		out = append(out, l)
	}
	return out
}

// Find returns where a package is, or would be, by its purl.
func (inv Inventory) Find(purl string) (int, bool) {
	return slices.BinarySearchFunc(inv.Packages, purl, func(p Package, purl string) int { return strings.Compare(p.PURL, purl) })
}

// packageKey tells packages apart that are there at once: another version is the same.
type packageKey struct{ kind, name, arch string }

func (p *Package) key() packageKey { return packageKey{p.Type, p.Name, p.Arch} }

// keys are the packages of an inventory whatever their version. The result reports whether
// a package is one of them.
func (inv *Inventory) keys() func(*Package) bool {
	has := make(map[packageKey]bool, len(inv.Packages))
	for i := range inv.Packages {
		has[inv.Packages[i].key()] = true
	}
	return func(p *Package) bool { return has[p.key()] }
}
