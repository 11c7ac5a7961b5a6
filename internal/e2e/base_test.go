//go:build e2e

package e2e

import (
	"crypto/rand"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/crane"
	ocitypes "github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/sworn-build/sworn/provenance/referrers"
	"github.com/sworn-build/sworn/provenance/repository"
	"github.com/sworn-build/sworn/provenance/trust"
	"github.com/sworn-build/sworn/provenance/trust/trusttest"
)

// TestSignedBases: on registries with and without the referrers API, what sworn or cosign
// has signed is a base, and its material says by whom; what is unsigned, signed with
// another key, or tampered with is refused.
func TestSignedBases(t *testing.T) {
	t.Parallel()
	e := mustEnv(t)
	private, public := keyPair(t, e)
	other, _ := keyPair(t, e)
	operator := operatorFrontend(t, e, public, "SWORN_BASE=signed")
	for name, registry := range map[string]string{"fallback tag": e.registry, "referrers API": e.referrers} {
		t.Run(name, func(t *testing.T) {
			t.Run("sworn", func(t *testing.T) {
				base := baseOf(t, e, registry, "")
				wantSworn(t, e, 0, "the attestation manifest sha256:", "sign", "--key", private, base)
				cosignVerifiesManifest(t, e, public, base)
				r, image := buildOn(t, e, operator, "", "FROM "+base+"\nRUN cat /base\n")
				if r.err != nil {
					t.Fatalf("%v\n%s", r.err, r.log)
				}
				wantVerified(t, public, base, material(t, image, "e2e/"))
				// Once more, from the cache: the same statement.
				first := accountOf(t, image)
				if r, image = buildOn(t, e, operator, " base=signed", "FROM "+base+"\nRUN cat /base\n"); r.err != nil {
					t.Fatalf("%v\n%s", r.err, r.log)
				}
				samePredicates(t, first, accountOf(t, image))
			})
			t.Run("cosign", func(t *testing.T) {
				base := baseOf(t, e, registry, "")
				cosignSigns(t, e, private, base)
				r, image := buildOn(t, e, operator, "", "FROM "+base+"\nRUN cat /base\n")
				if r.err != nil {
					t.Fatalf("%v\n%s", r.err, r.log)
				}
				wantVerified(t, public, base, material(t, image, "e2e/"))
			})
			t.Run("attestations without a subject", func(t *testing.T) {
				base := baseOf(t, e, registry, ",oci-artifact=false")
				wantSworn(t, e, 0, "signed", "sign", "--key", private, base)
				r, image := buildOn(t, e, operator, "", "FROM "+base+"\nRUN cat /base\n")
				if r.err != nil {
					t.Fatalf("%v\n%s", r.err, r.log)
				}
				wantVerified(t, public, base, material(t, image, "e2e/"))
			})
			t.Run("platforms", func(t *testing.T) {
				base := imageName(registry, t, "base")
				both := []string{"platform=linux/amd64,linux/arm64", "attest:provenance=mode=max"}
				build{
					context: files{"Dockerfile": "FROM scratch\nCOPY base /base\n", "base": rand.Text()},
					output:  push(base), opts: both,
				}.mustRun(t, e)
				wantSworn(t, e, 0, "linux/arm64", "sign", "--key", private, base)
				r, _ := buildOn(t, e, operator, "", "FROM "+base+"\nCOPY Dockerfile /\n", both...)
				if r.err != nil {
					t.Fatalf("%v\n%s", r.err, r.log)
				}
			})
			t.Run("unsigned", func(t *testing.T) {
				base := baseOf(t, e, registry, "")
				r, image := buildOn(t, e, operator, "", "FROM "+base+"\nRUN cat /base\n")
				wantRefused(t, r, image, "has no signature; sign it (sworn sign", "FROM "+base)
			})
			t.Run("another key", func(t *testing.T) {
				base := baseOf(t, e, registry, "")
				wantSworn(t, e, 0, "signed", "sign", "--key", other, base)
				r, image := buildOn(t, e, operator, "", "FROM scratch\n\nCOPY --from="+base+" /base /base\n")
				wantRefused(t, r, image, "is signed by nobody who is trusted here (key sha256:", "COPY --from="+base)
			})
		})
	}
}

// TestBasesWithoutAttestationsEndNoDaemon: BuildKit 0.33.1 ends with a nil dereference
// when it is asked for the signatures of what is no OCI index.
func TestBasesWithoutAttestationsEndNoDaemon(t *testing.T) {
	e := mustEnv(t)
	_, public := keyPair(t, e)
	operator := operatorFrontend(t, e, public, "SWORN_BASE=signed")
	onReferrers := e.referrers + "/" + frontendName
	for _, c := range []struct{ text, want string }{
		{"FROM " + e.frontend() + "\n", "it is no OCI index, so it has no attestations"},
		{"FROM scratch\nCOPY --from=" + e.frontend() + " /runner /\n", "it is no OCI index, so it has no attestations"},
		{"FROM " + onReferrers + "\n", "it is no OCI index, so it has no attestations; build it"},
		{"FROM busybox\nRUN true\n", "its index lists no attestation manifest for it; build it"},
		{"FROM busybox AS b\nRUN --mount=from=" + e.frontend() + ",target=/f true\n", "base=signed: "},
	} {
		r, image := buildOn(t, e, operator, "", c.text)
		wantRefused(t, r, image, c.want, "")
	}
	if out, err := run(t, e.tool("buildctl"), "--addr", e.host, "debug", "workers"); err != nil {
		t.Fatalf("the daemon does not answer: %v\n%s", err, out)
	}
}

// TestNobodyWeakensTheOperatorsSignedBases: neither who writes the Dockerfile nor who
// builds it.
func TestNobodyWeakensTheOperatorsSignedBases(t *testing.T) {
	e := mustEnv(t)
	_, public := keyPair(t, e)
	operator := operatorFrontend(t, e, public, "SWORN_BASE=signed")
	const want = "base=any is weaker than base=signed, which the frontend image holds all builds to"
	r, image := buildOn(t, e, operator, " base=any", "FROM busybox\n")
	wantRefused(t, r, image, want, "")
	r, image = buildOn(t, e, operator, "", "FROM busybox\n", "build-arg:SWORN_BASE=any")
	wantRefused(t, r, image, want, "")
	for _, opts := range [][]string{
		{"build-arg:SWORN_STATEMENTS=off", "build-arg:SWORN_HARDEN=off", "build-arg:SWORN_OBSERVE=off"},
		{"context:docker.io/library/busybox:latest=docker-image://" + e.registry + "/library/busybox:latest"},
	} {
		r, image = buildOn(t, e, operator, "", "FROM busybox\nRUN true\n", opts...)
		wantRefused(t, r, image, "base=signed: ", "")
	}
	// Called directly, it does not hand the build to the frontend that a Dockerfile names.
	b := build{context: dockerfile("# syntax=" + e.frontend() + "\nFROM busybox\nRUN true\n"), frontend: upstream}
	meta := filepath.Join(t.TempDir(), "metadata.json")
	args := b.command(t, e, meta)
	args[slices.Index(args, "dockerfile.v0")] = "gateway.v0"
	if out, err := run(t, e.tool("buildctl"), append(args, "--opt", "source="+operator)...); err == nil || !strings.Contains(out, "base=signed: docker.io/library/busybox") {
		t.Errorf("error %v\n%s", err, out)
	}
	// And a build that trusts nobody does not begin.
	r, image = buildOn(t, e, e.frontend(), " base=signed", "FROM scratch\nCOPY Dockerfile /\n")
	wantRefused(t, r, image, "base=signed: nobody is trusted to sign base images", "")
}

// TestIdentitiesSignBases: a certificate of a Sigstore whose root the operator has, for an
// identity whom the operator trusts.
func TestIdentitiesSignBases(t *testing.T) {
	e := mustEnv(t)
	sigstore := trusttest.New(t)
	const issuer, subject = "https://issuer.test", "https://ci.test/base/release.yml@refs/heads/main"
	base := baseOf(t, e, e.registry, "")
	name, digest := base[:strings.LastIndex(base, ":")], attestationManifest(t, base)
	statement := `{"_type":"https://in-toto.io/Statement/v1","subject":[{"digest":{"sha256":"` + strings.TrimPrefix(digest, "sha256:") + `"}}],"predicateType":"` + trust.SignType + `","predicate":{}}`
	manifest, err := crane.Manifest(name+"@"+digest, crane.Insecure)
	if err != nil {
		t.Fatal(err)
	}
	a, err := referrers.New(referrers.NewBlob(string(ocitypes.OCIManifestSchema1), manifest).Descriptor, sigstore.Sign(t, subject, issuer, []byte(statement)), trust.SignType)
	if err != nil {
		t.Fatal(err)
	}
	ref, err := repository.Parse(base)
	if err != nil {
		t.Fatal(err)
	}
	repo, err := repository.Open(t.Context(), ref, repository.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer repo.Close()
	if err := repo.Attach(t.Context(), []referrers.Artifact{a}); err != nil {
		t.Fatal(err)
	}
	for identity, want := range map[string]string{subject: "", "https://ci.test/other.yml": "no matching CertificateIdentity"} {
		operator := operatorFrontendWith(t, e, "SWORN_BASE=signed", files{
			"trust/trusted_root.json": string(sigstore.Root(t, false)),
			"trust/identities.json":   `[{"issuer":"` + issuer + `","subject":"` + identity + `"}]`,
		})
		r, image := buildOn(t, e, operator, "", "FROM "+base+"\nRUN cat /base\n")
		if want != "" {
			wantRefused(t, r, image, want, "FROM "+base)
			continue
		}
		if r.err != nil {
			t.Fatalf("%v\n%s", r.err, r.log)
		}
		if v := material(t, image, "e2e/").Verified; v == nil || v.Identity != subject || v.Issuer != issuer || v.Key != "" {
			t.Errorf("verified by %+v", v)
		}
	}
}

// TestAnOperatorsMistakeIsToldToWhoBuilds: a file that would be overlooked.
func TestAnOperatorsMistakeIsToldToWhoBuilds(t *testing.T) {
	e := mustEnv(t)
	operator := operatorFrontendWith(t, e, "SWORN_BASE=signed", files{"trust/base.key.txt": "x"})
	r, image := buildOn(t, e, operator, "", "FROM scratch\nCOPY Dockerfile /\n")
	wantRefused(t, r, image, "who may sign base images: read /etc/sworn/base/base.key.txt: neither a public key (*.pub, *.pem) nor", "")
}

// TestTamperedBasesAreRefused: an index that ties signed attestations to another image.
func TestTamperedBasesAreRefused(t *testing.T) {
	e := mustEnv(t)
	private, public := keyPair(t, e)
	operator := operatorFrontend(t, e, public, "SWORN_BASE=signed")
	base := baseOf(t, e, e.registry, "")
	wantSworn(t, e, 0, "signed", "sign", "--key", private, base)
	evil := imageName(e.registry, t, "evil")
	build{context: dockerfile("FROM busybox\nRUN echo evil > /base\n"), output: push(evil)}.mustRun(t, e)
	swapped := swapImage(t, base, evil)
	r, image := buildOn(t, e, operator, "", "FROM "+swapped+"\nRUN cat /base\n")
	wantRefused(t, r, image, "its attestation manifest sha256:", "FROM "+swapped)
}

// TestRuleUnattestedBaseImage warns, and fails at level error.
func TestRuleUnattestedBaseImage(t *testing.T) {
	e := mustEnv(t)
	_, public := keyPair(t, e)
	operator := operatorFrontend(t, e, public, "SWORN_RULES=UnattestedBaseImage:warn")
	base := baseOf(t, e, e.referrers, "")
	b := build{
		context:  dockerfile("FROM " + base + "\nCOPY --from=busybox /bin/busybox /b\n"),
		frontend: operator, args: []string{"--progress", "rawjson"},
	}
	got := warnings(t, b.mustRun(t, e).log)
	for _, want := range [][2]string{
		{"UnattestedBaseImage: " + base + "@sha256:", "has no signature (line 1)"},
		{"UnattestedBaseImage: docker.io/library/busybox:latest@sha256:", "its index lists no attestation manifest for it (line 2)"},
	} {
		if !slices.ContainsFunc(got, func(w string) bool { return strings.HasPrefix(w, want[0]) && strings.HasSuffix(w, want[1]) }) {
			t.Errorf("warnings %q, want %q", got, want)
		}
	}
	r, image := buildOn(t, e, operator, " rules=UnattestedBaseImage:error", "FROM "+base+"\nRUN true\n")
	wantRefused(t, r, image, "UnattestedBaseImage: "+base, "FROM "+base)
}

// TestSwornBuildTakesSignedBases: with keys from the command line.
func TestSwornBuildTakesSignedBases(t *testing.T) {
	e := mustEnv(t)
	private, public := keyPair(t, e)
	base := baseOf(t, e, e.referrers, "")
	wantSworn(t, e, 0, "signed", "sign", "--key", private, base)
	image := imageName(e.registry, t, "app")
	dir := dockerfile("FROM " + base + "\nRUN cat /base\n").write(t)
	args := []string{"--addr", e.host, "--push", "-t", image, "--build-arg", "SWORN_BASE=signed", dir}
	swornBuild(t, e, 0, append([]string{"--base-trust", public}, args...)...)
	wantVerified(t, public, base, material(t, image, "e2e/"))
	wantSworn(t, e, 0, "attestations signed by key "+fingerprint(t, public), "inspect", image)
	if r := swornBuild(t, e, 2, args...); !strings.Contains(r.log, "nobody is trusted to sign base images") {
		t.Errorf("%s", r.log)
	}
	if r := swornBuild(t, e, 2, append([]string{"--base-trust", filepath.Join(dir, "none.pub")}, args...)...); !strings.Contains(r.log, "--base-trust") {
		t.Errorf("%s", r.log)
	}
}
