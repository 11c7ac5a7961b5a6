//go:build e2e

package e2e

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"
)

// statement is an in-toto statement as BuildKit attached it.
type statement struct {
	raw           []byte          // the blob
	PredicateType string          `json:"predicateType"`
	Predicate     json.RawMessage `json:"predicate"`
	Subject       []struct {
		Name   string            `json:"name"`
		Digest map[string]string `json:"digest"`
	} `json:"subject"`
}

// get reads a manifest or blob of a registry.
func get(t *testing.T, url string) []byte {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Add("Accept", ocispecs.MediaTypeImageIndex)
	req.Header.Add("Accept", ocispecs.MediaTypeImageManifest)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s %v\n%s", url, resp.Status, err, b)
	}
	return b
}

// statements reads what is attached to a pushed image: by platform ("linux/amd64"),
// by predicate type. name is host/repository:tag or @digest.
func statements(t *testing.T, name string) map[string]map[string]statement {
	t.Helper()
	base, ref := splitName(name)
	var idx ocispecs.Index
	mustJSON(t, get(t, base+"/manifests/"+ref), &idx)
	platforms := map[string]string{}
	for _, m := range idx.Manifests {
		if m.Platform != nil {
			platforms[m.Digest.String()] = m.Platform.OS + "/" + m.Platform.Architecture
		}
	}
	out := map[string]map[string]statement{}
	for _, m := range idx.Manifests {
		if m.Annotations["vnd.docker.reference.type"] != "attestation-manifest" {
			continue
		}
		p := platforms[m.Annotations["vnd.docker.reference.digest"]]
		out[p] = map[string]statement{}
		var man ocispecs.Manifest
		mustJSON(t, get(t, base+"/manifests/"+m.Digest.String()), &man)
		for _, l := range man.Layers {
			s := statement{raw: get(t, base+"/blobs/"+l.Digest.String())}
			mustJSON(t, s.raw, &s)
			if _, twice := out[p][s.PredicateType]; twice {
				t.Fatalf("two statements of type %s", s.PredicateType)
			}
			out[p][s.PredicateType] = s
		}
	}
	return out
}

func splitName(name string) (base, ref string) {
	host, rest, _ := strings.Cut(name, "/")
	repo, ref, ok := strings.Cut(rest, "@")
	if !ok {
		i := strings.LastIndex(rest, ":")
		repo, ref = rest[:i], rest[i+1:]
	}
	return "http://" + host + "/v2/" + repo, ref
}

func mustJSON(t *testing.T, b []byte, v any) {
	t.Helper()
	if err := json.Unmarshal(b, v); err != nil {
		t.Fatalf("%v\n%s", err, b)
	}
}
