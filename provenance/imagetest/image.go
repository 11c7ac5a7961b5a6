package imagetest

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"slices"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
	"github.com/opencontainers/go-digest"
	"github.com/opencontainers/image-spec/specs-go"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/sworn-build/sworn/provenance"
	"github.com/sworn-build/sworn/provenance/envelope"
	"github.com/sworn-build/sworn/provenance/referrers"
	"github.com/sworn-build/sworn/provenance/sigstore"
)

// Options say how an image differs from the usual one: linux/amd64, with
// statements of all four types.
type Options struct {
	// Platforms default to linux/amd64.
	Platforms []string
	// Without names predicate types that are not attached.
	Without []string
	// Predicates replace those of [Predicate].
	Predicates map[string]any
	// Layers replace those of [Layers].
	Layers [][]Entry
	// Subject replaces the digest that the statements are about.
	Subject digest.Digest
	// NoSubject attaches statements about nothing, as BuildKit does for an image
	// without a name.
	NoSubject bool
	// NoAttestations leaves the attestation manifests out.
	NoAttestations bool
	// Extra statements are attached after the others.
	Extra []Extra
	// Unattested names platforms that have no attestation manifest.
	Unattested []string
	// Artifact writes attestation manifests as OCI artifacts (oci-artifact=true).
	Artifact bool
}

// Extra is a statement that an image has besides the usual ones.
type Extra struct {
	PredicateType string
	Predicate     any
}

// Image is an image in memory.
type Image struct {
	// Index is what a name points to.
	Index referrers.Blob
	// Manifests and Blobs are everything below it.
	Manifests, Blobs []referrers.Blob
	// Platforms are the platform manifests, in the index's order.
	Platforms []ocispec.Descriptor
}

// New makes an image.
func New(t testing.TB, o Options) *Image {
	t.Helper()
	if o.Platforms == nil {
		o.Platforms = []string{"linux/amd64"}
	}
	if o.Layers == nil {
		o.Layers = Layers()
	}
	img := &Image{}
	index := ocispec.Index{Versioned: specs.Versioned{SchemaVersion: 2}, MediaType: ocispec.MediaTypeImageIndex}
	var attestations []ocispec.Descriptor
	for _, p := range o.Platforms {
		m := img.platform(t, p, o.Layers)
		img.Platforms = append(img.Platforms, m)
		index.Manifests = append(index.Manifests, m)
		if !o.NoAttestations && !slices.Contains(o.Unattested, p) {
			attestations = append(attestations, img.attestation(p, m, o))
		}
	}
	index.Manifests = append(index.Manifests, attestations...)
	img.Index = referrers.NewBlob(ocispec.MediaTypeImageIndex, mustJSON(index))
	return img
}

func (img *Image) blob(mediaType string, b []byte) ocispec.Descriptor {
	blob := referrers.NewBlob(mediaType, b)
	img.Blobs = append(img.Blobs, blob)
	return blob.Descriptor
}

func (img *Image) manifest(m ocispec.Manifest) ocispec.Descriptor {
	blob := referrers.NewBlob(ocispec.MediaTypeImageManifest, mustJSON(m))
	img.Manifests = append(img.Manifests, blob)
	return blob.Descriptor
}

func (img *Image) platform(t testing.TB, name string, layers [][]Entry) ocispec.Descriptor {
	parts := strings.Split(name, "/")
	p := ocispec.Platform{OS: parts[0], Architecture: parts[1]}
	if len(parts) > 2 {
		p.Variant = parts[2]
	}
	config := ocispec.Image{Platform: p, RootFS: ocispec.RootFS{Type: "layers"}}
	m := ocispec.Manifest{Versioned: specs.Versioned{SchemaVersion: 2}, MediaType: ocispec.MediaTypeImageManifest}
	for i, l := range layers {
		plain := Tar(t, l)
		config.RootFS.DiffIDs = append(config.RootFS.DiffIDs, digest.FromBytes(plain))
		mediaType, packed := compress(t, i, plain)
		m.Layers = append(m.Layers, img.blob(mediaType, packed))
	}
	m.Config = img.blob(ocispec.MediaTypeImageConfig, mustJSON(config))
	d := img.manifest(m)
	d.Platform = &p
	return d
}

// compress packs each layer differently: gzip, zstd, not at all.
func compress(t testing.TB, i int, b []byte) (string, []byte) {
	var out bytes.Buffer
	switch i % 3 {
	case 0:
		w := gzip.NewWriter(&out)
		check(t, write(w, b))
		return ocispec.MediaTypeImageLayerGzip, out.Bytes()
	case 1:
		w, err := zstd.NewWriter(&out)
		check(t, err)
		check(t, write(w, b))
		return ocispec.MediaTypeImageLayerZstd, out.Bytes()
	}
	return ocispec.MediaTypeImageLayer, b
}

func write(w interface {
	Write([]byte) (int, error)
	Close() error
}, b []byte) error {
	if _, err := w.Write(b); err != nil {
		return err
	}
	return w.Close()
}

// Tar returns a layer as an uncompressed tar archive.
func Tar(t testing.TB, entries []Entry) []byte {
	t.Helper()
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	for _, e := range entries {
		h := e.Header
		check(t, w.WriteHeader(&h))
		_, err := w.Write([]byte(e.Body))
		check(t, err)
	}
	check(t, w.Close())
	return out.Bytes()
}

func (img *Image) attestation(platform string, target ocispec.Descriptor, o Options) ocispec.Descriptor {
	subject := target.Digest
	if o.Subject != "" {
		subject = o.Subject
	}
	m := ocispec.Manifest{Versioned: specs.Versioned{SchemaVersion: 2}, MediaType: ocispec.MediaTypeImageManifest}
	if o.Artifact {
		m.ArtifactType = "application/vnd.docker.attestation.manifest.v1+json"
		m.Subject = &ocispec.Descriptor{MediaType: target.MediaType, Digest: target.Digest, Size: target.Size}
		m.Config = img.blob(ocispec.MediaTypeEmptyJSON, []byte("{}"))
	}
	config := ocispec.Image{Platform: ocispec.Platform{OS: "unknown", Architecture: "unknown"}, RootFS: ocispec.RootFS{Type: "layers"}}
	for _, s := range o.statements(platform) {
		d := img.blob(sigstore.PayloadType, statement(s.PredicateType, subject, s.Predicate, o.NoSubject))
		config.RootFS.DiffIDs = append(config.RootFS.DiffIDs, d.Digest)
		d.Annotations = map[string]string{"in-toto.io/predicate-type": s.PredicateType}
		m.Layers = append(m.Layers, d)
	}
	if !o.Artifact {
		m.Config = img.blob(ocispec.MediaTypeImageConfig, mustJSON(config))
	}
	d := img.manifest(m)
	d.Platform = &ocispec.Platform{OS: "unknown", Architecture: "unknown"}
	d.Annotations = map[string]string{
		"vnd.docker.reference.type":   "attestation-manifest",
		"vnd.docker.reference.digest": target.Digest.String(),
	}
	return d
}

// statements lists what is attached to a platform.
func (o Options) statements(platform string) []Extra {
	var out []Extra
	for _, pt := range []string{provenance.StepsType, provenance.ContentsType, provenance.SPDXType, provenance.SPDX3Type, provenance.SLSAv1Type} {
		if slices.Contains(o.Without, pt) {
			continue
		}
		predicate := o.Predicates[pt]
		if predicate == nil {
			predicate = Predicate(pt, platform)
		}
		out = append(out, Extra{pt, predicate})
	}
	return append(out, o.Extra...)
}

// statement is written as BuildKit writes it, with in-toto-golang's field order.
func statement(predicateType string, subject digest.Digest, predicate any, noSubject bool) []byte {
	subjects := []envelope.Subject{envelope.SubjectOf("pkg:docker/app@1?platform=linux%2Famd64", subject)}
	if noSubject {
		subjects = []envelope.Subject{}
	}
	return mustJSON(struct {
		Type          string             `json:"_type"`
		PredicateType string             `json:"predicateType"`
		Subject       []envelope.Subject `json:"subject"`
		Predicate     any                `json:"predicate"`
	}{sigstore.StatementV01, predicateType, subjects, predicate})
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
