//go:build e2e

package e2e

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	"path"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/sworn-build/sworn/provenance"
	"github.com/sworn-build/sworn/step"
)

// account is how a pushed image accounts for itself.
type account struct {
	raw      map[string]statement // by predicate type
	steps    provenance.Steps
	contents provenance.Contents
}

// ourTypes are the predicates that are Sworn's work.
func ourTypes() []string {
	return []string{provenance.StepsType, provenance.ContentsType, provenance.SPDXType, provenance.SPDX3Type}
}

// accountOf reads what is attached to the image for this machine's platform.
func accountOf(t *testing.T, ref string) account {
	t.Helper()
	a := account{raw: statements(t, ref)["linux/"+runtime.GOARCH]}
	for _, typ := range ourTypes() {
		if _, ok := a.raw[typ]; !ok {
			t.Fatalf("%s: no statement of type %s", ref, typ)
		}
	}
	var err error
	if a.steps, err = provenance.DecodeSteps(a.raw[provenance.StepsType].Predicate); err != nil {
		t.Fatal(err)
	}
	if a.contents, err = provenance.DecodeContents(a.raw[provenance.ContentsType].Predicate); err != nil {
		t.Fatal(err)
	}
	return a
}

// samePredicates fails unless the three predicates are the same bytes.
func samePredicates(t *testing.T, want, got account) {
	t.Helper()
	for _, typ := range ourTypes() {
		w, g := want.raw[typ].Predicate, got.raw[typ].Predicate
		if !bytes.Equal(w, g) {
			t.Errorf("%s: predicates differ (-want +got):\n%s", typ, cmp.Diff(indentJSON(t, w), indentJSON(t, g)))
		}
	}
}

// sameBlobs fails unless the attached statements are the same bytes, subjects and
// all.
func sameBlobs(t *testing.T, want, got account) {
	t.Helper()
	for _, typ := range ourTypes() {
		if !bytes.Equal(want.raw[typ].raw, got.raw[typ].raw) {
			t.Errorf("%s: statements differ though the image is the same", typ)
		}
	}
}

// step returns the one step whose name has the given part.
func (a account) step(t *testing.T, part string) provenance.Step {
	t.Helper()
	var found []provenance.Step
	for _, s := range a.steps.Steps {
		if strings.Contains(s.Name, part) {
			found = append(found, s)
		}
	}
	if len(found) != 1 {
		t.Fatalf("%d steps are named %q", len(found), part)
	}
	return found[0]
}

// file returns a file of the contents.
func (a account) file(t *testing.T, p string) provenance.File {
	t.Helper()
	for _, f := range a.contents.Files {
		if f.Path == step.Path(p) {
			return f
		}
	}
	t.Fatalf("%s is not in the contents", p)
	return provenance.File{}
}

// input returns an observed file that is listed by itself.
func input(s provenance.Step, p string) (provenance.FileInput, bool) {
	if s.Inputs != nil {
		for _, f := range s.Inputs.Files {
			if f.Path == step.Path(p) {
				return f, true
			}
		}
	}
	return provenance.FileInput{}, false
}

func sha256Of(b []byte) *provenance.SHA256 {
	sum := sha256.Sum256(b)
	return provenance.NewSHA256(hex.EncodeToString(sum[:]))
}

// imageFile is an entry of an image's layers, folded.
type imageFile struct {
	header tar.Header
	data   []byte
}

// extract reads the file system of a pushed image from the registry, by absolute
// path. It shares no code with what makes or verifies statements.
func extract(t *testing.T, ref string) map[string]imageFile {
	t.Helper()
	tag, err := name.ParseReference(ref, name.Insecure)
	if err != nil {
		t.Fatal(err)
	}
	img, err := remote.Image(tag, remote.WithContext(t.Context()), remote.WithPlatform(v1.Platform{OS: "linux", Architecture: runtime.GOARCH}))
	if err != nil {
		t.Fatal(err)
	}
	r := mutate.Extract(img)
	defer r.Close()
	out := map[string]imageFile{}
	for tr := tar.NewReader(r); ; {
		h, err := tr.Next()
		if errors.Is(err, io.EOF) {
			return out
		}
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(tr)
		if err != nil {
			t.Fatal(err)
		}
		out[path.Join("/", h.Name)] = imageFile{*h, b}
	}
}

// describedTruly fails unless a file of the image has the digest that the contents
// give it.
func describedTruly(t *testing.T, ref string, a account, p string) {
	t.Helper()
	f, ok := extract(t, ref)[p]
	if !ok {
		t.Fatalf("%s is not in the image", p)
	}
	if diff := cmp.Diff(sha256Of(f.data), a.file(t, p).Digest); diff != "" {
		t.Errorf("%s: digest in the image and in the contents (-image +contents):\n%s", p, diff)
	}
}

// indentJSON makes JSON readable in a diff.
func indentJSON(t *testing.T, b []byte) []string {
	t.Helper()
	var v any
	mustJSON(t, b, &v)
	return lines(v, "")
}

func lines(v any, at string) []string {
	switch v := v.(type) {
	case map[string]any:
		var out []string
		for _, k := range slices.Sorted(maps.Keys(v)) {
			out = append(out, lines(v[k], at+"."+k)...)
		}
		return out
	case []any:
		var out []string
		for i, e := range v {
			out = append(out, lines(e, fmt.Sprintf("%s[%d]", at, i))...)
		}
		return out
	}
	return []string{fmt.Sprintf("%s = %v", at, v)}
}
