package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/registry"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/sworn-build/sworn/provenance"
	"github.com/sworn-build/sworn/provenance/envelope"
	"github.com/sworn-build/sworn/provenance/imagetest"
	"github.com/sworn-build/sworn/provenance/referrers"
	"github.com/sworn-build/sworn/provenance/repository"
	"github.com/sworn-build/sworn/provenance/signature"
	"github.com/sworn-build/sworn/provenance/sigstore"
)

// holding is a repository that keeps what is attached to it back, so that a test
// can change it first.
type holding struct {
	*repository.Repository
	held []referrers.Artifact
}

func (h *holding) Attach(_ context.Context, add []referrers.Artifact) error {
	h.held = append(h.held, add...)
	return nil
}

// sign signs an image and returns what would be stored.
func sign(t *testing.T, ref string, desc ocispec.Descriptor, key *envelope.Key) *holding {
	t.Helper()
	r, err := repository.Parse(ref)
	if err != nil {
		t.Fatal(err)
	}
	repo, err := repository.Open(t.Context(), r, repository.Options{})
	if err != nil {
		t.Fatal(err)
	}
	h := &holding{Repository: repo}
	if _, err := signature.Sign(t.Context(), h, desc, key, signature.Options{Name: r.Name()}); err != nil {
		t.Fatal(err)
	}
	return h
}

// rebundle changes the bundles of one predicate type.
func rebundle(t *testing.T, list []referrers.Artifact, predicateType string, edit func([]byte) []byte) []referrers.Artifact {
	t.Helper()
	var out []referrers.Artifact
	for _, a := range list {
		if a.Manifest.Descriptor.Annotations[referrers.PredicateTypeAnnotation] == predicateType {
			b := edit(slices.Clone(a.Blobs[1].Data))
			if b == nil {
				continue
			}
			a = attachment(t, a.Subject, b, predicateType)
		}
		out = append(out, a)
	}
	return out
}

func attachment(t *testing.T, subject ocispec.Descriptor, bundle []byte, predicateType string) referrers.Artifact {
	t.Helper()
	a, err := referrers.New(subject, bundle, predicateType)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// editJSON changes a bundle's JSON.
func editJSON(t *testing.T, b []byte, edit func(bundle, envelope map[string]any)) []byte {
	t.Helper()
	var v map[string]any
	if err := json.Unmarshal(b, &v); err != nil {
		t.Fatal(err)
	}
	edit(v, v["dsseEnvelope"].(map[string]any))
	out, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// TestTamperedBundles: every change of what was signed has its error and exit
// code, on registries of both kinds.
func TestTamperedBundles(t *testing.T) {
	_, public, key := keyFiles(t)
	_, _, other := keyFiles(t)
	contents := provenance.ContentsType
	edit := func(f func(bundle, env map[string]any)) func(*testing.T, *imagetest.Image, *holding) []referrers.Artifact {
		return func(t *testing.T, _ *imagetest.Image, h *holding) []referrers.Artifact {
			return rebundle(t, h.held, contents, func(b []byte) []byte { return editJSON(t, b, f) })
		}
	}
	raw := func(f func([]byte) []byte) func(*testing.T, *imagetest.Image, *holding) []referrers.Artifact {
		return func(t *testing.T, _ *imagetest.Image, h *holding) []referrers.Artifact {
			return rebundle(t, h.held, contents, f)
		}
	}
	// resign signs another statement like the attached one.
	resign := func(k *envelope.Key, change func(*envelope.Statement)) func(*testing.T, *imagetest.Image, *holding) []referrers.Artifact {
		return func(t *testing.T, img *imagetest.Image, h *holding) []referrers.Artifact {
			s := envelope.Statement{PredicateType: contents, Predicate: []byte(`{"files":[]}`), Subject: []envelope.Subject{
				envelope.SubjectOf("app", img.Index.Descriptor.Digest), envelope.SubjectOf("app", img.Platforms[0].Digest)}}
			change(&s)
			b, err := envelope.Sign(t.Context(), k, s)
			if err != nil {
				t.Fatal(err)
			}
			return append(h.held, attachment(t, img.Index.Descriptor, b, contents))
		}
	}
	tests := []struct {
		name string
		edit func(*testing.T, *imagetest.Image, *holding) []referrers.Artifact
		code int
		want string // in the output, a regular expression
	}{
		{"nothing", func(_ *testing.T, _ *imagetest.Image, h *holding) []referrers.Artifact { return h.held }, 0, "verdict: pass"},
		{"signature byte", edit(func(_, env map[string]any) {
			sig := env["signatures"].([]any)[0].(map[string]any)
			b, _ := base64.StdEncoding.DecodeString(sig["sig"].(string))
			b[len(b)-1] ^= 1
			sig["sig"] = base64.StdEncoding.EncodeToString(b)
		}), 1, `contents/v1 is not signed with this key; referrer sha256:\w+ was refused: signature does not verify`},
		{"payload byte", edit(func(_, env map[string]any) {
			b, _ := base64.StdEncoding.DecodeString(env["payload"].(string))
			env["payload"] = base64.StdEncoding.EncodeToString(bytes.Replace(b, []byte("/app/server2"), []byte("/app/server3"), 1))
		}), 1, `contents/v1 is not signed with this key; .*signature does not verify`},
		{"payload type", edit(func(_, env map[string]any) { env["payloadType"] = "text/plain" }), 1, `payload type "text/plain", want application/vnd.in-toto\+json`},
		{"second signature", edit(func(_, env map[string]any) {
			env["signatures"] = append(env["signatures"].([]any), env["signatures"].([]any)[0])
		}), 1, `decode bundle: 2 signatures, want 1`},
		{"no signature", edit(func(_, env map[string]any) { env["signatures"] = []any{} }), 1, `0 signatures, want 1`},
		{"older bundle", edit(func(b, _ map[string]any) { b["mediaType"] = "application/vnd.dev.sigstore.bundle+json;version=0.2" }), 1, `media type .*version=0.2", want`},
		{"hint of another key", edit(func(b, _ map[string]any) {
			b["verificationMaterial"].(map[string]any)["publicKey"].(map[string]any)["hint"] = other.Public().Hint()
		}), 0, "verdict: pass"}, // a hint proves nothing, so it spoils nothing
		{"truncated bundle", raw(func(b []byte) []byte { return b[:len(b)/2] }), 1, `contents/v1 is not signed with this key; .*decode bundle: not a Sigstore bundle`},
		{"empty bundle", raw(func([]byte) []byte { return []byte("{}") }), 1, `decode bundle`},
		{"removed referrers", raw(func([]byte) []byte { return nil }), 1, `linux/amd64: \S+/contents/v1 is not signed with this key$`},
		{"all removed", func(*testing.T, *imagetest.Image, *holding) []referrers.Artifact { return nil }, 1, `image sha256:\w+ has no signatures`},
		{"conflicting statement", resign(key, func(*envelope.Statement) {}), 1, `referrer sha256:\w+ signs another \S+contents/v1 than the attached one`},
		{"conflicting statement of another key", resign(other, func(*envelope.Statement) {}), 0, `refused .*signed with another key`},
		{"statement about another image", resign(key, func(s *envelope.Statement) {
			s.Subject = s.Subject[:1]
			s.Subject[0].Digest = map[string]string{"sha256": strings.Repeat("ab", 32)}
		}), 0, `refused  \S+/contents/v1: statement is not about sha256:`},
		{"half the signatures", func(_ *testing.T, img *imagetest.Image, h *holding) []referrers.Artifact {
			return slices.DeleteFunc(h.held, func(a referrers.Artifact) bool { return a.Subject.Digest == img.Platforms[0].Digest })
		}, 0, `warnings(?s:.*)no signature of \S+ refers to the manifest sha256:\w+, .*; sworn sign with the same key adds it`},
		{"statement about the index alone", resign(key, func(s *envelope.Statement) { s.Subject = s.Subject[:1] }), 0, `its statement is about no platform of this image`},
		{"another statement of the same key", resign(key, func(s *envelope.Statement) { s.PredicateType = "https://example.com/scan" }), 0,
			`not checked(?s:.*)https://example.com/scan is signed, but no statement of the build`},
	}
	for kind, host := range map[string]string{"api": imagetest.Registry(t, true), "tags": imagetest.Registry(t, false)} {
		for _, tt := range tests {
			t.Run(kind+"/"+tt.name, func(t *testing.T) {
				img := imagetest.New(t, imagetest.Options{})
				ref := host + "/" + strings.ReplaceAll(tt.name, " ", "-") + ":1"
				h := sign(t, ref, img.Push(t, ref), key)
				if err := h.Repository.Attach(t.Context(), tt.edit(t, img, h)); err != nil {
					t.Fatal(err)
				}
				want(t, tt.code, tt.want, "verify", "--key", public, ref)
			})
		}
	}
}

// want runs sworn and wants an exit code and output.
func want(t *testing.T, code int, pattern string, args ...string) {
	t.Helper()
	got, out, errs := sworn(t, args...)
	all := out + errs
	if got != code || !regexp.MustCompile("(?m)"+pattern).MatchString(all) {
		t.Errorf("exit code %d, want %d and %s\n%s", got, code, pattern, all)
	}
}

// TestTamperedImage: an image that is not the one that was signed is refused,
// even with the signatures of the signed one copied to it.
func TestTamperedImage(t *testing.T) {
	_, public, key := keyFiles(t)
	host := imagetest.Registry(t, true)
	good := imagetest.New(t, imagetest.Options{})
	ref := host + "/app:1"
	h := sign(t, ref, good.Push(t, ref), key)
	if err := h.Repository.Attach(t.Context(), h.held); err != nil {
		t.Fatal(err)
	}
	want(t, 0, "verdict: pass", "verify", "--key", public, ref)

	lie := imagetest.Contents("linux/amd64")
	lie.Files = slices.Clone(lie.Files)
	lie.Files[3].UID = 0
	lie.Digest, lie.MerkleRoot = provenance.ContentsDigest(lie.Files), lie.Root()
	for _, tt := range []struct {
		name string
		o    imagetest.Options
		want string
	}{
		{"changed layer", imagetest.Options{Layers: changedLayers("app/server")}, `no statement is signed with key .*: statement is not about sha256:`},
		{"changed layer, old statements", imagetest.Options{Layers: changedLayers("app/server"), Subject: good.Platforms[0].Digest}, `is not this image`},
		{"changed statement", imagetest.Options{Predicates: map[string]any{provenance.ContentsType: lie}}, `statement is not about sha256:`},
		{"removed statement", imagetest.Options{Without: []string{provenance.StepsType}}, `platform linux/amd64 has no statement of type \S+steps/v1`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			bad := imagetest.New(t, tt.o)
			bad.Push(t, ref)
			var copied []referrers.Artifact
			for _, a := range h.held {
				subject := bad.Index.Descriptor
				if a.Subject.Digest == good.Platforms[0].Digest {
					subject = bad.Platforms[0]
				}
				copied = append(copied, attachment(t, subject, a.Blobs[1].Data, a.Manifest.Descriptor.Annotations[referrers.PredicateTypeAnnotation]))
			}
			if err := h.Repository.Attach(t.Context(), copied); err != nil {
				t.Fatal(err)
			}
			want(t, 1, tt.want, "verify", "--key", public, ref)
		})
	}
}

// TestSignerThatLies: when the holder of the key signs contents that are not in
// the layers, verify finds out.
func TestSignerThatLies(t *testing.T) {
	_, public, key := keyFiles(t)
	lie := imagetest.Contents("linux/amd64")
	lie.Files = slices.Clone(lie.Files)
	lie.Files[3].UID = 0
	lie.Digest, lie.MerkleRoot = provenance.ContentsDigest(lie.Files), lie.Root()
	img := imagetest.New(t, imagetest.Options{Predicates: map[string]any{provenance.ContentsType: lie}})
	ref := imagetest.Registry(t, true) + "/app:1"
	img.Push(t, ref)
	r, err := repository.Parse(ref)
	if err != nil {
		t.Fatal(err)
	}
	repo, err := repository.Open(t.Context(), r, repository.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var add []referrers.Artifact
	for _, b := range img.Blobs {
		if b.Descriptor.MediaType != sigstore.PayloadType {
			continue
		}
		s, err := envelope.DecodeStatement(b.Data)
		if err != nil {
			t.Fatal(err)
		}
		s.Subject = []envelope.Subject{envelope.SubjectOf("x", img.Index.Descriptor.Digest), envelope.SubjectOf("x", img.Platforms[0].Digest)}
		signed, err := envelope.Sign(t.Context(), key, s)
		if err != nil {
			t.Fatal(err)
		}
		add = append(add, attachment(t, img.Index.Descriptor, signed, s.PredicateType))
	}
	if err := repo.Attach(t.Context(), add); err != nil {
		t.Fatal(err)
	}
	want(t, 1, `contents of linux/amd64 differ from the layers: "/app/server": owner is 1000:1000 in the layers, 0:1000 in the statement`,
		"verify", "--key", public, ref)
}

// TestRegistryThatLies: content that is not what its digest says is refused,
// wherever it is.
func TestRegistryThatLies(t *testing.T) {
	private, public, _ := keyFiles(t)
	img := imagetest.New(t, imagetest.Options{})
	inner := registry.New(registry.WithReferrersSupport(true), registry.Logger(log.New(io.Discard, "", 0)))
	forged := "" // digest
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet || forged == "" || !strings.HasSuffix(r.URL.Path, "/"+forged) {
			inner.ServeHTTP(w, r)
			return
		}
		rec := httptest.NewRecorder()
		inner.ServeHTTP(rec, r)
		b := rec.Body.Bytes()
		b[len(b)/2] ^= 0x20
		for k, v := range rec.Header() {
			w.Header()[k] = v
		}
		_, _ = w.Write(b)
	}))
	defer server.Close()
	ref := strings.TrimPrefix(server.URL, "http://") + "/app:1"
	img.Push(t, ref)
	if code, _, errs := sworn(t, "sign", "--key", private, ref); code != 0 {
		t.Fatal(errs)
	}
	for _, b := range append(append([]referrers.Blob{img.Index}, img.Manifests...), img.Blobs...) {
		if b.Descriptor.MediaType == ocispec.MediaTypeImageConfig && !bytes.Contains(b.Data, []byte("amd64")) {
			continue // of the attestation manifest; nobody reads it
		}
		forged = b.Descriptor.Digest.String()
		want(t, 1, regexp.QuoteMeta(forged)+`: its content has another digest`, "verify", "--key", public, ref)
	}
}
