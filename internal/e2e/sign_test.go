//go:build e2e

package e2e

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"maps"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/sworn-build/sworn/provenance"
)

// sworn runs the command line and returns its exit code and output.
func sworn(t *testing.T, e env, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, e.tool("sworn"), args...)
	cmd.Env = append(os.Environ(), "SWORN_PASSWORD=secret")
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), out.String(), errs.String()
}

// wantSworn fails unless sworn exits with a code and prints something.
func wantSworn(t *testing.T, e env, code int, want string, args ...string) string {
	t.Helper()
	got, stdout, stderr := sworn(t, e, args...)
	if got != code || !strings.Contains(stdout+stderr, want) {
		t.Fatalf("sworn %s: exit code %d, want %d and %q\n%s%s", strings.Join(args, " "), got, code, want, stdout, stderr)
	}
	return stdout
}

// keyPair makes a key and returns the paths of its halves.
func keyPair(t *testing.T, e env) (private, public string) {
	t.Helper()
	prefix := filepath.Join(t.TempDir(), "key")
	wantSworn(t, e, 0, "fingerprint", "key", "generate", "--output-prefix", prefix)
	return prefix + ".key", prefix + ".pub"
}

// signable is an image with everything that makes layers hard to read: links,
// special files, whiteouts, an opaque folder.
func signable(t *testing.T) files {
	t.Helper()
	return files{
		"Dockerfile": "FROM busybox\n" +
			"RUN : " + t.Name() + "; mkdir /d /gone && echo old > /d/old && echo g > /gone/g && echo f > /f && ln /f /hard && ln -s f /soft && chmod 4755 /f && mkfifo -m 600 /fifo\n" +
			"COPY --chown=7:8 f /srv/f\n" +
			"RUN rm -r /gone /d && mkdir -m 1777 /d && echo new > /d/new && rm /srv/f && mkdir /srv/f && chown 3:4 /hard\n",
		// The registries keep what an earlier run signed.
		"f": rand.Text() + "\n",
	}
}

func TestWhatSwornSignsSwornAndCosignVerify(t *testing.T) {
	t.Parallel()
	e := mustEnv(t)
	if e.referrers == "" {
		t.Fatal("SWORN_REGISTRY_REFERRERS is not set")
	}
	private, public := keyPair(t, e)
	_, other := keyPair(t, e)
	for name, registry := range map[string]string{"fallback tag": e.registry, "referrers API": e.referrers} {
		t.Run(name, func(t *testing.T) {
			image := imageName(registry, t, "latest")
			r := build{context: signable(t), opts: []string{"attest:provenance=mode=max"}, output: push(image)}.mustRun(t, e)
			wantSworn(t, e, 1, "has no signatures", "verify", "--key", public, image)
			wantSworn(t, e, 0, r.digest, "sign", "--key", private, image)
			wantSworn(t, e, 0, "nothing to do", "sign", "--key", private, image)
			out := wantSworn(t, e, 0, "verdict: pass", "verify", "--key", public, image)
			if n := strings.Count(out, "\n    signed "); n != 5 || strings.Contains(out, "warnings") {
				t.Errorf("%d statements signed, want 5 and no warning\n%s", n, out)
			}
			wantSworn(t, e, 1, "no statement is signed with key", "verify", "--key", other, image)
			inspectJSON(t, e, public, image)
			cosignVerifies(t, e, public, other, image)
		})
	}
}

// inspectJSON checks what sworn inspect says of a signed image.
func inspectJSON(t *testing.T, e env, public, image string) {
	t.Helper()
	var in struct {
		Platforms []struct {
			Platform   string
			Steps      *provenance.Steps
			Statements []struct{ PredicateType string }
		}
		Signers []struct {
			Bundles  int
			Verified bool
		}
		Verdict struct{ Pass bool }
	}
	mustJSON(t, []byte(wantSworn(t, e, 0, "", "inspect", "--json", "--key", public, image)), &in)
	if len(in.Platforms) != 1 || len(in.Signers) != 1 || in.Platforms[0].Steps == nil {
		t.Fatalf("inspect: %+v", in)
	}
	p := in.Platforms[0]
	if p.Platform != "linux/"+runtime.GOARCH || len(p.Statements) != 5 || len(p.Steps.Steps) != 3 ||
		in.Signers[0].Bundles != 10 || !in.Signers[0].Verified || !in.Verdict.Pass {
		t.Errorf("inspect: %+v", in)
	}
}

// cosignVerifies checks every statement by the image's tag and by its platform's
// digest.
func cosignVerifies(t *testing.T, e env, public, other, image string) {
	t.Helper()
	base, ref := splitName(image)
	var index ocispecs.Index
	mustJSON(t, get(t, base+"/manifests/"+ref), &index)
	repository := strings.Replace(strings.TrimPrefix(base, "http://"), "/v2/", "/", 1)
	verify := func(key, predicateType, image string) (string, error) {
		return run(t, e.tool("cosign"), "verify-attestation", "--key", key, "--type", predicateType,
			"--insecure-ignore-tlog", "--allow-http-registry", image)
	}
	for _, predicateType := range append(ourTypes(), provenance.SLSAv1Type) {
		for _, image := range []string{image, repository + "@" + index.Manifests[0].Digest.String()} {
			if out, err := verify(public, predicateType, image); err != nil {
				t.Errorf("cosign verify-attestation --type %s %s: %v\n%s", predicateType, image, err, out)
			}
		}
		if out, err := verify(other, predicateType, image); err == nil {
			t.Errorf("cosign verifies %s with another key:\n%s", predicateType, out)
		}
	}
}

func TestEveryPlatformIsSigned(t *testing.T) {
	t.Parallel()
	e := mustEnv(t)
	private, public := keyPair(t, e)
	image := imageName(e.registry, t, "latest")
	build{
		context: files{
			"Dockerfile": "FROM --platform=$BUILDPLATFORM busybox AS build\nARG TARGETARCH\nRUN echo " + t.Name() + " $TARGETARCH > /arch\nFROM scratch\nCOPY --from=build /arch /arch\n",
		},
		opts: []string{"platform=linux/amd64,linux/arm64,linux/arm/v7", "attest:provenance=mode=max"}, output: push(image),
	}.mustRun(t, e)
	wantSworn(t, e, 0, "linux/arm/v7", "sign", "--key", private, image)
	out := wantSworn(t, e, 0, "verdict: pass", "verify", "--key", public, image)
	if n := strings.Count(out, "\n    signed "); n != 15 {
		t.Errorf("%d statements signed, want 15\n%s", n, out)
	}
}

// An archive and a layout are signed where they lie, and one changed byte counts.
func TestArchivesAndLayoutsAreSigned(t *testing.T) {
	e := mustEnv(t)
	private, public := keyPair(t, e)
	archive := filepath.Join(t.TempDir(), "image.tar")
	build{context: signable(t), opts: []string{"build-arg:SWORN_STATEMENTS=always"}, output: "type=oci,name=e2e/signed,dest=" + archive}.mustRun(t, e)
	layout := unpack(t, archive)
	for _, image := range []string{"oci-archive:" + archive, "oci:" + layout} {
		wantSworn(t, e, 1, "has no signatures", "verify", "--key", public, image)
		wantSworn(t, e, 0, "4 statements", "sign", "--key", private, image)
		wantSworn(t, e, 0, "verdict: pass", "verify", "--key", public, image)
	}
	// What was signed in the archive is in it.
	wantSworn(t, e, 0, "verdict: pass", "verify", "--key", public, "oci:"+unpack(t, archive))

	blobs := readFiles(t, filepath.Join(layout, "blobs", "sha256"))
	names := slices.SortedFunc(maps.Keys(blobs), func(a, b string) int { return len(blobs[b]) - len(blobs[a]) })
	blob := filepath.Join(layout, "blobs", "sha256", names[0]) // busybox's layer
	changed := []byte(blobs[names[0]])
	changed[len(changed)/2] ^= 1
	if err := os.WriteFile(blob, changed, 0o644); err != nil {
		t.Fatal(err)
	}
	wantSworn(t, e, 1, "sha256:"+names[0]+": its content has another digest", "verify", "--key", public, "oci:"+layout)
}

func TestWhatCannotBeSignedOrVerifiedIsOneClearLine(t *testing.T) {
	e := mustEnv(t)
	private, public := keyPair(t, e)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	down := l.Addr().String()
	l.Close()
	bare := imageName(e.registry, t, "bare")
	build{context: signable(t), opts: []string{"build-arg:SWORN_STATEMENTS=off"}, output: push(bare)}.mustRun(t, e)
	plain := imageName(e.registry, t, "plain")
	build{context: signable(t), frontend: upstream, opts: []string{"attest:provenance=mode=max"}, output: push(plain)}.mustRun(t, e)
	for _, tt := range []struct {
		image string
		code  int
		want  string
	}{
		{down + "/app:1", 2, "registry does not answer"},
		{imageName(e.registry, t, "none"), 2, "not found"},
		{bare, 1, "has no attestations"},
		{plain, 1, "has no statement of type"},
	} {
		for verb, key := range map[string]string{"sign": private, "verify": public, "inspect": public} {
			if verb == "inspect" && tt.image == plain {
				continue // shows what there is
			}
			code, _, stderr := sworn(t, e, verb, "--key", key, tt.image)
			var lines []string
			for line := range strings.Lines(stderr) {
				if !strings.HasPrefix(line, "sworn: hint: ") && !strings.HasPrefix(line, "sworn: reading ") {
					lines = append(lines, line)
				}
			}
			if code != tt.code || len(lines) != 1 || !strings.HasPrefix(lines[0], "sworn: "+verb+" "+tt.image+": ") || !strings.Contains(lines[0], tt.want) {
				t.Errorf("%s %s: exit code %d, want %d and one line with %q\n%s", verb, tt.image, code, tt.code, tt.want, stderr)
			}
		}
	}
}
