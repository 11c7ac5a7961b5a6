package signature_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/sworn-build/sworn/provenance"
	"github.com/sworn-build/sworn/provenance/image"
	"github.com/sworn-build/sworn/provenance/imagetest"
	"github.com/sworn-build/sworn/provenance/repository"
	"github.com/sworn-build/sworn/provenance/signature"
)

func wantProblem(t *testing.T, v signature.Verdict, want string) {
	t.Helper()
	if v.Pass || !slices.ContainsFunc(v.Problems, func(p string) bool { return strings.Contains(p, want) }) {
		t.Errorf("pass %t, problems %q, want one with %q", v.Pass, v.Problems, want)
	}
}

func TestWhatIsSignedVerifies(t *testing.T) {
	s := store(t, imagetest.Options{Platforms: []string{"linux/amd64", "linux/arm64/v8"}})
	k := key(t)
	signed := s.sign(t, k)
	if signed.New() != 12 || len(signed.Warnings) != 0 {
		t.Errorf("%d signed, warnings %q", signed.New(), signed.Warnings)
	}
	v := s.verify(t, k)
	if !v.Pass || len(v.Warnings) != 0 || len(v.Problems) != 0 {
		t.Errorf("pass %t, warnings %q, problems %q", v.Pass, v.Warnings, v.Problems)
	}
	for _, p := range v.Platforms {
		if p.Files != len(imagetest.Files()) || len(p.Attached()) != 5 {
			t.Errorf("%s: %d files, %d statements", p.Platform, p.Files, len(p.Attached()))
		}
	}
	if again := s.sign(t, k); again.New() != 0 {
		t.Errorf("%d statements signed once more", again.New())
	}
	if diff := cmp.Diff(v.Referrers, s.verify(t, k).Referrers, cmp.AllowUnexported(signature.Considered{})); diff != "" {
		t.Errorf("signing again changed something: %s", diff)
	}
	wantProblem(t, s.verify(t, key(t)), "no statement is signed with key")
}

// edited returns a predicate of the test image, changed as JSON.
func edited(t *testing.T, predicateType string, edit func(map[string]any)) map[string]any {
	t.Helper()
	b, err := json.Marshal(imagetest.Predicate(predicateType, "linux/amd64"))
	if err != nil {
		t.Fatal(err)
	}
	var v map[string]any
	if err := json.Unmarshal(b, &v); err != nil {
		t.Fatal(err)
	}
	edit(v)
	return v
}

// TestWhatIsNotSigned: sign puts no name under statements that contradict each
// other or the image, and stores nothing.
func TestWhatIsNotSigned(t *testing.T) {
	steps, contents, spdx, spdx3 := provenance.StepsType, provenance.ContentsType, provenance.SPDXType, provenance.SPDX3Type
	predicate := func(predicateType string, v any) imagetest.Options {
		return imagetest.Options{Predicates: map[string]any{predicateType: v}}
	}
	other := imagetest.Contents("linux/amd64")
	other.Files = slices.Clone(other.Files)
	other.Files[2].Step = "step9"
	other.MerkleRoot = other.Root()
	elsewhere := imagetest.Contents("linux/amd64")
	elsewhere.Origins[2].From = "step9"
	elsewhere.MerkleRoot = elsewhere.Root()
	broken := imagetest.Contents("linux/amd64")
	broken.Databases = []provenance.Database{{Type: "deb", Path: "/var/lib/dpkg/status", Step: "step9", Removed: true}}
	outputs := func(edit func(map[string]any)) map[string]any {
		return edited(t, steps, func(v map[string]any) { edit(v["steps"].([]any)[0].(map[string]any)["outputs"].(map[string]any)) })
	}
	const lost = "pkg:deb/debian/dash@1"
	for _, tt := range []struct {
		name string
		o    imagetest.Options
		want string
	}{
		{"a database that no step left so", predicate(contents, broken), `the package database "/var/lib/dpkg/status" is as it is since "step9", which steps/v1 does not have`},
		{"a package that is lost and removed", predicate(steps, outputs(func(o map[string]any) {
			o["packagesLost"], o["packagesRemoved"] = []string{lost}, []string{lost}
		})), `package "` + lost + `" is lost, and removed or found again`},
		{"a package that is lost and found", predicate(steps, outputs(func(o map[string]any) {
			o["packagesLost"], o["packagesFound"] = []string{lost}, []string{lost}
		})), `package "` + lost + `" is lost, and removed or found again`},
		{"packages without an order, beside lists that are left out", predicate(steps, outputs(func(o map[string]any) {
			o["added"], o["changed"], o["removed"], o["omitted"], o["packagesLost"] = []string{}, []string{}, []string{}, map[string]any{"added": 1, "changed": 0, "removed": 0}, []string{"pkg:b/b@1", "pkg:a/a@1"}
		})), `"pkg:a/a@1": not sorted`},
		{"no steps", imagetest.Options{Without: []string{steps}}, "has no statement of type " + steps},
		{"no SPDX", imagetest.Options{Without: []string{spdx}}, "has no statement of type " + spdx},
		{"two of contents", imagetest.Options{Extra: []imagetest.Extra{{PredicateType: contents, Predicate: other}}}, "2 statements of type " + contents},
		{"two of steps", imagetest.Options{Extra: []imagetest.Extra{{PredicateType: steps, Predicate: map[string]any{}}}}, "2 statements of type " + steps},
		{"two of provenance", imagetest.Options{Extra: []imagetest.Extra{{PredicateType: provenance.SLSAv1Type, Predicate: map[string]any{}}}}, "2 statements of type " + provenance.SLSAv1Type},
		{"steps that are none", predicate(steps, map[string]any{}), "statement " + steps + " of linux/amd64: decode steps"},
		{"steps of another platform", predicate(steps, imagetest.Steps("linux/s390x")), `it is about platform "linux/s390x"`},
		{"contents of another platform", predicate(contents, imagetest.Contents("linux/arm64")), `it is about platform "linux/arm64"`},
		{"a writer that is no step", predicate(contents, other), `"/app/name with \n newline" was written by "step9", which steps/v1 does not have`},
		{"an origin that is no step", predicate(contents, elsewhere), `files of class step are from "step9", which steps/v1 does not have`},
		{"contents with more", predicate(contents, edited(t, contents, func(v map[string]any) { v["x"] = 1 })), `unknown field "x"`},
		{"contents with less", predicate(contents, edited(t, contents, func(v map[string]any) { delete(v, "files") })), "files or packages missing"},
		{"SPDX that hides a package", predicate(spdx, edited(t, spdx, func(v map[string]any) { v["packages"] = nil })), `it lacks "pkg:deb/debian/busybox@1.35?arch=amd64", which owns files`},
		{"SPDX that hides a file", predicate(spdx, edited(t, spdx, func(v map[string]any) { v["files"] = v["files"].([]any)[1:] })), `it lacks the file "/app/b\xffd"`},
		{"SPDX with a file too many", predicate(spdx, edited(t, spdx, func(v map[string]any) {
			v["files"].([]any)[0].(map[string]any)["fileName"] = "./none"
		})), `it has the file "/none", which it should not`},
		{"SPDX with another digest", predicate(spdx, edited(t, spdx, func(v map[string]any) {
			v["files"].([]any)[0].(map[string]any)["checksums"].([]any)[0].(map[string]any)["checksumValue"] = "00"
		})), `has the digest sha256:00, in contents/v1 sha256:`},
		{"SPDX that is none", predicate(spdx, map[string]any{"packages": 1}), "cannot unmarshal number"},
		{"no SPDX 3", imagetest.Options{Without: []string{spdx3}}, "has no statement of type " + spdx3},
		{"SPDX 3 that hides a package", predicate(spdx3, edited(t, spdx3, func(v map[string]any) {
			v["@graph"].([]any)[1].(map[string]any)["software_packageUrl"] = "pkg:x/y@1"
		})), `it lacks "pkg:deb/debian/busybox@1.35?arch=amd64", which owns files`},
		{"SPDX 3 that hides a file", predicate(spdx3, edited(t, spdx3, func(v map[string]any) {
			v["@graph"] = v["@graph"].([]any)[:3]
		})), `it lacks the file "/app/name with \n newline"`},
		{"SPDX 3 with another digest", predicate(spdx3, edited(t, spdx3, func(v map[string]any) {
			v["@graph"].([]any)[2].(map[string]any)["verifiedUsing"].([]any)[0].(map[string]any)["hashValue"] = "00"
		})), `has the digest sha256:00, in contents/v1 sha256:`},
		{"SPDX 3 that is none", predicate(spdx3, map[string]any{"@graph": 1}), "cannot unmarshal number"},
		{"other layers", imagetest.Options{Layers: imagetest.Layers()[:2]}, "contents of linux/amd64 differ from the layers"},
		{"a platform without statements", imagetest.Options{Platforms: []string{"linux/amd64", "linux/arm64"}, Unattested: []string{"linux/arm64"}}, "platform linux/arm64 has no attestations"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := store(t, tt.o)
			k := key(t)
			_, err := signature.Sign(t.Context(), s, s.desc, k, signature.Options{})
			if err == nil || !signature.AtFault(err) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want one of the image with %q", err, tt.want)
			}
			if list, err := s.Referrers(t.Context(), s.desc); err != nil || len(list) != 0 {
				t.Errorf("stored %v, %v", list, err)
			}
			// The holder of the key may have signed it by other means.
			for i, p := range s.img.Platforms {
				if slices.Contains(tt.o.Unattested, s.img.Platforms[i].Platform.OS+"/"+s.img.Platforms[i].Platform.Architecture) {
					continue
				}
				for _, a := range s.attached(t, i) {
					s.attach(t, k, s.desc, about(a.Statement.PredicateType, a.Statement.Predicate, s.desc, p))
				}
			}
			wantProblem(t, s.verify(t, k), tt.want)
		})
	}
}

// inParts are the SPDX documents of an image whose files are in documents of their own.
func inParts(t *testing.T, edit func(part map[string]any)) imagetest.Options {
	t.Helper()
	sum := func(v any) string {
		b, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		s := sha256.Sum256(b)
		return hex.EncodeToString(s[:])
	}
	part := edited(t, provenance.SPDXType, func(v map[string]any) { v["packages"] = nil })
	part3 := edited(t, provenance.SPDX3Type, func(v map[string]any) {
		g := v["@graph"].([]any)
		v["@graph"] = append(g[:1:1], g[2:]...)
	})
	o := imagetest.Options{
		Predicates: map[string]any{
			provenance.SPDXType: edited(t, provenance.SPDXType, func(v map[string]any) {
				delete(v, "files")
				v["externalDocumentRefs"] = []any{map[string]any{"externalDocumentId": "DocumentRef-files-1", "checksum": map[string]any{"algorithm": "SHA256", "checksumValue": sum(part)}}}
			}),
			provenance.SPDX3Type: edited(t, provenance.SPDX3Type, func(v map[string]any) {
				v["@graph"] = append(v["@graph"].([]any)[:2], map[string]any{"type": "SpdxDocument", "import": []any{map[string]any{
					"externalSpdxId": "https://x.test/1#Files", "verifiedUsing": []any{map[string]any{"algorithm": "sha256", "hashValue": sum(part3)}},
				}}})
			}),
		},
		Extra: []imagetest.Extra{{PredicateType: provenance.SPDXType, Predicate: part}, {PredicateType: provenance.SPDX3Type, Predicate: part3}},
	}
	edit(part)
	return o
}

func TestDocumentsInPartsAreVerifiedWhole(t *testing.T) {
	for name, tt := range map[string]struct {
		o    imagetest.Options
		want string
	}{
		"whole":        {o: inParts(t, func(map[string]any) {})},
		"another part": {inParts(t, func(v map[string]any) { v["x"] = 1 }), "it refers to a document with files that is not attached: sha256:"},
		"no part": {func() imagetest.Options {
			o := inParts(t, func(map[string]any) {})
			o.Extra = o.Extra[:1]
			return o
		}(), "statement " + provenance.SPDX3Type + " of linux/amd64: it refers to a document with files that is not attached"},
	} {
		t.Run(name, func(t *testing.T) {
			s, k := store(t, tt.o), key(t)
			_, err := signature.Sign(t.Context(), s, s.desc, k, signature.Options{})
			if tt.want != "" {
				if err == nil || !strings.Contains(err.Error(), tt.want) {
					t.Errorf("error %v, want %q", err, tt.want)
				}
				return
			}
			if v := s.verify(t, k); err != nil || !v.Pass {
				t.Errorf("%v, problems %q", err, v.Problems)
			}
		})
	}
}

// TestTheOptionSaysWhichDocumentsThereAre: it is in steps/v1, which is signed as well.
func TestTheOptionSaysWhichDocumentsThereAre(t *testing.T) {
	with := func(option string, without ...string) imagetest.Options {
		return imagetest.Options{Without: without, Predicates: map[string]any{provenance.StepsType: edited(t, provenance.StepsType, func(v map[string]any) {
			v["options"] = map[string]any{"sbom": option}
		})}}
	}
	for name, tt := range map[string]struct {
		o    imagetest.Options
		want string
	}{
		"off":                {o: with("off", provenance.SPDXType, provenance.SPDX3Type)},
		"off, contents gone": {with("off", provenance.ContentsType), "has no statement of type " + provenance.ContentsType},
		"packages":           {with("packages", provenance.SPDXType), "has no statement of type " + provenance.SPDXType},
		"files":              {with("files"), `it lacks the file "/bin/busybox"`},
	} {
		s, k := store(t, tt.o), key(t)
		_, err := signature.Sign(t.Context(), s, s.desc, k, signature.Options{})
		if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: error %v, want %q", name, err, tt.want)
		}
		if v := s.verify(t, k); err == nil && !v.Pass {
			t.Errorf("%s: problems %q", name, v.Problems)
		}
	}
}

func TestUnknownStatementsAreSignedWithAWarning(t *testing.T) {
	s := store(t, imagetest.Options{Extra: []imagetest.Extra{{PredicateType: "https://example.com/scan", Predicate: map[string]any{"clean": true}}}})
	k := key(t)
	signed := s.sign(t, k)
	want := []string{"platform linux/amd64 has a statement of type https://example.com/scan, which is signed unread: Sworn does not know the type"}
	if diff := cmp.Diff(want, signed.Warnings); diff != "" {
		t.Error(diff)
	}
	if v := s.verify(t, k); !v.Pass {
		t.Error(v.Problems)
	}
}

// TestOnePlatformsSignatureIsNotAnothers: statements of two platforms may be the
// same bytes, and still each needs a signature about its own manifest.
func TestOnePlatformsSignatureIsNotAnothers(t *testing.T) {
	s := store(t, imagetest.Options{Platforms: []string{"linux/amd64", "linux/arm64"}})
	k := key(t)
	for _, a := range s.attached(t, 0) {
		for _, on := range []ocispec.Descriptor{s.desc, s.img.Platforms[0], s.img.Platforms[1]} {
			s.attach(t, k, on, about(a.Statement.PredicateType, a.Statement.Predicate, s.desc, s.img.Platforms[0]))
		}
	}
	v := s.verify(t, k)
	wantProblem(t, v, "linux/arm64: "+provenance.SPDXType+" is not signed with this key; referrer sha256:")
	for _, st := range v.Platforms[1].Statements {
		if st.Signed {
			t.Errorf("%s of linux/arm64 passes as signed", st.PredicateType)
		}
	}
	for _, c := range v.Referrers {
		if c.Of == "linux/arm64" && (c.Outcome != signature.Refused || c.Reason != "its statement is about linux/amd64, not linux/arm64") {
			t.Errorf("%s: %s", c.Outcome, c.Reason)
		}
	}
}

// TestHalfASignatureCounts: its subjects are index and manifest, wherever it hangs.
// That others may not find it is a warning.
func TestHalfASignatureCounts(t *testing.T) {
	for name, on := range map[string]func(stored) ocispec.Descriptor{
		"manifest": func(s stored) ocispec.Descriptor { return s.desc },
		"index":    func(s stored) ocispec.Descriptor { return s.img.Platforms[0] },
	} {
		s := store(t, imagetest.Options{})
		k := key(t)
		for _, a := range s.attached(t, 0) {
			s.attach(t, k, on(s), about(a.Statement.PredicateType, a.Statement.Predicate, s.desc, s.img.Platforms[0]))
		}
		v := s.verify(t, k)
		if !v.Pass || len(v.Warnings) != 6 || !strings.Contains(v.Warnings[0], "refers to the "+name+" sha256:") {
			t.Errorf("none on the %s: pass %t, warnings %q, problems %q", name, v.Pass, v.Warnings, v.Problems)
		}
		if signed := s.sign(t, k); signed.New() == 0 {
			t.Error("signing again adds nothing")
		}
		if v := s.verify(t, k); !v.Pass || len(v.Warnings) != 0 {
			t.Errorf("after signing again: pass %t, warnings %q", v.Pass, v.Warnings)
		}
	}
}

// TestReplayedStatementsAreRefused: a signature over the same platform in another
// index says nothing about this one.
func TestReplayedStatementsAreRefused(t *testing.T) {
	k := key(t)
	small := store(t, imagetest.Options{})
	large := store(t, imagetest.Options{Platforms: []string{"linux/amd64", "linux/arm64"}})
	if small.img.Platforms[0].Digest != large.img.Platforms[0].Digest {
		t.Fatal("the two have no platform in common")
	}
	for _, a := range small.attached(t, 0) {
		large.attach(t, k, large.img.Platforms[0], about(a.Statement.PredicateType, a.Statement.Predicate, small.desc, small.img.Platforms[0]))
	}
	wantProblem(t, large.verify(t, k), "statement is not about "+large.desc.Digest.String())
}

func TestErrorsOfTheConnectionAreNoVerdict(t *testing.T) {
	s := store(t, imagetest.Options{})
	missing := s.desc
	missing.Digest = digest.FromString("none")
	if _, err := signature.Verify(t.Context(), s, missing, key(t).Public(), signature.Options{}); !errors.Is(err, repository.ErrNotFound) || signature.AtFault(err) {
		t.Errorf("verify: %v", err)
	}
	if _, err := signature.Sign(t.Context(), s, missing, key(t), signature.Options{}); !errors.Is(err, repository.ErrNotFound) || signature.AtFault(err) {
		t.Errorf("sign: %v", err)
	}
}

func TestClaimsAreNeverTaken(t *testing.T) {
	s := store(t, imagetest.Options{})
	k := key(t)
	s.sign(t, k)
	ix, err := image.ReadIndex(t.Context(), s, s.desc)
	if err != nil {
		t.Fatal(err)
	}
	list, err := signature.Claims(t.Context(), s, ix)
	if err != nil || len(list) != 10 {
		t.Fatalf("%d claims, %v", len(list), err)
	}
	for _, c := range list {
		if c.Outcome != signature.Unverified || c.Hint != k.Public().Fingerprint() {
			t.Errorf("%+v", c)
		}
	}
}
