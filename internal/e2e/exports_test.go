//go:build e2e

package e2e

import (
	"archive/tar"
	"errors"
	"io"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/sworn-build/sworn/provenance"
	"github.com/sworn-build/sworn/step"
)

// exported is a small image that every exporter can write, and no other test.
func exported(t *testing.T) files {
	t.Helper()
	return files{
		"Dockerfile": "FROM busybox AS build\nRUN : " + t.Name() + "; echo built > /out\nFROM scratch\nCOPY --from=build /out /bin/tool\nCOPY f /f\nCMD [\"/bin/tool\"]\n",
		"f":          t.Name(),
	}
}

// Ways to ask for attestations.
func asked() map[string][]string {
	return map[string][]string{
		"not asked":  nil,
		"provenance": {"attest:provenance=mode=max"},
		"always":     {"build-arg:SWORN_STATEMENTS=always"},
	}
}

func statementFiles() []string {
	return []string{step.SPDXFile, step.SPDX3File, step.ContentsFile, step.StepsFile}
}

func TestPushedImageHasItsStatements(t *testing.T) {
	e := mustEnv(t)
	for how, opts := range asked() {
		t.Run(how, func(t *testing.T) {
			image := imageName(e.registry, t, "latest")
			build{context: exported(t), opts: opts, output: push(image)}.mustRun(t, e)
			want := ourTypes()
			if how == "provenance" {
				want = append(want, provenance.SLSAv1Type)
			}
			got := statements(t, image)
			checkTypes(t, got["linux/"+runtime.GOARCH], want)
			checkTool(t, pull(t, image))
		})
	}
}

// Archives leave out what nobody asked for by name, as they do BuildKit's own default
// provenance. With statements, one for docker (what --load writes) is an OCI layout,
// which docker's containerd image store takes.
func TestArchivesHaveTheStatementsThatWereAskedFor(t *testing.T) {
	t.Parallel()
	e := mustEnv(t)
	for how, opts := range asked() {
		for _, kind := range []string{"oci", "docker"} {
			t.Run(kind+" "+how, func(t *testing.T) {
				archive := filepath.Join(t.TempDir(), "image.tar")
				r := build{context: exported(t), opts: opts, output: "type=" + kind + ",name=e2e/archive,dest=" + archive}.mustRun(t, e)
				if kind == "docker" && how == "not asked" {
					checkLoads(t, archive)
					return // no index, the image is all
				}
				image, types := readLayout(t, unpack(t, archive), r.digest)
				var want []string
				switch how {
				case "provenance":
					want = append(ourTypes(), provenance.SLSAv1Type)
				case "always":
					want = ourTypes()
				}
				checkTool(t, image)
				slices.Sort(want)
				slices.Sort(types)
				if d := cmp.Diff(want, types); d != "" {
					t.Errorf("statements (-want +got):\n%s", d)
				}
			})
		}
	}
}

func checkLoads(t *testing.T, archive string) {
	t.Helper()
	img, err := tarball.ImageFromPath(archive, nil)
	if err != nil {
		t.Fatal(err)
	}
	checkTool(t, img)
}

// readLayout returns the one image of an OCI layout, whose index or image has a digest,
// and the types of its statements.
func readLayout(t *testing.T, dir, digest string) (v1.Image, []string) {
	t.Helper()
	idx, err := layout.ImageIndexFromPath(dir)
	if err != nil {
		t.Fatal(err)
	}
	top, err := idx.IndexManifest()
	if err != nil || len(top.Manifests) != 1 || top.Manifests[0].Digest.String() != digest {
		t.Fatalf("the layout holds %+v (%v), want %s", top, err, digest)
	}
	d := top.Manifests[0]
	if d.MediaType.IsImage() {
		image, err := idx.Image(d.Digest)
		if err != nil {
			t.Fatal(err)
		}
		return image, nil
	}
	nested, err := idx.ImageIndex(d.Digest)
	if err != nil {
		t.Fatal(err)
	}
	return readIndex(t, nested)
}

func TestFilesAreExportedAsTheyAre(t *testing.T) {
	t.Parallel()
	e := mustEnv(t)
	for how, opts := range asked() {
		for _, kind := range []string{"local", "tar"} {
			t.Run(kind+" "+how, func(t *testing.T) {
				dest := filepath.Join(t.TempDir(), "out")
				build{context: exported(t), opts: opts, output: "type=" + kind + ",dest=" + dest}.mustRun(t, e)
				if kind == "tar" {
					dest = unpack(t, dest)
				}
				want := []string{"bin/tool", "f"}
				if how != "not asked" {
					want = append(want, statementFiles()...)
				}
				if how == "provenance" {
					want = append(want, "provenance.json")
				}
				slices.Sort(want)
				got := readFiles(t, dest)
				if d := cmp.Diff(want, slices.Sorted(maps.Keys(got))); d != "" {
					t.Errorf("files (-want +got):\n%s", d)
				}
				if got["bin/tool"] != "built\n" || got["f"] != t.Name() {
					t.Errorf("contents: %q", got)
				}
				if how != "not asked" {
					checkExported(t, got)
				}
			})
		}
	}
}

func TestBuildWithoutOutput(t *testing.T) {
	e := mustEnv(t)
	for _, opts := range asked() {
		build{context: exported(t), opts: opts}.mustRun(t, e)
	}
}

// The client that users have: the syntax line names the frontend.
func TestBuildxExports(t *testing.T) {
	e := mustEnv(t)
	ctx := exported(t)
	ctx["Dockerfile"] = "# syntax=" + e.frontend() + "\n" + ctx["Dockerfile"]
	dir, out := ctx.write(t), t.TempDir()
	image := imageName(e.registry, t, "latest")
	buildx := func(args ...string) {
		t.Helper()
		mustRun(t, e.tool("docker-buildx"), append(append([]string{"build", "--progress", "plain"}, args...), dir)...)
	}
	buildx("--push", "-t", image)
	checkTypes(t, statements(t, image)["linux/"+runtime.GOARCH], append(ourTypes(), provenance.SLSAv1Type))
	checkTool(t, pull(t, image))

	// --load streams this archive to a docker daemon.
	buildx("--output", "type=docker,dest="+filepath.Join(out, "docker.tar"), "-t", "e2e/buildx")
	checkLoads(t, filepath.Join(out, "docker.tar"))

	buildx("--provenance=mode=max", "--output", "type=oci,dest="+filepath.Join(out, "oci.tar"), "--metadata-file", filepath.Join(out, "meta.json"))
	var meta map[string]any
	raw, err := os.ReadFile(filepath.Join(out, "meta.json"))
	if err != nil {
		t.Fatal(err)
	}
	mustJSON(t, raw, &meta)
	digest, _ := meta["containerimage.digest"].(string)
	loaded, types := readLayout(t, unpack(t, filepath.Join(out, "oci.tar")), digest)
	checkTool(t, loaded)
	if len(types) != len(ourTypes())+1 {
		t.Errorf("statements %v, want ours and BuildKit's", types)
	}

	buildx("--output", filepath.Join(out, "local"))
	if d := cmp.Diff([]string{"bin/tool", "f"}, slices.Sorted(maps.Keys(readFiles(t, filepath.Join(out, "local"))))); d != "" {
		t.Errorf("files (-want +got):\n%s", d)
	}
	buildx("--provenance=mode=max", "--output", "type=tar,dest="+filepath.Join(out, "out.tar"))
	checkExported(t, readFiles(t, unpack(t, filepath.Join(out, "out.tar"))))
}

// checkExported reads statements that were written as files.
func checkExported(t *testing.T, got map[string]string) {
	t.Helper()
	for file, predicate := range map[string]string{
		step.StepsFile: provenance.StepsType, step.ContentsFile: provenance.ContentsType, step.SPDXFile: provenance.SPDXType, step.SPDX3File: provenance.SPDX3Type,
	} {
		var s statement
		mustJSON(t, []byte(got[file]), &s)
		if s.PredicateType != predicate || len(s.Predicate) == 0 {
			t.Errorf("%s: type %s, %d bytes, want %s", file, s.PredicateType, len(s.Predicate), predicate)
		}
		if predicate == provenance.ContentsType {
			c, err := provenance.DecodeContents(s.Predicate)
			if err != nil {
				t.Fatal(err)
			}
			checkFiles(t, c, "/bin", "/bin/tool", "/f")
		}
	}
}

func checkFiles(t *testing.T, c provenance.Contents, want ...string) {
	t.Helper()
	var paths []string
	for _, f := range c.Files {
		paths = append(paths, string(f.Path))
	}
	if d := cmp.Diff(want, paths); d != "" {
		t.Errorf("files in the contents statement (-want +got):\n%s", d)
	}
}

func checkTypes(t *testing.T, got map[string]statement, want []string) {
	t.Helper()
	slices.Sort(want)
	if d := cmp.Diff(want, slices.Sorted(maps.Keys(got))); d != "" {
		t.Errorf("statements (-want +got):\n%s", d)
	}
}

// checkTool checks the image of exported.
func checkTool(t *testing.T, img v1.Image) {
	t.Helper()
	c := readContent(t, img, nil)
	var paths []string
	for _, l := range c.Layers {
		paths = append(paths, slices.Sorted(maps.Keys(l))...)
	}
	if d := cmp.Diff([]string{"/bin", "/bin/tool", "/f"}, paths); d != "" {
		t.Errorf("files (-want +got):\n%s", d)
	}
	if d := cmp.Diff([]string{"/bin/tool"}, c.Config.Config.Cmd); d != "" {
		t.Errorf("command (-want +got):\n%s", d)
	}
}

// readIndex returns the first image of an index and the types of its statements.
func readIndex(t *testing.T, idx v1.ImageIndex) (image v1.Image, types []string) {
	t.Helper()
	man, err := idx.IndexManifest()
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range man.Manifests {
		img, err := idx.Image(d.Digest)
		if err != nil {
			t.Fatal(err)
		}
		if d.Annotations["vnd.docker.reference.type"] == "" {
			if image == nil {
				image = img
			}
			continue
		}
		m, err := img.Manifest()
		if err != nil {
			t.Fatal(err)
		}
		for _, l := range m.Layers {
			types = append(types, l.Annotations["in-toto.io/predicate-type"])
		}
	}
	return image, types
}

// unpack writes the files of a tar archive to a folder.
func unpack(t *testing.T, archive string) string {
	t.Helper()
	f, err := os.Open(archive)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	dir := t.TempDir()
	for tr := tar.NewReader(f); ; {
		h, err := tr.Next()
		if errors.Is(err, io.EOF) {
			return dir
		}
		if err != nil {
			t.Fatal(err)
		}
		if h.Typeflag != tar.TypeReg {
			continue
		}
		p := filepath.Join(dir, filepath.FromSlash(h.Name))
		b, err := io.ReadAll(tr)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(p, b, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// readFiles reads a folder: slash-separated path to content.
func readFiles(t *testing.T, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	err := filepath.WalkDir(dir, func(p string, d os.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		b, err := os.ReadFile(p)
		rel, _ := filepath.Rel(dir, p)
		out[filepath.ToSlash(rel)] = string(b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}
