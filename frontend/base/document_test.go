package base

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	digest "github.com/opencontainers/go-digest"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/sworn-build/sworn/provenance"
	"github.com/sworn-build/sworn/provenance/sigstore"
	"github.com/sworn-build/sworn/step"
)

// carrying is an image with statements of some types.
func carrying(t testing.TB, types ...string) *signed {
	s := newSigned(t)
	for i, typ := range types {
		l := describe(sigstore.PayloadType, fmt.Append(nil, i))
		l.Annotations = map[string]string{predicateTypeAnnotation: typ}
		s.attestation.Layers = append(s.attestation.Layers, l)
	}
	return s
}

// manifests are the bytes and descriptors of an image's attestation manifest, and its index.
func (s *signed) manifests(t testing.TB) (index, manifest []byte, attestation, image ocispecs.Descriptor) {
	c := s.chain(t)
	index, manifest = c.Blobs[c.Root].Data, c.Blobs[c.AttestationManifest].Data
	image, attestation, err := Attestations(index, amd64)
	if err != nil {
		t.Fatal(err)
	}
	return index, manifest, attestation, image
}

func TestDocumentsOfAnImageAreThoseOfItsAttestationManifest(t *testing.T) {
	s := carrying(t, provenance.SLSAv1Type, provenance.SPDXType, provenance.SPDX3Type, provenance.SPDXType)
	_, manifest, attestation, image := s.manifests(t)
	got, left, err := Documents(manifest, attestation, image)
	if err != nil || left != "" {
		t.Fatal(left, err)
	}
	var digests []string
	for _, d := range got {
		digests = append(digests, d.Annotations[predicateTypeAnnotation]+" "+d.Digest.String())
	}
	var want []string
	for _, l := range s.attestation.Layers {
		if typ := l.Annotations[predicateTypeAnnotation]; typ == provenance.SPDXType || typ == provenance.SPDX3Type {
			want = append(want, typ+" "+l.Digest.String())
		}
	}
	if d := cmp.Diff(want, digests); d != "" || len(want) != 3 {
		t.Errorf("(-want +got):\n%s", d)
	}
}

func TestImagesWithoutDocumentsSayWhy(t *testing.T) {
	index, manifest, attestation, image := carrying(t, provenance.SLSAv1Type).manifests(t)
	other := image
	other.Digest = attestation.Digest
	_, _, noIndex := Attestations(manifest, amd64)
	_, _, noJSON := Attestations([]byte("{"), amd64)
	_, _, noPlatform := Attestations(index, arm64)
	_, _, noDocument := Documents(manifest, attestation, image)
	_, _, another := Documents(manifest, attestation, other)
	_, _, twice := Documents(append([]byte(`{"layers":[],`), manifest[1:]...), attestation, image)
	absent := map[error]bool{noIndex: true, noPlatform: true, noDocument: true}
	for want, err := range map[string]error{
		"it is no OCI index, so it has no attestations": noIndex,
		"its index: ": noJSON,
		"its index lists no attestation manifest for it":   noPlatform,
		"none of its attestations is an SPDX document":     noDocument,
		"its subject is \"" + image.Digest.String() + "\"": another,
		"field \"layers\" twice":                           twice,
	} {
		var refused *Refusal
		if !errors.As(err, &refused) || !strings.Contains(refused.Found, want) || refused.Absent != absent[err] {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

// TestWhatABuilderFetchesIsBounded: neither many documents nor large ones are read.
func TestWhatABuilderFetchesIsBounded(t *testing.T) {
	for name, tt := range map[string]struct {
		change func(*signed)
		read   int
		left   string
	}{
		"many": {func(s *signed) {}, maxDocuments, "more than 32 documents, or 134217728 bytes of them, are not read"},
		"large": {func(s *signed) {
			s.attestation.Layers = s.attestation.Layers[:3]
			s.attestation.Layers[1].Size = 1 << 40
		}, 2, "has 1099511627776 bytes"},
		"in all": {func(s *signed) {
			for i := range s.attestation.Layers {
				s.attestation.Layers[i].Size = 40 << 20
			}
		}, 3, "134217728 bytes"},
		"negative": {func(s *signed) {
			for i := range s.attestation.Layers {
				s.attestation.Layers[i].Size = -1
			}
		}, 0, "has -1 bytes"},
		"no digest": {func(s *signed) {
			for i := range s.attestation.Layers {
				s.attestation.Layers[i].Digest = "sha256:../x"
			}
		}, 0, "or no SHA-256"},
		"not a layer": {func(s *signed) {
			s.attestation.Layers = s.attestation.Layers[:3]
			s.attestation.Layers[1].MediaType = "text/html"
		}, 2, ""},
	} {
		s := carrying(t, slices.Repeat([]string{provenance.SPDXType}, 50)...)
		s.attestation.Subject = nil
		tt.change(s)
		_, _, attestation, image := s.manifests(t)
		manifest, err := json.Marshal(s.attestation)
		if err != nil {
			t.Fatal(err)
		}
		got, left, err := Documents(manifest, attestation, image)
		if err != nil || len(got) != tt.read || tt.left == "" != (left == "") || !strings.Contains(left, tt.left) {
			t.Errorf("%s: %d, %q, %v", name, len(got), left, err)
		}
	}
}

// documentOf is a statement and its descriptor.
func documentOf(predicateType, predicate string) (ocispecs.Descriptor, []byte) {
	b := []byte(`{"_type":"https://in-toto.io/Statement/v0.1","predicateType":"` + predicateType + `","predicate":` + predicate + `}`)
	d := describe(sigstore.PayloadType, b)
	d.Annotations = map[string]string{predicateTypeAnnotation: predicateType}
	return d, b
}

func TestDocumentsAreReadByDigest(t *testing.T) {
	sum := func(b string) map[string]string {
		s := sha256.Sum256([]byte(b))
		return map[string]string{"sha256": hex.EncodeToString(s[:])}
	}
	const two, three = `{ "documentNamespace":"https://d.test/2" }`, `{"@graph":[{"type":"Tool","spdxId":"x:y"},{"type":"SpdxDocument","spdxId":"https://d.test/3#D"}]}`
	for predicate, want := range map[string]step.Document{
		two: {PredicateType: provenance.SPDXType, Namespace: "https://d.test/2"}, three: {PredicateType: provenance.SPDX3Type, Namespace: "https://d.test/3#D"},
	} {
		d, b := documentOf(want.PredicateType, predicate)
		want.Digest, want.Statement = sum(predicate), sum(string(b))
		got, err := ReadDocument(d, b, "")
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("%v (-want +got):\n%s", err, diff)
		}
		if _, err := ReadDocument(d, append(b, ' '), ""); err == nil || !strings.Contains(err.Error(), "has the digest") {
			t.Errorf("another statement: %v", err)
		}
	}
	d, b := documentOf(provenance.SPDXType, two)
	d.Annotations[predicateTypeAnnotation] = provenance.SPDX3Type
	if _, err := ReadDocument(d, b, ""); err == nil || !strings.Contains(err.Error(), "its manifest says https://spdx.dev/Document/v3") {
		t.Errorf("another type: %v", err)
	}
	b = fmt.Appendf(nil, `{"predicateType":%q,"subject":[{"digest":{"sha256":"00"}},{"digest":{"sha256":"aa"}}],"predicate":%s}`, provenance.SPDXType, two)
	d.Digest, d.Annotations[predicateTypeAnnotation] = digest.FromBytes(b), provenance.SPDXType
	if _, err := ReadDocument(d, b, "sha256:aa"); err != nil {
		t.Error(err)
	}
	if _, err := ReadDocument(d, b, "sha256:bb"); err == nil || !strings.Contains(err.Error(), "it is not about sha256:bb") {
		t.Errorf("another image: %v", err)
	}
	for _, predicate := range []string{`{}`, `{"documentNamespace":"no uri"}`, `{"documentNamespace":"https://d.test/\u001b"}`, `{"documentNamespace":"https://d.test/` + strings.Repeat("x", 1025) + `"}`, `{"documentNamespace":1}`, `[]`} {
		d, b := documentOf(provenance.SPDXType, predicate)
		if got, err := ReadDocument(d, b, ""); err == nil {
			t.Errorf("%s: %+v", predicate, got)
		}
	}
}

// TestDocumentsThatCouldBeReadInTwoWaysAreNone: of two fields or documents one reader takes
// the first and another the last.
func TestDocumentsThatCouldBeReadInTwoWaysAreNone(t *testing.T) {
	const one = `{"documentNamespace":"https://d.test/1"}`
	for name, tt := range map[string]struct{ predicateType, statement, want string }{
		"predicate": {provenance.SPDXType, `"predicate":{"documentNamespace":"https://d.test/2"},"predicate":` + one, `field "predicate" twice`},
		"letters":   {provenance.SPDXType, `"Predicate":{},"predicate":` + one, `field "predicate" twice`},
		"subject":   {provenance.SPDXType, `"subject":[],"subject":[],"predicate":` + one, `field "subject" twice`},
		"name":      {provenance.SPDXType, `"predicate":{"documentNamespace":"https://d.test/2","documentNamespace":"https://d.test/1"}`, `field "documentNamespace" twice`},
		"element":   {provenance.SPDX3Type, `"predicate":{"@graph":[{"type":"SpdxDocument","type":"Tool","spdxId":"https://d.test/1"}]}`, `field "type" twice`},
		"documents": {provenance.SPDX3Type, `"predicate":{"@graph":[{"type":"SpdxDocument","spdxId":"https://d.test/1"},{"type":"SpdxDocument","spdxId":"https://d.test/2"}]}`, "2 documents in one"},
		"version":   {provenance.SPDX3Type, `"predicate":` + one, "is no URI"},
		"graph":     {provenance.SPDXType, `"predicate":{"@graph":[{"type":"SpdxDocument","spdxId":"https://d.test/1"}]}`, "is no URI"},
		"list":      {provenance.SPDX3Type, `"predicate":{"@graph":{}}`, "is no list"},
	} {
		b := fmt.Appendf(nil, `{"predicateType":%q,%s}`, tt.predicateType, tt.statement)
		d := describe(sigstore.PayloadType, b)
		d.Annotations = map[string]string{predicateTypeAnnotation: tt.predicateType}
		if got, err := ReadDocument(d, b, ""); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
}

// TestReadingADocumentTakesMemoryLikeItsBytes, whatever it consists of.
func TestReadingADocumentTakesMemoryLikeItsBytes(t *testing.T) {
	const size = 8 << 20
	for name, tt := range map[string]struct{ subject, predicate, item string }{
		"elements": {`[]`, `{"@graph":[%s{"type":"SpdxDocument","spdxId":"https://d.test/1"}]}`, "{},"},
		"subjects": {`[%s{"digest":{"sha256":"aa"}}]`, `{"@graph":[{"type":"SpdxDocument","spdxId":"https://d.test/1"}]}`, "{},"},
	} {
		fill := func(s string) string { return strings.Replace(s, "%s", strings.Repeat(tt.item, size/len(tt.item)), 1) }
		b := fmt.Appendf(nil, `{"predicateType":%q,"subject":%s,"predicate":%s}`, provenance.SPDX3Type, fill(tt.subject), fill(tt.predicate))
		d := describe(sigstore.PayloadType, b)
		d.Annotations = map[string]string{predicateTypeAnnotation: provenance.SPDX3Type}
		var peak, before runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		defer debug.SetGCPercent(debug.SetGCPercent(10))
		stop, done := make(chan struct{}), make(chan uint64)
		go func() {
			most := uint64(0)
			for {
				select {
				case <-stop:
					done <- most
					return
				case <-time.After(time.Millisecond):
					runtime.ReadMemStats(&peak)
					most = max(most, peak.HeapAlloc)
				}
			}
		}()
		_, err := ReadDocument(d, b, "sha256:aa")
		close(stop)
		if most := <-done; err != nil || most > before.HeapAlloc+6*size {
			t.Errorf("%s: %d MiB for a statement of %d MiB, %v", name, (most-before.HeapAlloc)>>20, len(b)>>20, err)
		}
	}
}

// FuzzDocuments: whatever index and manifest say, what is read of them is bounded.
func FuzzDocuments(f *testing.F) {
	index, manifest, _, _ := carrying(f, provenance.SPDXType, provenance.SPDX3Type).manifests(f)
	f.Add(index, manifest)
	f.Add(manifest, index)
	f.Fuzz(func(t *testing.T, index, manifest []byte) {
		image, attestation, err := Attestations(index, amd64)
		if err != nil {
			return
		}
		list, _, err := Documents(manifest, attestation, image)
		size := int64(0)
		for _, d := range list {
			size += d.Size
		}
		if err == nil && (len(list) > maxDocuments || size > maxDocumentsBytes) {
			t.Errorf("%d documents of %d bytes", len(list), size)
		}
	})
}

// FuzzReadDocument: what is read has a name that can be referred to.
func FuzzReadDocument(f *testing.F) {
	_, b := documentOf(provenance.SPDXType, `{"documentNamespace":"https://d.test/2"}`)
	f.Add(b)
	_, b = documentOf(provenance.SPDX3Type, `{"@graph":[{"type":"SpdxDocument","spdxId":"https://d.test/3#D"}]}`)
	f.Add(b)
	f.Fuzz(func(t *testing.T, b []byte) {
		doc, err := ReadDocument(describe(sigstore.PayloadType, b), b, "")
		if err == nil && (doc.Namespace == "" || len(doc.Digest["sha256"]) != 64) {
			t.Errorf("%+v", doc)
		}
	})
}
