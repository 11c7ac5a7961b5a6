//go:build e2e

package e2e

import (
	"bytes"
	"crypto/rand"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/sworn-build/sworn/internal/programs"
	"github.com/sworn-build/sworn/provenance"
)

// swornBuild runs `sworn build` as users do, with plain progress, and fails unless it
// exits with a code.
func swornBuild(t *testing.T, e env, code int, args ...string) built {
	t.Helper()
	got, stdout, stderr := sworn(t, e, append([]string{"build", "--progress", "plain"}, args...)...)
	if got != code {
		t.Fatalf("sworn build %q: exit code %d, want %d\n%s%s", args, got, code, stdout, stderr)
	}
	return built{log: stderr}
}

// stages is a build with every kind of input that both ways must treat alike: a stage
// that is copied from, the context, an argument, a cache mount, a secret that is not
// there.
func stages(t *testing.T) files {
	t.Helper()
	return files{
		"f": rand.Text(), // the builder may know the last run of this test
		"Dockerfile": `ARG BASE=busybox
FROM ${BASE} AS build
ARG WHAT=world
COPY f /src/f
RUN --mount=type=cache,target=/cache --mount=type=secret,id=none cat /src/f > /out && touch /cache/x && echo "hello $WHAT" && cat ` + random + ` | tee -a /out
FROM busybox
COPY --from=build /out /bin/tool
RUN ls -l /bin/tool | tee /listing
USER 1000
CMD ["/bin/tool"]
`,
	}
}

// TestSwornBuildAndTheFrontendImageShareCacheAndStatements: what one of them built, the
// other finds in the cache, and both attach the same bytes.
func TestSwornBuildAndTheFrontendImageShareCacheAndStatements(t *testing.T) {
	t.Parallel()
	e := mustEnv(t)
	image := imageName(e.registry, t, "image")
	client := imageName(e.registry, t, "client")
	viaImage := func(dir, arg string) built {
		return build{dir: dir, opts: []string{"build-arg:WHAT=" + arg}, output: push(image)}.mustRun(t, e)
	}
	viaClient := func(dir, arg string) built {
		return swornBuild(t, e, 0, "--build-arg", "WHAT="+arg, "--push", "-t", client, dir)
	}
	for arg, ways := range map[string][2]func(string, string) built{
		"image first":  {viaImage, viaClient},
		"client first": {viaClient, viaImage},
	} {
		t.Run(arg, func(t *testing.T) {
			dir := stages(t).write(t)
			first, second := ways[0](dir, arg), ways[1](dir, arg)
			for _, step := range []string{"RUN --mount=type=cache", "RUN ls -l"} {
				if !first.printed(step) {
					t.Errorf("%s did not run:\n%s", step, first.log)
				}
				if second.printed(step) {
					t.Errorf("%s ran again:\n%s", step, second.log)
				}
			}
			sameStatements(t, image, client)
		})
	}
}

// sameStatements fails unless two images and their statements of Sworn are alike, byte
// by byte, but for the names in their subjects.
func sameStatements(t *testing.T, a, b string) {
	t.Helper()
	platform := "linux/" + runtime.GOARCH
	got, want := statements(t, b)[platform], statements(t, a)[platform]
	for _, kind := range ourTypes() {
		if len(want[kind].Predicate) == 0 || !bytes.Equal(got[kind].Predicate, want[kind].Predicate) {
			t.Errorf("%s differs: %d and %d bytes", kind, len(want[kind].Predicate), len(got[kind].Predicate))
		}
	}
	if x, y := mustDigest(t, pull(t, a)), mustDigest(t, pull(t, b)); x != y {
		t.Errorf("the images differ: %s and %s", x, y)
	}
}

func mustDigest(t *testing.T, img v1.Image) string {
	t.Helper()
	d, err := img.Digest()
	if err != nil {
		t.Fatal(err)
	}
	return d.String()
}

// TestTheRunnerThatSwornCarriesIsThatOfTheFrontendImage: their bytes are the key of
// every step in the cache.
func TestTheRunnerThatSwornCarriesIsThatOfTheFrontendImage(t *testing.T) {
	t.Parallel()
	e := mustEnv(t)
	inImage := extract(t, e.frontend())
	set, err := programs.For(runtime.GOARCH)
	if err != nil {
		t.Fatal(err)
	}
	for path, b := range map[string][]byte{"/runner/RUN": set.Runner, "/evidence/sworn-evidence": set.Evidence} {
		if f := inImage[path]; len(b) == 0 || !bytes.Equal(f.data, b) || f.header.Mode&0o777 != 0o755 {
			t.Errorf("%s: other bytes in the frontend image (mode %o)", path, f.header.Mode)
		}
	}
}

// TestSwornBuildSignsWhatItPushed: the digest, whatever the tag is by then, and archives.
func TestSwornBuildSignsWhatItPushed(t *testing.T) {
	t.Parallel()
	e := mustEnv(t)
	private, public := keyPair(t, e)
	image := imageName(e.registry, t, "latest")
	meta := filepath.Join(t.TempDir(), "meta.json")
	swornBuild(t, e, 0, "--push", "--sign", "--key", private, "-t", image, "--metadata-file", meta, stages(t).write(t))
	var m struct {
		Digest string `json:"containerimage.digest"`
	}
	b, err := os.ReadFile(meta)
	if err != nil {
		t.Fatal(err)
	}
	mustJSON(t, b, &m)
	name := image[:strings.LastIndex(image, ":")]
	wantSworn(t, e, 0, "verdict: pass", "verify", "--key", public, name+"@"+m.Digest)
	checkTypes(t, statements(t, image)["linux/"+runtime.GOARCH], append(ourTypes(), provenance.SLSAv1Type))

	archive := filepath.Join(t.TempDir(), "image.tar")
	swornBuild(t, e, 0, "--sign", "--key", private, "-t", "e2e/signed", "-o", "type=oci,dest="+archive, stages(t).write(t))
	wantSworn(t, e, 0, "verdict: pass", "verify", "--key", public, "oci-archive:"+archive)
}
