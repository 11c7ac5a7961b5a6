//go:build e2e

package e2e

import (
	"maps"
	"os"
	"path"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/sworn-build/sworn/provenance"
)

// Two platforms from one cross-compiling stage; nothing runs emulated.
func TestTwoPlatformsEachHaveTheirStatements(t *testing.T) {
	e := mustEnv(t)
	image := imageName(e.registry, t, "latest")
	build{
		context: files{
			"Dockerfile": "FROM --platform=$BUILDPLATFORM busybox AS build\nARG TARGETARCH\nCOPY src /src\nRUN mkdir /out && sed \"s/ARCH/$TARGETARCH/\" /src > /out/tool && chmod 755 /out/tool\n" +
				"FROM scratch\nCOPY --from=build /out/tool /bin/tool\nCMD [\"/bin/tool\"]\n",
			"src": "compiled for ARCH\n",
		},
		opts: []string{"platform=linux/amd64,linux/arm64", "attest:provenance=mode=max"}, output: push(image),
	}.mustRun(t, e)
	all := statements(t, image)
	if d := cmp.Diff([]string{"linux/amd64", "linux/arm64"}, slices.Sorted(maps.Keys(all))); d != "" {
		t.Fatalf("platforms with statements (-want +got):\n%s", d)
	}
	manifests := platformManifests(t, image)
	for platform, got := range all {
		t.Run(path.Base(platform), func(t *testing.T) {
			checkTypes(t, got, append(ourTypes(), provenance.SLSAv1Type))
			for typ, s := range got {
				if len(s.Subject) != 1 || "sha256:"+s.Subject[0].Digest["sha256"] != manifests[platform] {
					t.Errorf("%s is about %v, want %s", typ, s.Subject, manifests[platform])
				}
			}
			checkPlatform(t, platform, got)
		})
	}
	if manifests["linux/amd64"] == manifests["linux/arm64"] {
		t.Error("both platforms have one manifest")
	}
}

// checkPlatform checks what the statements of one platform say.
func checkPlatform(t *testing.T, platform string, got map[string]statement) {
	t.Helper()
	steps, err := provenance.DecodeSteps(got[provenance.StepsType].Predicate)
	if err != nil {
		t.Fatal(err)
	}
	contents, err := provenance.DecodeContents(got[provenance.ContentsType].Predicate)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]string{platform, platform}, []string{steps.Platform, contents.Platform}); d != "" {
		t.Errorf("platform (-want +got):\n%s", d)
	}
	arch := path.Base(platform)
	want := sha256Of([]byte("compiled for " + arch + "\n"))
	a := account{steps: steps, contents: contents}
	if d := cmp.Diff(want, a.file(t, "/bin/tool").Digest); d != "" {
		t.Errorf("/bin/tool (-want +got):\n%s", d)
	}
	s := a.step(t, "RUN mkdir")
	if !slices.Contains(s.Environment, "TARGETARCH="+arch) {
		t.Errorf("environment %q, want TARGETARCH=%s", s.Environment, arch)
	}
	if s.Inputs == nil || s.Inputs.Mode != "inotify" || !s.Inputs.Complete {
		t.Errorf("the step was not observed: %+v", s.Inputs)
	}
	in, ok := input(s, "/src")
	if d := cmp.Diff(sha256Of([]byte("compiled for ARCH\n")), in.Digest); !ok || d != "" {
		t.Errorf("input /src (-want +got):\n%s", d)
	}
}

// platformManifests reads the digests of an index's images.
func platformManifests(t *testing.T, image string) map[string]string {
	t.Helper()
	base, ref := splitName(image)
	var idx struct {
		Manifests []struct {
			Digest   string
			Platform struct{ OS, Architecture string }
		}
	}
	mustJSON(t, get(t, base+"/manifests/"+ref), &idx)
	out := map[string]string{}
	for _, m := range idx.Manifests {
		out[m.Platform.OS+"/"+m.Platform.Architecture] = m.Digest
	}
	return out
}

func TestTwoPlatformsExportToFolders(t *testing.T) {
	e := mustEnv(t)
	dest := t.TempDir()
	ctx := exported(t)
	ctx["Dockerfile"] = strings.Replace(ctx["Dockerfile"], "FROM busybox", "FROM --platform=$BUILDPLATFORM busybox", 1)
	build{
		context: ctx, output: "type=local,dest=" + dest,
		opts: []string{"platform=linux/amd64,linux/arm64", "build-arg:SWORN_STATEMENTS=always"},
	}.mustRun(t, e)
	var want []string
	for _, p := range []string{"linux_amd64/", "linux_arm64/"} {
		for _, f := range append(statementFiles(), "bin/tool", "f") {
			want = append(want, p+f)
		}
	}
	slices.Sort(want)
	if d := cmp.Diff(want, slices.Sorted(maps.Keys(readFiles(t, dest)))); d != "" {
		t.Errorf("files (-want +got):\n%s", d)
	}
}

// One platform that is not this machine's: COPY alone works, a RUN needs emulation.
func TestForeignPlatformWithoutEmulation(t *testing.T) {
	foreign := map[string]string{"amd64": "arm64", "arm64": "amd64"}[runtime.GOARCH]
	if foreign == "" {
		t.Skipf("no foreign base image for %s", runtime.GOARCH)
	}
	compareAll(t, []comparison{
		{
			name: "copy", context: files{"Dockerfile": "FROM busybox\nCOPY f /f\nADD f /g\nWORKDIR /w\n", "f": "x"},
			opts: []string{"platform=linux/" + foreign},
		},
		{
			name: "stages", context: dockerfile("FROM --platform=$BUILDPLATFORM busybox AS b\nRUN echo native > /n\nFROM busybox\nCOPY --from=b /n /n\n"),
			opts: []string{"platform=linux/" + foreign},
		},
	})
	if entries, err := os.ReadDir("/proc/sys/fs/binfmt_misc"); err == nil && slices.ContainsFunc(entries, func(e os.DirEntry) bool { return strings.HasPrefix(e.Name(), "qemu-") }) {
		t.Skip("this machine emulates other platforms")
	}
	compareAll(t, []comparison{{
		name: "run", context: dockerfile("FROM busybox\nRUN true\n"), opts: []string{"platform=linux/" + foreign},
		fails: "/bin/sh -c true",
	}})
}
