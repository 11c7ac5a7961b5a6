package main

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// raw is a manifest as it is.
type raw []byte

func (r raw) RawManifest() ([]byte, error)        { return r, nil }
func (r raw) MediaType() (types.MediaType, error) { return types.OCIManifestSchema1, nil }
func list(t *testing.T, url string) (out v1.IndexManifest) {
	t.Helper()
	resp, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if err := json.NewDecoder(resp.Body).Decode(&out); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestReferrersAreListedAsTheyDescribeThemselves(t *testing.T) {
	host, stop := serve(t, t.TempDir())
	defer stop()
	ref, err := name.NewTag(host + "/a/b:one")
	if err != nil {
		t.Fatal(err)
	}
	img, err := random.Image(100, 1)
	if err != nil {
		t.Fatal(err)
	}
	if err := remote.Write(ref, img); err != nil {
		t.Fatal(err)
	}
	subject, err := remote.Head(ref)
	if err != nil {
		t.Fatal(err)
	}
	for _, kind := range []string{"application/one", "application/two"} {
		m, err := json.Marshal(map[string]any{
			"schemaVersion": 2, "mediaType": types.OCIManifestSchema1, "artifactType": kind, "subject": subject,
			"config": map[string]any{"mediaType": "application/vnd.oci.empty.v1+json", "size": 2, "digest": "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"},
			"layers": []any{}, "annotations": map[string]string{"of": kind},
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := remote.Put(ref.Context().Tag(kind[len("application/"):]), raw(m)); err != nil {
			t.Fatal(err)
		}
	}
	url := "http://" + host + "/v2/a/b/referrers/" + subject.Digest.String()
	all := map[string]string{}
	for _, d := range list(t, url).Manifests {
		all[d.ArtifactType] = d.Annotations["of"]
	}
	if d := cmp.Diff(map[string]string{"application/one": "application/one", "application/two": "application/two"}, all); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	if two := list(t, url+"?artifactType=application/two").Manifests; len(two) != 1 || two[0].ArtifactType != "application/two" {
		t.Errorf("filtered: %+v", two)
	}
}
