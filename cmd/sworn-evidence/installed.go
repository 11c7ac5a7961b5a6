package main

import (
	"slices"

	"github.com/sworn-build/sworn/sbom"
)

// installed is what evidence knows of the packages of a state.
type installed struct {
	// inventory of the databases, with its index, where a state of the chain has it.
	inventory *sbom.Inventory
	owners    *sbom.Owners
	manifests *sbom.Manifests
}

// after is the state that a described change makes.
func (i installed) after(d *described) installed {
	if d == nil {
		return installed{} // anything can have changed
	}
	out := i
	if d.Base {
		out = installed{}
	}
	if d.Inventory != nil {
		out.inventory, out.owners = d.Inventory.Inherit(out.inventory), nil
	}
	out.manifests = out.manifests.Apply(d.Delta, d.Manifests)
	if out.manifests == nil || out.manifests == i.manifests && d.Inventory == nil {
		return out
	}
	if out.owners == nil {
		out.owners = out.inv().Owners()
	}
	out.manifests = out.manifests.OwnedBy(out.owners)
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
	added, removed = slices.Clone(d.PackagesAdded), slices.Clone(d.PackagesRemoved)
	before, after := g.installed[s.Parent].manifests, g.installed[id].manifests
	if before == after {
		return added, removed
	}
	was, is := before.PURLs(), after.PURLs()
	return merged(added, without(is, was)), merged(removed, without(was, is))
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
