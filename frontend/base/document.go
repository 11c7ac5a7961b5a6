package base

import (
	"bytes"
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
// Every reader takes it for the same: no field is there twice.
func ReadDocument(d ocispecs.Descriptor, statement []byte, image digest.Digest) (step.Document, error) {
	if got := digest.FromBytes(statement); got != d.Digest {
		return step.Document{}, fmt.Errorf("its statement has the digest %s, want %s", got, d.Digest)
	}
	predicate, err := readStatement(d.Annotations[predicateTypeAnnotation], statement, image)
	if err != nil {
		return step.Document{}, fmt.Errorf("statement %s: %w", d.Digest, err)
	}
	out := step.Document{
		PredicateType: d.Annotations[predicateTypeAnnotation],
		Digest:        map[string]string{"sha256": digest.FromBytes(predicate).Encoded()},
		Statement:     map[string]string{d.Digest.Algorithm().String(): d.Digest.Encoded()},
	}
	if out.Namespace, err = nameOf(out.PredicateType, predicate); err != nil {
		return step.Document{}, fmt.Errorf("statement %s: %w", d.Digest, err)
	}
	if !documentName(out.Namespace) {
		return step.Document{}, fmt.Errorf("statement %s: its document has the name %.100q, which is no URI", d.Digest, out.Namespace)
	}
	return out, nil
}

// readStatement returns the predicate of a statement of a type about an image.
func readStatement(predicateType string, b []byte, image digest.Digest) (json.RawMessage, error) {
	if err := provenance.CheckKeys(b, provenance.FoldKey); err != nil {
		return nil, err
	}
	var s struct {
		PredicateType string          `json:"predicateType"`
		Subject       json.RawMessage `json:"subject"`
		Predicate     json.RawMessage `json:"predicate"`
	}
	if err := json.Unmarshal(b, &s); err != nil {
		return nil, err
	}
	if s.PredicateType != predicateType {
		return nil, fmt.Errorf("it has the type %.100q, its manifest says %s", s.PredicateType, predicateType)
	}
	subjects, found := 0, false
	err := each(s.Subject, func(one subject) error {
		subjects++
		found = found || about([]subject{one}, image)
		return nil
	})
	if err == nil && subjects > 0 && !found {
		err = fmt.Errorf("it is not about %s", image)
	}
	return s.Predicate, err
}

// nameOf returns the name of the one document in a predicate of a type.
func nameOf(predicateType string, predicate []byte) (string, error) {
	var doc struct {
		Namespace string          `json:"documentNamespace"`
		Graph     json.RawMessage `json:"@graph"`
	}
	if err := json.Unmarshal(predicate, &doc); err != nil || predicateType != provenance.SPDX3Type {
		return doc.Namespace, err
	}
	type element struct {
		Type string `json:"type"`
		ID   string `json:"spdxId"`
	}
	name, documents := "", 0
	err := each(doc.Graph, func(e element) error {
		if e.Type == "SpdxDocument" {
			name = e.ID
			documents++
		}
		return nil
	})
	if err == nil && documents > 1 {
		err = fmt.Errorf("%d documents in one, want one", documents)
	}
	return name, err
}

// each goes through a list, which may be missing, without having all of it at once: what is
// a few bytes each in JSON can be many more in memory.
func each[T any](list json.RawMessage, do func(T) error) error {
	d := json.NewDecoder(bytes.NewReader(list))
	t, err := d.Token()
	if t == nil {
		return nil
	}
	if err != nil || t != json.Delim('[') {
		return fmt.Errorf("%.20q is no list", list)
	}
	for d.More() {
		var one T
		if err := d.Decode(&one); err != nil {
			return err
		}
		if err := do(one); err != nil {
			return err
		}
	}
	return nil
}

// documentName reports whether a document may be referred to by a name: a URI of printable
// ASCII, of bounded length.
func documentName(s string) bool {
	u, err := url.Parse(s)
	return err == nil && u.IsAbs() && len(s) <= maxName && !strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' })
}

// maxName bounds the name of a document in bytes.
const maxName = 1 << 10
