package sbom

import (
	"fmt"
	"slices"

	"github.com/sworn-build/sworn/sbom/licence"
	"github.com/sworn-build/sworn/sbom/wording"
	"github.com/sworn-build/sworn/step"
)

// Installed are all packages of a file system: those of its databases and those of its
// manifests.
type Installed struct {
	Inventory
	// Manifests are, by purl, the paths that tell of a package, sorted.
	Manifests map[string][]step.Path
	// Within are, by purl, the packages that a package was linked into, or that its archive
	// is a file of, sorted.
	Within map[string][]string
	// By is, by purl, the id of the step that brought a package, or of the material that
	// it came with.
	By map[string]string
	// Archives are, by purl, the paths or URLs of files that a step had and that the package
	// can have been installed from, beside downloads that have its name.
	Archives map[string]string
	// Unsaid are the purls of packages for which nothing but their entries in a database
	// speaks.
	Unsaid map[string]bool
	// Changed are, by purl, the files of a package that are missing or have other bytes
	// than its own digests say, sorted.
	Changed map[string][]step.Path
	// Broken are package databases that do not tell what is installed, sorted by path.
	Broken []BrokenDatabase
	// Removed were installed by one step and removed by a later one, sorted by purl.
	Removed []Removed
	// Tools are packages of other stages whose files a step read, sorted by purl.
	Tools []ToolPackage
}

// Removed is a package that is not in the image: a step that the image was made by
// installed it and a later one removed it.
type Removed struct {
	Package
	// By and RemovedBy are the ids of these steps.
	By, RemovedBy string
}

// BrokenDatabase is a package database that cannot be read, or not all of it, or that a step
// removed.
type BrokenDatabase struct {
	Database
	// By is the id of the step that left it so, or of the material that it came with.
	By      string
	Removed bool
}

// Relations of a [ToolPackage], as SPDX 2.3 has them (section 11).
const (
	BuildToolOf       = "BUILD_TOOL_OF"
	BuildDependencyOf = "BUILD_DEPENDENCY_OF"
)

// ToolPackage is a package that is not in the image, of whose files a step read some
// that made something in the image.
type ToolPackage struct {
	Package
	// Steps are the ids of the steps that read its files, in build order.
	Steps []string
	// Relation is BuildToolOf or BuildDependencyOf.
	Relation string
}

// maxUnreadManifests bounds the manifests that are named as not read; the others are
// counted.
const maxUnreadManifests = 20

// Join adds the packages of manifests to an inventory.
func (inv Inventory) Join(m *Manifests) Installed {
	out := Installed{Inventory: inv, Manifests: map[string][]step.Path{}, Within: map[string][]string{}}
	out.Packages, out.Licences = slices.Clone(inv.Packages), slices.Clone(inv.Licences)
	var unread []string
	m.each(func(one ownedManifest) {
		if one.Unread != "" && (one.owner == "" || !telling(string(one.Path))) {
			name, _ := one.Path.MarshalText() // never fails
			unread = append(unread, fmt.Sprintf("%s (%s)", name, one.Unread))
		}
		counted := one.counted()
		if len(counted) > 0 {
			out.Licences = append(out.Licences, one.Licences...)
		}
		for _, p := range counted {
			out.Packages = append(out.Packages, p)
			out.Manifests[p.PURL] = append(out.Manifests[p.PURL], one.Path)
			if !p.whole() {
				continue
			}
			if in := m.holder(one); in != "" && in != p.PURL {
				out.Within[p.PURL] = append(out.Within[p.PURL], in)
			}
		}
	})
	for purl, in := range out.Within {
		slices.Sort(in)
		out.Within[purl] = slices.Compact(in)
	}
	out.Packages, out.Licences = tidy(out.Packages), referred(out.Packages, licence.Tidy(out.Licences))
	if more := len(unread) - maxUnreadManifests; more > 0 {
		unread = append(unread[:maxUnreadManifests], wording.Count(more, "more file")+" with a package's metadata")
	}
	out.Unread = append(slices.Clone(inv.Unread), unread...)
	return out
}

// referred are the licences that packages refer to.
func referred(ps []Package, ls []ExtractedLicence) []ExtractedLicence {
	if len(ls) == 0 {
		return nil
	}
	used := map[string]bool{}
	for i := range ps {
		for _, id := range append(licenceRefs(ps[i].Declared), licenceRefs(ps[i].Concluded)...) {
			used[id] = true
		}
	}
	return slices.DeleteFunc(ls, func(l ExtractedLicence) bool { return !used[l.ID] })
}

// holder is the owner of a program with modules or of an archive; empty when it has none.
func (m *Manifests) holder(one ownedManifest) string {
	if one.owner != "" {
		return one.owner
	}
	purl, _ := m.Owner(one.Path, TypeFile)
	return purl
}
