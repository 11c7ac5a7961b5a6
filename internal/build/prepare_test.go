package build

import (
	"archive/tar"
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/containerd/platforms"
	"github.com/google/go-cmp/cmp"
	"github.com/moby/buildkit/client"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"
)

// contextDir is a folder with a Dockerfile.
func contextDir(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "app")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "Dockerfile"), []byte("FROM scratch\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	return dir
}

func mustPrepare(t *testing.T, o Options) *Request {
	t.Helper()
	r, err := Prepare(o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// defaults are the options of a build for which nothing was said.
func defaults() map[string]string {
	return map[string]string{"filename": "Dockerfile", "dockerfilekey": "dockerfile", "attest:provenance": defaultProvenance}
}

// TestFlagsAreOptionsOfTheFrontend holds every flag that ends in an option to what
// buildx makes of it.
func TestFlagsAreOptionsOfTheFrontend(t *testing.T) {
	dir := contextDir(t)
	const none = "\x00" // the option is not there
	for _, tt := range []struct {
		what string
		o    Options
		want map[string]string // beside the defaults
	}{
		{"nothing", Options{}, nil},
		{"target", Options{Steps: Steps{Target: "t"}}, map[string]string{"target": "t"}},
		{"args", Options{Steps: Steps{Args: []string{"A=1", "B=x=y\nz", "A=2", "FROM_ENV", "NOT_SET", "EMPTY="}}, Environ: []string{"FROM_ENV=e"}},
			map[string]string{"build-arg:A": "2", "build-arg:B": "x=y\nz", "build-arg:FROM_ENV": "e", "build-arg:EMPTY": ""}},
		{"epoch of the environment", Options{Environ: []string{"SOURCE_DATE_EPOCH=7"}}, map[string]string{"build-arg:SOURCE_DATE_EPOCH": "7"}},
		{"epoch as an argument", Options{Steps: Steps{Args: []string{"SOURCE_DATE_EPOCH=8"}}, Environ: []string{"SOURCE_DATE_EPOCH=7"}}, map[string]string{"build-arg:SOURCE_DATE_EPOCH": "8"}},
		{"multi-platform", Options{Steps: Steps{Args: []string{"BUILDKIT_MULTI_PLATFORM=1"}}}, map[string]string{"build-arg:BUILDKIT_MULTI_PLATFORM": "1", "multi-platform": "true"}},
		{"labels", Options{Steps: Steps{Labels: []string{"a=b", "c="}}}, map[string]string{"label:a": "b", "label:c": ""}},
		{"platforms", Options{Steps: Steps{Platforms: []string{"linux/amd64,arm64", "linux/arm/v7"}}}, map[string]string{"platform": "linux/amd64,linux/arm64,linux/arm/v7"}},
		{"no cache", Options{Steps: Steps{NoCache: true, NoCacheFilter: []string{"a"}}}, map[string]string{"no-cache": ""}},
		{"no cache of stages", Options{Steps: Steps{NoCacheFilter: []string{"a,b", "c"}}}, map[string]string{"no-cache": "a,b,c"}},
		{"pull", Options{Steps: Steps{Pull: true}}, map[string]string{"image-resolve-mode": "pull"}},
		{"network", Options{Steps: Steps{Network: "none"}}, map[string]string{"force-network-mode": "none"}},
		{"hosts", Options{Steps: Steps{Hosts: []string{"a:1.2.3.4", "b:::1", "c=[::2]"}}}, map[string]string{"add-hosts": "a=1.2.3.4,b=::1,c=::2"}},
		{"limits", Options{Steps: Steps{ShmSize: "64m", Ulimits: []string{"nofile=1:2", "core=3"}}}, map[string]string{"shm-size": "67108864", "ulimit": "nofile=1:2,core=3:3"}},
		{"provenance", Options{Output: Output{Provenance: "mode=max"}}, map[string]string{"attest:provenance": "type=provenance,mode=max"}},
		{"provenance by name", Options{Output: Output{Provenance: "true"}}, map[string]string{"attest:provenance": "type=provenance"}},
		{"no provenance", Options{Output: Output{Provenance: "false"}}, map[string]string{"attest:provenance": none}},
		{"no defaults", Options{Environ: []string{"BUILDX_NO_DEFAULT_ATTESTATIONS=1"}}, map[string]string{"attest:provenance": none}},
		{"attestations", Options{Output: Output{Attests: []string{"type=sbom,generator=a/b:c", "type=provenance,disabled=true"}}},
			map[string]string{"attest:sbom": "type=sbom,generator=a/b:c", "attest:provenance": none}},
		{"short flags win", Options{Output: Output{Attests: []string{"type=sbom,generator=a"}, SBOM: "generator=b"}}, map[string]string{"attest:sbom": "type=sbom,generator=b"}},
		{"quoted", Options{Output: Output{Attests: []string{`type=sbom,"generator=a,b"`}}}, map[string]string{"attest:sbom": `type=sbom,"generator=a,b"`}},
	} {
		t.Run(tt.what, func(t *testing.T) {
			tt.o.Input.Context = dir
			want := defaults()
			for k, v := range tt.want {
				if want[k] = v; v == none {
					delete(want, k)
				}
			}
			if d := cmp.Diff(want, mustPrepare(t, tt.o).solve.FrontendAttrs); d != "" {
				t.Errorf("options (-want +got):\n%s", d)
			}
		})
	}
}

// TestInputs: where context and Dockerfile come from.
func TestInputs(t *testing.T) {
	dir := contextDir(t)
	other := contextDir(t)
	var archive bytes.Buffer
	w := tar.NewWriter(&archive)
	if err := errors.Join(w.WriteHeader(&tar.Header{Name: "a", Mode: 0o644}), w.Close()); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		what   string
		in     Input
		stdin  string
		want   map[string]string
		locals string
	}{
		{"folder", Input{Context: dir}, "", map[string]string{"filename": "Dockerfile", "dockerfilekey": "dockerfile"}, "context dockerfile"},
		{"other Dockerfile", Input{Context: dir, File: filepath.Join(other, "Dockerfile")}, "", map[string]string{"filename": "Dockerfile", "dockerfilekey": "dockerfile"}, "context dockerfile"},
		{"Dockerfile on standard input", Input{Context: dir, File: "-"}, "FROM scratch\n", map[string]string{"filename": "Dockerfile", "dockerfilekey": "dockerfile"}, "context dockerfile"},
		{"Dockerfile alone", Input{Context: "-"}, "FROM scratch\n", map[string]string{"filename": "Dockerfile", "dockerfilekey": "dockerfile"}, "context dockerfile"},
		{"archive", Input{Context: "-"}, archive.String(), map[string]string{"context": "http://buildkit-session/ID"}, ""},
		{"archive with a Dockerfile", Input{Context: "-", File: "d/Dockerfile"}, "\x1f\x8b\x08rest", map[string]string{"context": "http://buildkit-session/ID", "filename": "d/Dockerfile"}, ""},
		{"git", Input{Context: "https://host/a/b.git#v1:sub", File: "D"}, "", map[string]string{"context": "https://host/a/b.git#v1:sub", "filename": "D"}, ""},
		{"ssh", Input{Context: "git@host:a/b.git"}, "", map[string]string{"context": "git@host:a/b.git"}, ""},
		{"URL with a Dockerfile of here", Input{Context: "https://host/a.tar.gz", File: filepath.Join(dir, "Dockerfile")}, "", map[string]string{"context": "https://host/a.tar.gz", "filename": "Dockerfile", "dockerfilekey": "dockerfile"}, "dockerfile"},
		{"named contexts", Input{Context: dir, Contexts: []string{"a=" + other, "b=docker-image://c:d", "e:latest=https://host/f.git"}}, "",
			map[string]string{"filename": "Dockerfile", "dockerfilekey": "dockerfile", "context:a": "local:a", "context:b": "docker-image://c:d", "context:e": "https://host/f.git"}, "a context dockerfile"},
	} {
		t.Run(tt.what, func(t *testing.T) {
			r := mustPrepare(t, Options{Input: tt.in, Stdin: strings.NewReader(tt.stdin), Output: Output{Provenance: "false"}})
			got := r.solve.FrontendAttrs
			if strings.HasPrefix(got["context"], "http://buildkit-session/") {
				got["context"] = "http://buildkit-session/ID"
			}
			if d := cmp.Diff(tt.want, got); d != "" {
				t.Errorf("options (-want +got):\n%s", d)
			}
			if locals := strings.Join(sortedKeys(r.solve.LocalMounts), " "); locals != tt.locals {
				t.Errorf("folders %q, want %q", locals, tt.locals)
			}
		})
	}
}

func TestDockerfileOnStandardInputIsReadWhole(t *testing.T) {
	r := mustPrepare(t, Options{Input: Input{Context: contextDir(t), File: "-"}, Stdin: strings.NewReader("FROM a\n")})
	f, err := r.solve.LocalMounts["dockerfile"].Open("Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if b, err := io.ReadAll(f); err != nil || string(b) != "FROM a\n" {
		t.Errorf("%q, %v", b, err)
	}
}

// TestOutputs: what goes where, and what can be signed there.
func TestOutputs(t *testing.T) {
	dir := contextDir(t)
	type export struct {
		Type, Dir string
		Attrs     map[string]string
		File      bool
	}
	for _, tt := range []struct {
		what string
		out  Output
		want []export
		sign int
	}{
		{"nothing", Output{}, nil, 0},
		{"push", Output{Push: true, Tags: []string{"a/b", "127.0.0.1:5000/c:d"}}, []export{{Type: "image", Attrs: map[string]string{"push": "true", "unpack": "false", "name": "docker.io/a/b:latest,127.0.0.1:5000/c:d"}}}, 1},
		{"image, pushed", Output{Push: true, Tags: []string{"a"}, To: []string{"type=image,compression=zstd"}}, []export{{Type: "image", Attrs: map[string]string{"push": "true", "compression": "zstd", "name": "docker.io/library/a:latest"}}}, 1},
		{"registry", Output{To: []string{"type=registry,name=a"}}, []export{{Type: "image", Attrs: map[string]string{"push": "true", "name": "a"}}}, 1},
		{"folder", Output{To: []string{"out"}}, []export{{Type: "local", Dir: "out", Attrs: map[string]string{}}}, 0},
		{"tar", Output{To: []string{"-"}}, []export{{Type: "tar", File: true, Attrs: map[string]string{}}}, 0},
		{"archive", Output{Tags: []string{"a"}, To: []string{"type=oci,dest=" + dir + "/x.tar"}}, []export{{Type: "oci", File: true, Attrs: map[string]string{"name": "docker.io/library/a:latest"}}}, 1},
		{"layout", Output{To: []string{"type=oci,tar=false,dest=lay"}}, []export{{Type: "oci", Dir: "lay", Attrs: map[string]string{"tar": "false"}}}, 1},
		{"cache only", Output{To: []string{"type=cacheonly"}}, nil, 0},
		{"annotations", Output{To: []string{"type=docker,dest=" + dir + "/x.tar"}, Annotations: []string{"a=b", "index,manifest:c=d"}},
			[]export{{Type: "docker", File: true, Attrs: map[string]string{"annotation.a": "b", "annotation-index.c": "d", "annotation-manifest.c": "d"}}}, 0},
	} {
		t.Run(tt.what, func(t *testing.T) {
			r := mustPrepare(t, Options{Input: Input{Context: dir}, Output: tt.out})
			var got []export
			for _, e := range r.solve.Exports {
				got = append(got, export{Type: e.Type, Dir: e.OutputDir, Attrs: e.Attrs, File: e.Output != nil})
			}
			if d := cmp.Diff(tt.want, got); d != "" {
				t.Errorf("exports (-want +got):\n%s", d)
			}
			if n := len(r.signable()); n != tt.sign {
				t.Errorf("%d places to sign, want %d", n, tt.sign)
			}
		})
	}
}

// TestNothingIsWrittenBeforeTheBuild: a file that an output names stays as it is until
// there is something to write.
func TestNothingIsWrittenBeforeTheBuild(t *testing.T) {
	dir := contextDir(t)
	file := filepath.Join(dir, "x.tar")
	if err := os.WriteFile(file, []byte("before"), 0o644); err != nil {
		t.Fatal(err)
	}
	r := mustPrepare(t, Options{Input: Input{Context: dir}, Output: Output{To: []string{"type=oci,dest=" + file}}})
	if b, err := os.ReadFile(file); err != nil || string(b) != "before" {
		t.Fatalf("%q, %v", b, err)
	}
	w, err := r.solve.Exports[0].Output(nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(w, "after"); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if b, err := os.ReadFile(file); err != nil || string(b) != "after" {
		t.Errorf("%q, %v", b, err)
	}
}

func TestCachesAndSecrets(t *testing.T) {
	dir := contextDir(t)
	secret := filepath.Join(dir, "secret")
	if err := os.WriteFile(secret, []byte("s"), 0o600); err != nil {
		t.Fatal(err)
	}
	r := mustPrepare(t, Options{
		Input:   Input{Context: dir},
		Steps:   Steps{Args: []string{"BUILDKIT_INLINE_CACHE=1"}, Allow: []string{"security.insecure"}, Network: "host"},
		Cache:   Cache{From: []string{"a/b:c", "type=local,src=d"}, To: []string{"type=registry,ref=e,mode=max"}},
		Secrets: Secrets{Secrets: []string{"id=x,src=" + secret, "type=env,id=y,env=HOME"}},
	})
	entry := func(kind string, kv ...string) client.CacheOptionsEntry {
		m := map[string]string{}
		for i := 0; i < len(kv); i += 2 {
			m[kv[i]] = kv[i+1]
		}
		return client.CacheOptionsEntry{Type: kind, Attrs: m}
	}
	if d := cmp.Diff([]client.CacheOptionsEntry{entry("registry", "ref", "a/b:c"), entry("local", "src", "d")}, r.solve.CacheImports); d != "" {
		t.Errorf("imports (-want +got):\n%s", d)
	}
	if d := cmp.Diff([]client.CacheOptionsEntry{entry("registry", "ref", "e", "mode", "max"), entry("inline")}, r.solve.CacheExports); d != "" {
		t.Errorf("exports (-want +got):\n%s", d)
	}
	if d := cmp.Diff([]string{"network.host", "security.insecure"}, r.solve.AllowedEntitlements); d != "" {
		t.Errorf("entitlements (-want +got):\n%s", d)
	}
	if n := len(r.solve.Session); n != 2 {
		t.Errorf("%d services for the builder, want credentials and secrets", n)
	}
}

// TestWrongFlagsAreNamed: each is a usage error that names the flag and the cause.
func TestWrongFlagsAreNamed(t *testing.T) {
	dir := contextDir(t)
	for _, tt := range []struct {
		o    Options
		want string
	}{
		{Options{Input: Input{Context: filepath.Join(dir, "Dockerfile")}}, "is no folder and no URL"},
		{Options{Input: Input{Context: dir, File: dir}}, "--file: " + dir + " is a folder"},
		{Options{Input: Input{Context: "-"}}, "context: standard input is empty"},
		{Options{Input: Input{Context: dir, Contexts: []string{"a"}}}, `--build-context: "a" is not NAME=VALUE`},
		{Options{Input: Input{Context: dir, Contexts: []string{"a=target:b"}}}, "another build's target is for docker buildx bake"},
		{Options{Input: Input{Context: dir, Contexts: []string{"a=none"}}}, "--build-context: a: stat none: no such file"},
		{Options{Input: Input{Context: dir, Contexts: []string{"a=oci-layout://" + dir}}}, "--build-context: a: "},
		{Options{Steps: Steps{Args: []string{"=x"}}}, `--build-arg: "=x" is not NAME=VALUE or NAME`},
		{Options{Steps: Steps{Args: []string{"BUILDKIT_SYNTAX=a/b"}}}, "to build with a/b, call docker buildx build"},
		{Options{Steps: Steps{Labels: []string{"x"}}}, `--label: "x" is not NAME=VALUE`},
		{Options{Steps: Steps{Hosts: []string{"a:b"}}}, `--add-host: "a:b" is not NAME:IP`},
		{Options{Steps: Steps{ShmSize: "big"}}, `--shm-size: "big" is no size`},
		{Options{Steps: Steps{Ulimits: []string{"x=1"}}}, "--ulimit: invalid ulimit type"},
		{Options{Steps: Steps{Allow: []string{"all"}}}, "--allow: all: "},
		{Options{Output: Output{To: []string{"type=oci"}}, Stdout: os.Stdout}, ""},
		{Options{Output: Output{To: []string{"dest=a"}}}, "no type"},
		{Options{Output: Output{To: []string{"type=oci,dest=" + dir}}}, dir + " is a folder"},
		{Options{Output: Output{To: []string{"type=oci,dest=/none/x"}}}, "there is no folder /none"},
		{Options{Output: Output{To: []string{"type=local"}}}, "needs dest=FOLDER"},
		{Options{Output: Output{To: []string{"type=local,dest=a,mode=delete"}}}, "mode=delete is not supported"},
		{Options{Output: Output{To: []string{"type=registry"}}}, "the image has no name"},
		{Options{Output: Output{Attests: []string{"sbom"}}}, `--attest: "sbom": "sbom" is not KEY=VALUE`},
		{Options{Output: Output{Annotations: []string{"layer:a=b"}}}, `unknown type "layer"`},
		{Options{Output: Output{Sign: true, Load: false, To: []string{"out"}}}, "--sign: there is nothing to sign"},
		{Options{Cache: Cache{From: []string{"mode=max"}}}, "--cache-from: "},
		{Options{Secrets: Secrets{Secrets: []string{"id=a,src=" + dir + "/none"}}}, "--secret: "},
		{Options{Secrets: Secrets{SSH: []string{"default=" + dir + "/none"}}}, "--ssh: "},
	} {
		if tt.o.Input.Context == "" {
			tt.o.Input.Context = dir
		}
		if tt.o.Stdin == nil {
			tt.o.Stdin = strings.NewReader("")
		}
		_, err := Prepare(tt.o)
		var usage *UsageError
		if tt.want == "" {
			if err != nil {
				t.Errorf("%+v: %v", tt.o, err)
			}
			continue
		}
		if !errors.As(err, &usage) || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%+v: %v, want %s", tt.o, err, tt.want)
		}
	}
}

func TestSignedImagesHaveProvenanceInArchives(t *testing.T) {
	r := mustPrepare(t, Options{Input: Input{Context: contextDir(t)}, Output: Output{Sign: true, Push: true, Tags: []string{"a"}}, Environ: []string{"BUILDX_NO_DEFAULT_ATTESTATIONS=true"}})
	if got := r.solve.FrontendAttrs["attest:provenance"]; got != "mode=min" {
		t.Errorf("provenance %q", got)
	}
}

// TestAttestationsThatAreAskedForAreWritten everywhere; the default provenance is not.
func TestAttestationsThatAreAskedForAreWritten(t *testing.T) {
	dir := contextDir(t)
	for _, tt := range []struct {
		o    Options
		want bool
	}{
		{Options{}, false},
		{Options{Output: Output{Provenance: "false"}}, false},
		{Options{Output: Output{Provenance: "mode=max"}}, true},
		{Options{Output: Output{SBOM: "true"}}, true},
		{Options{Steps: Steps{Args: []string{"SWORN_STATEMENTS=always"}}}, true},
	} {
		tt.o.Input.Context = dir
		if got := mustPrepare(t, tt.o).attested(); got != tt.want {
			t.Errorf("%+v: %v", tt.o, got)
		}
	}
}

// TestProgramsHaveANameOfTheirOwn also beside a context of the same name.
func TestProgramsHaveANameOfTheirOwn(t *testing.T) {
	dir := contextDir(t)
	for _, contexts := range [][]string{nil, {"sworn=" + dir}, {"sworn=" + dir, "sworn-programs=" + dir}} {
		r := mustPrepare(t, Options{Input: Input{Context: dir, Contexts: contexts}})
		if name := r.toolsName(); r.solve.LocalMounts[name] != nil {
			t.Errorf("%v: %s is a context", contexts, name)
		}
	}
}

// TestTheBuildersPlatformIsTheDefault: not that of the machine that sworn runs on.
func TestTheBuildersPlatformIsTheDefault(t *testing.T) {
	dir := contextDir(t)
	here := platforms.Normalize(platforms.DefaultSpec())
	other := ocispecs.Platform{OS: "linux", Architecture: "riscv64"}
	for _, tt := range []struct {
		asked   []string
		builder ocispecs.Platform
		want    string
	}{
		{nil, here, ""},
		{nil, other, "linux/riscv64"},
		{[]string{"linux/s390x"}, other, "linux/s390x"},
	} {
		r := mustPrepare(t, Options{Input: Input{Context: dir}, Steps: Steps{Platforms: tt.asked}})
		if r.defaultPlatform(tt.builder); r.solve.FrontendAttrs["platform"] != tt.want {
			t.Errorf("%+v: platform %q", tt, r.solve.FrontendAttrs["platform"])
		}
	}
}
