package export

import "github.com/spdx/tools-golang/spdx/v2/common"

// Outside are the packages, by id, that a document names and that are not in what it is
// about: tools and dependencies of the build, packages that were removed, materials. What
// something contains is not among them.
func Outside(doc *Document) map[string]bool {
	out, held := map[string]bool{}, map[string]bool{}
	for _, r := range doc.Relationships {
		a, b := local(r.RefA), local(r.RefB)
		switch r.Relationship {
		case common.TypeRelationshipBuildToolOf, common.TypeRelationshipBuildDependencyOf,
			common.TypeRelationshipContainedBy, common.TypeRelationshipOther:
			out[a] = true
		case common.TypeRelationshipGeneratedFrom, common.TypeRelationshipDescendantOf:
			out[b] = true
		case common.TypeRelationshipContains:
			held[b] = true
		}
	}
	for id := range held {
		delete(out, id)
	}
	return out
}
