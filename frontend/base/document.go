package base

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"

	digest "github.com/opencontainers/go-digest"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/sworn-build/sworn/provenance"
	"github.com/sworn-build/sworn/step"
)

// MaxDocumentBytes bounds a statement with an SPDX document: BuildKit attaches none that is
// longer.
const MaxDocumentBytes = 41 << 20

// maxDocuments and maxDocumentsBytes bound the statements of an image that are read, which
// a builder fetches whole.
const (
	maxDocuments      = 32
	maxDocumentsBytes = 128 << 20
)

// Attestations finds in an index the image manifest of a platform and the attestation
// manifest of that. The index is content of the digest that the build is held to.
//
// Errors: [Refusal], Absent when it is no OCI index or the image has no attestations.
func Attestations(index []byte, platform ocispecs.Platform) (image, attestation ocispecs.Descriptor, err error) {
	var root struct {
		MediaType string `json:"mediaType"`
	}
	if json.Unmarshal(index, &root) == nil && root.MediaType != ocispecs.MediaTypeImageIndex {
		return image, attestation, errNoIndex
	}
	return attestations(index, platform)
}

// Documents lists the statements with SPDX documents in an attestation manifest, signed or
// not, in the order in which they are attached, and says what it leaves out.
//
// Errors: [Refusal], Absent when there is none.
func Documents(manifest []byte, d, image ocispecs.Descriptor) (list []ocispecs.Descriptor, left string, err error) {
	m, err := parseManifest(manifest)
	if err == nil && m.Subject != nil {
		err = refersTo(m, image)
	}
	if err != nil {
		return nil, "", refusef("its attestation manifest %s: %v", d.Digest, err)
	}
	size, none := int64(0), true
	for _, l := range statements(m, nil) {
		switch l.Annotations[predicateTypeAnnotation] {
		case provenance.SPDXType, provenance.SPDX3Type:
		default:
			continue
		}
		none = false
		if l.Digest.Validate() != nil || l.Digest.Algorithm() != digest.SHA256 || l.Size < 0 || l.Size > MaxDocumentBytes {
			left = fmt.Sprintf("its statement %.100q has %d bytes, more than %d, or no SHA-256", l.Digest, l.Size, MaxDocumentBytes)
			continue
		}
		if size += l.Size; len(list) == maxDocuments || size > maxDocumentsBytes {
			left = fmt.Sprintf("more than %d documents, or %d bytes of them, are not read", maxDocuments, maxDocumentsBytes)
			break
		}
		list = append(list, l)
	}
	if none {
		return nil, "", &Refusal{Found: "none of its attestations is an SPDX document", Absent: true}
	}
	return list, left, nil
}

// ReadDocument reads the name of an SPDX document in a statement, which must have the
// digest and the type of its descriptor and, where it says what it is about, be about the image.
func ReadDocument(d ocispecs.Descriptor, statement []byte, image digest.Digest) (step.Document, error) {
	if got := digest.FromBytes(statement); got != d.Digest {
		return step.Document{}, fmt.Errorf("its statement has the digest %s, want %s", got, d.Digest)
	}
	var s struct {
		PredicateType string          `json:"predicateType"`
		Subject       []subject       `json:"subject"`
		Predicate     json.RawMessage `json:"predicate"`
	}
	if err := json.Unmarshal(statement, &s); err != nil {
		return step.Document{}, fmt.Errorf("statement %s: %w", d.Digest, err)
	}
	if want := d.Annotations[predicateTypeAnnotation]; s.PredicateType != want {
		return step.Document{}, fmt.Errorf("statement %s: it has the type %.100q, its manifest says %s", d.Digest, s.PredicateType, want)
	}
	if len(s.Subject) > 0 && !about(s.Subject, image) {
		return step.Document{}, fmt.Errorf("statement %s: it is not about %s", d.Digest, image)
	}
	sum := sha256.Sum256(s.Predicate)
	out := step.Document{
		PredicateType: d.Annotations[predicateTypeAnnotation],
		Digest:        map[string]string{"sha256": hex.EncodeToString(sum[:])},
		Statement:     map[string]string{d.Digest.Algorithm().String(): d.Digest.Encoded()},
	}
	var doc struct {
		Namespace string `json:"documentNamespace"`
		Graph     []struct {
			Type string `json:"type"`
			ID   string `json:"spdxId"`
		} `json:"@graph"`
	}
	if err := json.Unmarshal(s.Predicate, &doc); err != nil {
		return step.Document{}, fmt.Errorf("statement %s: %w", d.Digest, err)
	}
	out.Namespace = doc.Namespace
	for _, e := range doc.Graph {
		if e.Type == "SpdxDocument" {
			out.Namespace = e.ID
		}
	}
	if !documentName(out.Namespace) {
		return step.Document{}, fmt.Errorf("statement %s: its document has the name %.100q, which is no URI", d.Digest, out.Namespace)
	}
	return out, nil
}

// documentName reports whether a document may be referred to by a name: a URI of printable
// ASCII, of bounded length.
func documentName(s string) bool {
	u, err := url.Parse(s)
	return err == nil && u.IsAbs() && len(s) <= maxName && !strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' })
}

// maxName bounds the name of a document in bytes.
const maxName = 1 << 10
