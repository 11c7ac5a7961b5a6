package export

import (
	"slices"
	"strings"

	cdx "github.com/CycloneDX/cyclonedx-go"
	"github.com/spdx/tools-golang/spdx/v2/common"
)

// dependencies are what packages contain, depend on or are linked with. Every package has
// an entry, and one without dependencies an empty one, as the specification asks for.
func (c *converter) dependencies() []cdx.Dependency {
	on := map[string][]string{}
	for _, r := range c.doc.Relationships {
		a, b := local(r.RefA), local(r.RefB)
		switch r.Relationship {
		case common.TypeRelationshipContains, common.TypeRelationshipDependsOn, common.TypeRelationshipStaticLink, common.TypeRelationshipDynamicLink:
		case common.TypeRelationshipContainedBy, common.TypeRelationshipDependencyOf, common.TypeRelationshipRuntimeDependencyOf,
			common.TypeRelationshipOptionalDependencyOf, common.TypeRelationshipProvidedDependencyOf:
			a, b = b, a
		default:
			continue
		}
		if c.known[a] && c.known[b] && a != b && !c.excluded[b] {
			on[a] = append(on[a], ref(b))
		}
	}
	out := make([]cdx.Dependency, 0, len(c.doc.Packages))
	for _, p := range c.doc.Packages {
		d := cdx.Dependency{Ref: ref(string(p.PackageSPDXIdentifier))}
		if refs := on[string(p.PackageSPDXIdentifier)]; len(refs) > 0 {
			slices.Sort(refs)
			refs = slices.Compact(refs)
			d.Dependencies = &refs
		}
		out = append(out, d)
	}
	return out
}

// compositions say whether the components of what the document is about are all there
// are, and that what else these depend on is not known. Only a document that says what it
// leaves out can say the first.
func (c *converter) compositions() *[]cdx.Composition {
	if len(c.described) == 0 {
		return nil
	}
	aggregate := cdx.CompositionAggregateUnknown
	switch {
	case strings.Contains(c.doc.DocumentComment, "Not read") || strings.Contains(c.doc.DocumentComment, "left out"):
		aggregate = cdx.CompositionAggregateIncomplete
	case strings.HasPrefix(c.doc.DocumentNamespace, "https://github.com/sworn-build/sworn/spdx/"):
		aggregate = cdx.CompositionAggregateComplete
	}
	about := []cdx.BOMReference{cdx.BOMReference(ref(c.described[0]))}
	out := []cdx.Composition{{Aggregate: aggregate, Assemblies: &about, Dependencies: &about}}
	var others []cdx.BOMReference
	for _, p := range c.doc.Packages {
		if id := string(p.PackageSPDXIdentifier); id != c.described[0] {
			others = append(others, cdx.BOMReference(ref(id)))
		}
	}
	if len(others) > 0 {
		out = append(out, cdx.Composition{Aggregate: cdx.CompositionAggregateUnknown, Dependencies: &others})
	}
	return &out
}
