//go:build e2e

package e2e

import (
	"archive/tar"
	"bytes"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// TestSwornBuildFailuresNameTheirCause: the exit code says whether what was to be built
// is at fault, and the last line why.
func TestSwornBuildFailuresNameTheirCause(t *testing.T) {
	t.Parallel()
	e := mustEnv(t)
	for _, tt := range []struct {
		what, text string
		args       []string
		code       int
		want       []string
	}{
		{"step", "FROM busybox\nRUN echo before && exit 7\n", nil, 1,
			[]string{"Dockerfile:2", ">>> RUN echo before && exit 7", `sworn: build: failed to solve: process "/bin/sh -c echo before && exit 7" did not complete successfully: exit code: 7`}},
		{"line", "FROM busybox\nRUNN x\n", nil, 1, []string{"Dockerfile:2", ">>> RUNN x", "unknown instruction: RUNN"}},
		{"option", "# syntax=docker/dockerfile:1 watch=on\nFROM scratch\n", nil, 1, []string{"Dockerfile:1", `unknown option "watch"`}},
		{"option as an argument", "FROM scratch\n", []string{"--build-arg", "SWORN_OBSERVE=maybe"}, 2, []string{"build arg SWORN_OBSERVE: unknown value"}},
		{"push", "FROM busybox\nCOPY Dockerfile /\n", []string{"--push", "-t", "127.0.0.1:1/a:b"}, 2, []string{"127.0.0.1:1"}},
		{"sign", "FROM busybox\nCOPY Dockerfile /\n", []string{"--sign", "--key", "none.key", "--push", "-t", "127.0.0.1:1/a:b"}, 2, []string{"read key: open none.key"}},
	} {
		t.Run(tt.what, func(t *testing.T) {
			b := swornBuild(t, e, tt.code, append(tt.args, dockerfile(tt.text).write(t))...)
			for _, want := range tt.want {
				if !strings.Contains(b.log, want) {
					t.Errorf("no %q in:\n%s", want, b.log)
				}
			}
			if n := strings.Count(b.log, "sworn: build: "); n != 1 {
				t.Errorf("%d lines say what was wrong:\n%s", n, b.log)
			}
		})
	}
}

// TestASyntaxLineNeverLeadsAway: whatever it names, the image has statements, and the
// options behind the name are in force.
func TestASyntaxLineNeverLeadsAway(t *testing.T) {
	t.Parallel()
	e := mustEnv(t)
	image := imageName(e.registry, t, "latest")
	dir := dockerfile("# syntax=registry.invalid/other:1 observe=off\nFROM busybox\nRUN : " + t.Name() + "\n").write(t)
	b := swornBuild(t, e, 0, "--push", "-t", image, dir)
	if !strings.Contains(b.log, "[internal] sworn: build the Dockerfile itself, not with registry.invalid/other:1") {
		t.Errorf("nothing is said about it:\n%s", b.log)
	}
	if o := accountOf(t, image).steps.Options["observe"]; o != "off" {
		t.Errorf("observe is %q, want off", o)
	}
}

// TestSwornBuildTakesContextsFromAnywhere: standard input, a URL, and contexts by name.
func TestSwornBuildTakesContextsFromAnywhere(t *testing.T) {
	t.Parallel()
	e := mustEnv(t)
	const text = "FROM busybox\nCOPY f /f\n"
	archive := tarOf(t, map[string]string{"Dockerfile": text, "f": "from an archive"})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write(archive) // a client that left
	}))
	defer server.Close()
	named := files{"f": "by name"}.write(t)
	for _, tt := range []struct {
		what, stdin string
		args        []string
		want        string
	}{
		{"archive on standard input", string(archive), []string{"-"}, "from an archive"},
		{"Dockerfile on standard input", text, []string{"-f", "-", files{"f": "from a folder"}.write(t)}, "from a folder"},
		{"Dockerfile alone", "FROM busybox\nRUN printf nothing > /f\n", []string{"-"}, "nothing"},
		{"URL", "", []string{server.URL + "/context.tar"}, "from an archive"},
		{"named context", "FROM busybox\nCOPY --from=other f /f\n", []string{"--build-context", "other=" + named, "-"}, "by name"},
		{"named image", "FROM other\nRUN printf named > /f\n", []string{"--build-context", "other=docker-image://busybox", "-"}, "named"},
	} {
		t.Run(tt.what, func(t *testing.T) {
			out := t.TempDir()
			args := append([]string{"build", "--progress", "plain", "--build-arg", "SWORN_STATEMENTS=off", "-o", out}, tt.args...)
			cmd := exec.Command(e.tool("sworn"), args...)
			cmd.Stdin = strings.NewReader(tt.stdin)
			if log, err := cmd.CombinedOutput(); err != nil {
				t.Fatalf("%v\n%s", err, log)
			}
			if b, err := os.ReadFile(filepath.Join(out, "f")); err != nil || string(b) != tt.want {
				t.Errorf("%q, %v, want %q", b, err, tt.want)
			}
		})
	}
}

// TestSwornBuildLendsSecrets to the steps that ask for them, and to nothing else.
func TestSwornBuildLendsSecrets(t *testing.T) {
	t.Parallel()
	e := mustEnv(t)
	image := imageName(e.registry, t, "latest")
	secret := filepath.Join(files{"s": "a secret of " + t.Name()}.write(t), "s")
	dir := dockerfile("FROM busybox\nRUN --mount=type=secret,id=a,required=true sha256sum < /run/secrets/a > /sum\n").write(t)
	swornBuild(t, e, 0, "--secret", "id=a,src="+secret, "--push", "-t", image, dir)
	sum := sha256Of([]byte("a secret of " + t.Name()))
	if got := string(extract(t, image)["/sum"].data); !strings.HasPrefix(got, sum.Hex) {
		t.Errorf("the step read another secret: %q", got)
	}
	for kind, s := range statements(t, image)["linux/"+runtime.GOARCH] {
		if bytes.Contains(s.raw, []byte("a secret of")) {
			t.Errorf("the secret is in %s", kind)
		}
	}
}

func tarOf(t *testing.T, content map[string]string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for name, text := range content {
		err := w.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(text))})
		_, err2 := w.Write([]byte(text))
		if err := errors.Join(err, err2); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestSwornBuildOfTwoPlatforms also of one that this machine cannot run.
func TestSwornBuildOfTwoPlatforms(t *testing.T) {
	t.Parallel()
	e := mustEnv(t)
	image := imageName(e.registry, t, "latest")
	dir := files{"Dockerfile": "FROM scratch\nCOPY f /f\n", "f": t.Name()}.write(t)
	swornBuild(t, e, 0, "--platform", "linux/amd64,linux/arm64", "--push", "-t", image, dir)
	all := statements(t, image)
	for _, p := range []string{"linux/amd64", "linux/arm64"} {
		for _, kind := range ourTypes() {
			if len(all[p][kind].Predicate) == 0 {
				t.Errorf("%s has no %s", p, kind)
			}
		}
	}
}

// TestSwornBuildLoads into what there is. Docker is stood for by a script: its daemon
// does not run here.
func TestSwornBuildLoads(t *testing.T) {
	e := mustEnv(t)
	dir := exported(t).write(t)
	t.Run("docker", func(t *testing.T) {
		bin := t.TempDir()
		got := filepath.Join(bin, "image.tar")
		script := "#!/bin/sh\ncase \"$1\" in version) echo 29 ;; load) cat > " + got + " && echo 'Loaded image: e2e/load' ;; *) exit 1 ;; esac\n"
		if err := os.WriteFile(filepath.Join(bin, "docker"), []byte(script), 0o755); err != nil {
			t.Fatal(err)
		}
		t.Setenv("PATH", bin+":"+os.Getenv("PATH"))
		b := swornBuild(t, e, 0, "--load", "-t", "e2e/load", dir)
		if !strings.Contains(b.log, "sworn: Loaded image: e2e/load") {
			t.Errorf("what docker said is not told:\n%s", b.log)
		}
		checkLoads(t, got)
		// A build that fails loads nothing.
		if err := os.Remove(got); err != nil {
			t.Fatal(err)
		}
		swornBuild(t, e, 1, "--load", dockerfile("FROM busybox\nRUN false\n").write(t))
		if _, err := os.Stat(got); err == nil {
			t.Error("docker was called for an image that was not built")
		}
	})
	t.Run("podman", func(t *testing.T) {
		podman, err := exec.LookPath("podman")
		if err != nil {
			t.Skip("podman is not installed")
		}
		store := t.TempDir()
		conf := filepath.Join(store, "storage.conf")
		text := "[storage]\ndriver = \"vfs\"\ngraphroot = \"" + store + "/graph\"\nrunroot = \"" + store + "/run\"\n"
		if err := os.WriteFile(conf, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		t.Setenv("CONTAINERS_STORAGE_CONF", conf)
		t.Setenv("PATH", filepath.Dir(podman)+":/usr/sbin:/sbin:/bin") // without docker
		b := swornBuild(t, e, 0, "--load", "-t", "e2e/load:1", dir)
		if out := mustRun(t, podman, "images", "--format", "{{.Repository}}:{{.Tag}}"); !strings.Contains(out, "e2e/load:1") {
			t.Errorf("podman has %q\n%s", out, b.log)
		}
	})
}
