package image

import (
	"strings"
	"testing"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/sworn-build/sworn/provenance/envelope"
)

// TestStatementsAreAboutThisImageAlone: one subject that is this platform does not
// make up for one that is something else.
func TestStatementsAreAboutThisImageAlone(t *testing.T) {
	index, manifest, other := digest.FromString("index"), digest.FromString("manifest"), digest.FromString("other")
	ix := Index{Descriptor: ocispec.Descriptor{Digest: index}}
	p := Platform{Name: "linux/amd64", Manifest: ocispec.Descriptor{Digest: manifest}}
	of := func(digests ...digest.Digest) []envelope.Subject {
		var out []envelope.Subject
		for _, d := range digests {
			out = append(out, envelope.SubjectOf("app", d))
		}
		return out
	}
	for _, tt := range []struct {
		name     string
		subjects []envelope.Subject
		want     string
	}{
		{"manifest", of(manifest), ""},
		{"manifest twice", of(manifest, manifest), ""},
		{"manifest and index", of(index, manifest), ""},
		{"index alone", of(index), "none of its subjects is " + manifest.String()},
		{"other", of(other), "is not this image"},
		{"manifest and other", of(manifest, other), "is not this image"},
		{"other and manifest", of(other, manifest), "is not this image"},
		{"another algorithm", []envelope.Subject{{Name: "app", Digest: map[string]string{"sha512": manifest.Encoded()}}}, "is not this image"},
		{"upper case", []envelope.Subject{{Name: "app", Digest: map[string]string{"sha256": strings.ToUpper(manifest.Encoded())}}}, "is not this image"},
		{"none", nil, "none of its subjects is"},
	} {
		err := checkSubjects(envelope.Statement{Subject: tt.subjects}, ix, p)
		if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %q", tt.name, err, tt.want)
		}
	}
}
