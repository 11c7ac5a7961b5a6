package main

import (
	"path"
	"slices"
	"strings"

	"github.com/sworn-build/sworn/sbom"
	"github.com/sworn-build/sworn/step"
)

// installed is what evidence knows of the packages of a state.
type installed struct {
	// inventory of the databases and of what was lost of them, with its index, where a state
	// of the chain has it; listed is what the databases themselves list.
	inventory, listed *sbom.Inventory
	owners            *sbom.Owners
	manifests         *sbom.Manifests
	// lost are the packages that no database lists any more, sorted by purl.
	lost []sbom.Lost
	// broken are the databases that do not tell what is installed, sorted by path.
	broken []sbom.BrokenDatabase
}

// after is the state that a described change, of the step or source by, makes. whole is a
// state that it copied whole; nil when it copied none.
func (i installed) after(d *described, by string, whole *installed) installed {
	if d == nil {
		return installed{} // anything can have changed
	}
	out := i
	if d.Base {
		out = installed{}
		if whole != nil {
			out.lost, out.broken = copiedLost(whole.lost, &d.Delta), whole.broken
		}
	}
	out.lost = sbom.LostAfter(out.lost, &d.Delta, d.Inventory, by)
	if d.Inventory != nil {
		out.listed = d.Inventory
		out.lost = withLost(out.lost, d.Inventory.Lost, by)
		out.broken = brokenAfter(out.broken, d.Inventory, by)
	}
	if out.listed != nil && (d.Inventory != nil || len(out.lost) != len(i.lost)) {
		out.inventory, out.owners = out.listed.WithLost(out.lost).Inherit(out.inventory), nil
	}
	out.manifests = out.manifests.Apply(d.Delta, d.Manifests)
	if out.manifests == nil || out.manifests == i.manifests && out.inventory == i.inventory {
		return out
	}
	if out.owners == nil {
		out.owners = out.inv().Owners()
	}
	out.manifests = out.manifests.OwnedBy(out.owners)
	return out
}

// copiedWhole is the state that a step copied from root to root; nil when it copied none.
func (g *graph) copiedWhole(s step.Step) *installed {
	for _, c := range s.Copies {
		if i, ok := g.installed[c.From]; ok && path.Clean("/"+c.Src) == "/" && path.Clean("/"+c.Dest) == "/" {
			return &i
		}
	}
	return nil
}

// copiedLost are the lost packages of a state that a copy of it has files of. MD5s of files
// are known where a state was described, which that of another stage need not be.
func copiedLost(lost []sbom.Lost, d *sbom.Delta) []sbom.Lost {
	var out []sbom.Lost
	for _, l := range lost {
		had := len(l.Left) > 0
		l.Left = slices.DeleteFunc(slices.Clone(l.Left), func(p step.Path) bool { _, there := search(d.Added, p); return !there })
		l.Package.Sums = slices.DeleteFunc(slices.Clone(l.Package.Sums), func(s sbom.Sum) bool { return s.Algorithm == "md5" })
		if len(l.Left) > 0 || !had {
			out = append(out, l)
		}
	}
	return out
}

// withLost adds what a step lost to what was lost before, which is of the same package
// rather what it was.
func withLost(before, more []sbom.Lost, by string) []sbom.Lost {
	out := make([]sbom.Lost, 0, len(before)+len(more))
	for _, l := range more {
		l.By = by
		i, there := sbom.FindLost(before, l.Package.PURL)
		out = append(out, before[:i]...)
		before = before[i:]
		if !there {
			out = append(out, l)
		}
	}
	return append(out, before...)
}

// brokenAfter are the databases of a state that do not tell what is installed. One that was
// so before is the step's that left it so first.
func brokenAfter(before []sbom.BrokenDatabase, now *sbom.Inventory, by string) []sbom.BrokenDatabase {
	var out []sbom.BrokenDatabase
	had := func(b sbom.BrokenDatabase) bool {
		return slices.ContainsFunc(before, func(o sbom.BrokenDatabase) bool { b.By = o.By; return o == b })
	}
	add := func(b sbom.BrokenDatabase) {
		if !had(b) {
			b.By = by
			out = append(out, b)
		}
	}
	types := map[string]bool{}
	for _, db := range now.Databases {
		types[db.Type] = true
		if db.Reason != "" {
			add(sbom.BrokenDatabase{Database: db})
		}
	}
	for _, b := range before {
		if b.Removed && !types[b.Type] || !b.Removed && slices.Contains(now.Databases, b.Database) {
			out = append(out, b)
		}
	}
	for _, db := range now.Gone {
		add(sbom.BrokenDatabase{Database: db, Removed: true})
	}
	slices.SortFunc(out, func(a, b sbom.BrokenDatabase) int { return strings.Compare(string(a.Path), string(b.Path)) })
	return out
}

func (i installed) inv() sbom.Inventory {
	if i.inventory == nil {
		return sbom.Inventory{}
	}
	return *i.inventory
}

// changedPackages returns the purls of what a step added and removed: what databases
// say, and what manifests say.
func (g *graph) changedPackages(id string) (added, removed []string) {
	s := g.steps[id]
	d := g.delta(s.Evidence)
	if d == nil {
		return nil, nil
	}
	lost, still := lostPURLs(g.installed[s.Parent].lost), lostPURLs(g.installed[id].lost)
	added, removed = without(d.PackagesAdded, lost), without(d.PackagesRemoved, still)
	if found := without(lost, still); len(found) > 0 {
		removed = merged(removed, without(found, purls(g.installed[id].inv().Packages)))
	}
	if d.Base { // what it copied
		added = merged(added, still)
	}
	before, after := g.installed[s.Parent].manifests, g.installed[id].manifests
	if before == after {
		return added, removed
	}
	was, is := before.PURLs(), after.PURLs()
	return merged(added, without(is, was)), merged(removed, without(was, is))
}

// foundAgain are the purls of lost packages that the databases tell of since a step, sorted.
func (g *graph) foundAgain(id string) []string {
	var out []string
	is := g.installed[id]
	for _, l := range g.installed[g.steps[id].Parent].lost {
		_, still := sbom.FindLost(is.lost, l.Package.PURL)
		if _, there := is.inv().Find(l.Package.PURL); there && !still {
			out = append(out, l.Package.PURL)
		}
	}
	return out
}

func lostPURLs(lost []sbom.Lost) []string {
	out := make([]string, 0, len(lost))
	for _, l := range lost {
		if l.Cause != sbom.LostList {
			out = append(out, l.Package.PURL)
		}
	}
	return out
}

// without returns what is in one sorted list and not in the other.
func without(list, other []string) []string {
	return slices.DeleteFunc(slices.Clone(list), func(s string) bool {
		_, found := slices.BinarySearch(other, s)
		return found
	})
}

// merged returns what is in one list or the other, sorted.
func merged(a, b []string) []string {
	out := slices.Concat(a, b)
	slices.Sort(out)
	return slices.Compact(out)
}
