package sbom

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/sworn-build/sworn/sbom/wording"
	"github.com/sworn-build/sworn/step"
)

// Base is the image that an image begins with.
type Base struct {
	// ID of its material.
	ID string
	// Carried are its SPDX documents; zero when there was no looking for them.
	Carried step.Carried
	// Packages is how many it has, as far as its evidence tells.
	Packages int
	// Removed are its packages that the image has not, sorted by purl.
	Removed []RemovedFromBase
	// Changed are, by purl, files of its packages that steps wrote or removed, sorted; the
	// image has the packages still.
	Changed map[string][]step.Path
}

// RemovedFromBase is a package of the base that a step removed, or that another version
// took the place of.
type RemovedFromBase struct {
	Package
	By       string // the step; empty when the evidence does not tell
	Replaced string // purl of what took its place; empty when nothing did
}

// notes say what a document has of the base; broken are the image's databases that do not
// tell what is installed.
func (b *Base) notes(broken []BrokenDatabase) []string {
	if b == nil {
		return nil
	}
	var carries string
	switch c := b.Carried; {
	case c.None != "":
		carries = "carries no SPDX document: " + c.None
	case len(c.Documents) == 0:
		carries = "may carry SPDX documents, to which this one does not refer: " + cmp.Or(c.Unknown, "nobody has looked")
	case c.Unknown != "":
		carries = "carries SPDX documents, to which this one refers, and maybe more: " + c.Unknown
	default:
		carries = "carries SPDX documents, to which this one refers"
	}
	replaced := 0
	for _, r := range b.Removed {
		if r.Replaced != "" {
			replaced++
		}
	}
	packages := wording.Count(b.Packages, "package")
	if slices.ContainsFunc(broken, func(d BrokenDatabase) bool { return d.By == b.ID }) {
		packages = wording.Count(b.Packages, "package that is known", "packages that are known")
	}
	return []string{
		fmt.Sprintf("The base image %s %s.", b.ID, carries),
		fmt.Sprintf("Of its %s, steps removed %d, replaced %d by other versions, and changed files of %d.",
			packages, len(b.Removed)-replaced, replaced, len(b.Changed)),
	}
}

// comment says how a package went.
func (r RemovedFromBase) comment() string {
	s := "removed"
	if r.Replaced != "" {
		s = "replaced by " + r.Replaced
	}
	if r.By != "" {
		s += " by " + r.By
	}
	return s
}

// refer refers to the base's documents.
func (d *Document) refer(b *Base) {
	if b == nil {
		return
	}
	for i, doc := range b.Carried.Documents {
		id := fmt.Sprintf("DocumentRef-base-%d", i+1)
		namespace, _, _ := strings.Cut(doc.Namespace, "#")
		d.External = append(d.External, SPDXExternalDocument{ID: id, Document: namespace, Checksum: SPDXChecksum{"SHA256", doc.Digest["sha256"]}})
		d.Relationships = append(d.Relationships, SPDXRelationship{
			Element: spdxRef + materialID(b.ID), Type: "DESCRIBED_BY", Related: id + ":" + spdxDocument, Comment: statementComment(doc),
		})
	}
}

// statementComment says where a document of the base is.
func statementComment(doc step.Document) string {
	return fmt.Sprintf("of type %s, in the statement sha256:%s that is attached to the base", doc.PredicateType, doc.Statement["sha256"])
}

// baseDocuments writes the base's documents as metadata of it.
func (d *document3) baseDocuments() {
	b := d.img.Build.Base
	if b == nil {
		return
	}
	var ids []string
	for i, doc := range b.Carried.Documents {
		id := fmt.Sprintf("Document-base-%d", i+1)
		d.begin(package3, id)
		d.text("name", doc.Namespace)
		d.text("comment", statementComment(doc))
		d.hashes(hash3{algorithm: "sha256", value: doc.Digest["sha256"], comment: "of the predicate as its statement has it"})
		d.text("software_primaryPurpose", "bom")
		d.end()
		ids = append(ids, id)
	}
	d.relate(materialID(b.ID), "hasMetadata", complete3, ids...)
	for _, r := range b.Removed {
		d.relateNoted(materialID(b.ID), "contains", r.comment(), packageID(r.Package))
		if r.By != "" {
			d.relateNoted(stepID(r.By), "other", "removed the package", packageID(r.Package))
		}
	}
}

// imports are maps to those of the base's documents that are of SPDX 3.
func (b *Base) imports() []externalMap {
	if b == nil {
		return nil
	}
	var out []externalMap
	for i, doc := range b.Carried.Documents {
		if doc.PredicateType == step.SPDX3Type {
			out = append(out, externalMap{id: doc.Namespace, by: fmt.Sprintf("Document-base-%d", i+1), sha256: doc.Digest["sha256"]})
		}
	}
	return out
}
