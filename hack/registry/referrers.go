package main

import (
	"cmp"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// referrers answers the referrers API as the OCI distribution-spec has it, where
// go-containerregistry gives the media type of a manifest's config for its artifact type
// and leaves its annotations out. BuildKit and others choose by the artifact type. It
// lists them by digest: next has them in another order each time.
type referrers struct{ next http.Handler }

// ServeHTTP implements [http.Handler].
func (h referrers) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name, _, ok := strings.Cut(r.URL.Path, "/referrers/")
	if !ok || r.Method != http.MethodGet {
		h.next.ServeHTTP(w, r)
		return
	}
	listed := httptest.NewRecorder()
	h.next.ServeHTTP(listed, r)
	var index v1.IndexManifest
	if listed.Code != http.StatusOK || json.Unmarshal(listed.Body.Bytes(), &index) != nil {
		w.WriteHeader(listed.Code)
		_, _ = w.Write(listed.Body.Bytes())
		return
	}
	for i := range index.Manifests {
		h.describe(name, &index.Manifests[i])
	}
	if want := r.URL.Query().Get("artifactType"); want != "" {
		index.Manifests = slices.DeleteFunc(index.Manifests, func(d v1.Descriptor) bool { return d.ArtifactType != want })
		w.Header().Set("OCI-Filters-Applied", "artifactType")
	}
	slices.SortFunc(index.Manifests, func(a, b v1.Descriptor) int { return cmp.Compare(a.Digest.Hex, b.Digest.Hex) })
	b, err := json.Marshal(index)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", string(index.MediaType))
	_, _ = w.Write(b)
}

// describe sets what a manifest says of itself.
func (h referrers) describe(name string, d *v1.Descriptor) {
	got := httptest.NewRecorder()
	h.next.ServeHTTP(got, httptest.NewRequest(http.MethodGet, name+"/manifests/"+d.Digest.String(), nil))
	var m struct {
		ArtifactType string            `json:"artifactType"`
		Annotations  map[string]string `json:"annotations"`
	}
	if got.Code != http.StatusOK || json.Unmarshal(got.Body.Bytes(), &m) != nil {
		return
	}
	d.Annotations = m.Annotations
	if m.ArtifactType != "" {
		d.ArtifactType = m.ArtifactType
	}
}
