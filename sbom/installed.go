package sbom

import (
	"fmt"
	"slices"

	"github.com/sworn-build/sworn/step"
)

// Installed are all packages of a file system: those of its databases and those of its
// manifests.
type Installed struct {
	Inventory
	// Manifests are, by purl, the paths that tell of a package, sorted.
	Manifests map[string][]step.Path
	// Within are, by purl, the packages that a package was linked into, sorted.
	Within map[string][]string
}

// maxUnreadManifests bounds the manifests that are named as not read; the others are
// counted.
const maxUnreadManifests = 20

// Join adds the packages of manifests to an inventory.
func (inv Inventory) Join(m *Manifests) Installed {
	out := Installed{Inventory: inv, Manifests: map[string][]step.Path{}, Within: map[string][]string{}}
	out.Packages = slices.Clone(inv.Packages)
	var unread []string
	m.each(func(one ownedManifest) {
		if one.Unread != "" && one.owner == "" {
			name, _ := one.Path.MarshalText() // never fails
			unread = append(unread, fmt.Sprintf("%s (%s)", name, one.Unread))
		}
		if !one.counts() {
			return
		}
		for _, p := range one.Packages {
			out.Packages = append(out.Packages, p)
			out.Manifests[p.PURL] = append(out.Manifests[p.PURL], one.Path)
			if p.Type != typeGo {
				continue
			}
			if in := m.program(one); in != "" && in != p.PURL {
				out.Within[p.PURL] = append(out.Within[p.PURL], in)
			}
		}
	})
	for purl, in := range out.Within {
		slices.Sort(in)
		out.Within[purl] = slices.Compact(in)
	}
	out.Packages = tidy(out.Packages)
	if more := len(unread) - maxUnreadManifests; more > 0 {
		unread = append(unread[:maxUnreadManifests], fmt.Sprintf("%d more files with a package's metadata", more))
	}
	out.Unread = append(slices.Clone(inv.Unread), unread...)
	return out
}

// program is the owner of a program with modules; empty when it has none.
func (m *Manifests) program(one ownedManifest) string {
	if one.owner != "" {
		return one.owner
	}
	purl, _ := m.Owner(one.Path, TypeFile)
	return purl
}
