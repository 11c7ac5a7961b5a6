package image_test

import (
	"archive/tar"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/sworn-build/sworn/provenance"
	"github.com/sworn-build/sworn/provenance/envelope"
	"github.com/sworn-build/sworn/provenance/image"
	"github.com/sworn-build/sworn/provenance/imagetest"
	"github.com/sworn-build/sworn/provenance/referrers"
	"github.com/sworn-build/sworn/step"
)

// memory serves an image, and can lie about it.
type memory map[digest.Digest][]byte

func serve(img *imagetest.Image) memory {
	m := memory{img.Index.Descriptor.Digest: img.Index.Data}
	for _, b := range append(append([]referrers.Blob{}, img.Blobs...), img.Manifests...) {
		m[b.Descriptor.Digest] = b.Data
	}
	return m
}

var errNone = errors.New("no such content")

func (m memory) Fetch(_ context.Context, d ocispec.Descriptor) (io.ReadCloser, error) {
	b, ok := m[d.Digest]
	if !ok {
		return nil, errNone
	}
	return io.NopCloser(bytes.NewReader(b)), nil
}

func TestRootfsIsWhatTheLayersMake(t *testing.T) {
	img := imagetest.New(t, imagetest.Options{})
	got, err := image.ReadRootfs(t.Context(), serve(img), img.Platforms[0])
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(imagetest.Files(), got.Files); diff != "" {
		t.Error(diff)
	}
	if got.Layers != 3 {
		t.Errorf("%d layers, want 3", got.Layers)
	}
}

func entry(kind byte, name, link, body string) imagetest.Entry {
	return imagetest.Entry{Header: tar.Header{Typeflag: kind, Name: name, Linkname: link, Mode: 0o644, Size: int64(len(body))}, Body: body}
}

func TestLayersThatAreRefused(t *testing.T) {
	for _, tt := range []struct {
		name   string
		layers [][]imagetest.Entry
		want   string
	}{
		{"leaves the root", [][]imagetest.Entry{{entry(tar.TypeReg, "../etc/passwd", "", "")}}, "leaves the root"},
		{"below a link", [][]imagetest.Entry{{entry(tar.TypeSymlink, "lib", "usr/lib", "")}, {entry(tar.TypeReg, "lib/x", "", "")}}, `lies below "/lib", which is a symlink`},
		{"whiteout below a link", [][]imagetest.Entry{{entry(tar.TypeSymlink, "lib", "usr/lib", "")}, {entry(tar.TypeReg, "lib/a/.wh.x", "", "")}}, `lies below "/lib", which is a symlink`},
		{"below a file", [][]imagetest.Entry{{entry(tar.TypeReg, "f", "", ""), entry(tar.TypeReg, "f/x", "", "")}}, `lies below "/f", which is a file`},
		{"link to nothing", [][]imagetest.Entry{{entry(tar.TypeLink, "a", "b", "")}}, `hard link to "b", which is no file`},
		{"link to a folder", [][]imagetest.Entry{{entry(tar.TypeDir, "b/", "", ""), entry(tar.TypeLink, "a", "b", "")}}, `hard link to "b", which is no file`},
		{"link out", [][]imagetest.Entry{{entry(tar.TypeLink, "a", "../b", "")}}, "leaves the root"},
		{"unknown type", [][]imagetest.Entry{{entry('V', "a", "", "")}}, "is not supported"},
		{"root is a file", [][]imagetest.Entry{{entry(tar.TypeReg, ".", "", "")}}, "the root is not a folder"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			img := imagetest.New(t, imagetest.Options{Layers: tt.layers})
			_, err := image.ReadRootfs(t.Context(), serve(img), img.Platforms[0])
			var fault *image.ContentError
			if err == nil || !errors.As(err, &fault) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want a ContentError with %q", err, tt.want)
			}
		})
	}
}

// TestWhiteoutsActOnLowerLayersOnly, whatever their place in the layer.
func TestWhiteoutsActOnLowerLayersOnly(t *testing.T) {
	lower := []imagetest.Entry{entry(tar.TypeDir, "d/", "", ""), entry(tar.TypeReg, "d/old", "", ""), entry(tar.TypeReg, "d/both", "", "1"), entry(tar.TypeReg, "f", "", "")}
	for name, upper := range map[string][]imagetest.Entry{
		"marker last":  {entry(tar.TypeReg, "d/both", "", "2"), entry(tar.TypeReg, "d/.wh..wh..opq", "", ""), entry(tar.TypeReg, ".wh.f", "", "")},
		"marker first": {entry(tar.TypeReg, ".wh.f", "", ""), entry(tar.TypeReg, "d/.wh..wh..opq", "", ""), entry(tar.TypeReg, "d/both", "", "2")},
		"by name":      {entry(tar.TypeReg, "d/.wh.both", "", ""), entry(tar.TypeReg, "d/both", "", "2"), entry(tar.TypeReg, "d/.wh.old", "", ""), entry(tar.TypeReg, ".wh.f", "", ""), entry(tar.TypeReg, "none/.wh.x", "", "")},
	} {
		img := imagetest.New(t, imagetest.Options{Layers: [][]imagetest.Entry{lower, upper}})
		got, err := image.ReadRootfs(t.Context(), serve(img), img.Platforms[0])
		if err != nil {
			t.Fatal(err)
		}
		var paths []string
		for _, f := range got.Files {
			paths = append(paths, string(f.Path))
		}
		if diff := cmp.Diff([]string{"/d", "/d/both"}, paths); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestCapabilitiesAreRead(t *testing.T) {
	e := entry(tar.TypeReg, "ping", "", "x")
	e.PAXRecords = map[string]string{"SCHILY.xattr.security.capability": "\x01\x00\x00\x02"}
	img := imagetest.New(t, imagetest.Options{Layers: [][]imagetest.Entry{{e, with(entry(tar.TypeLink, "ping2", "ping", ""), xattr("security.capability", "\x01\x00\x00\x02"))}}})
	got, err := image.ReadRootfs(t.Context(), serve(img), img.Platforms[0])
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range got.Files {
		if f.Capability != "01000002" {
			t.Errorf("%s has capability %q", f.Path, f.Capability)
		}
	}
}

func TestContentThatLies(t *testing.T) {
	img := imagetest.New(t, imagetest.Options{})
	good := serve(img)
	var m ocispec.Manifest
	if err := json.Unmarshal(good[img.Platforms[0].Digest], &m); err != nil {
		t.Fatal(err)
	}
	for i, l := range append(m.Layers, m.Config) {
		for name, change := range map[string]func([]byte) []byte{
			"another digest": func(b []byte) []byte { b[len(b)/2] ^= 1; return b },
			"another size":   func(b []byte) []byte { return b[:len(b)-1] },
			"longer":         func(b []byte) []byte { return append(b, 0) },
		} {
			lying := serve(img)
			lying[l.Digest] = change(bytes.Clone(lying[l.Digest]))
			_, err := image.ReadRootfs(t.Context(), lying, img.Platforms[0])
			var fault *image.ContentError
			if !errors.As(err, &fault) || !strings.Contains(err.Error(), "its content has another") {
				t.Errorf("layer %d, %s: %v", i, name, err)
			}
		}
		delete(good, l.Digest)
		if _, err := image.ReadRootfs(t.Context(), good, img.Platforms[0]); !errors.Is(err, errNone) {
			t.Errorf("layer %d is not there: %v", i, err)
		}
		good = serve(img)
	}
}

func TestWrongDiffID(t *testing.T) {
	img := imagetest.New(t, imagetest.Options{})
	all := serve(img)
	var m ocispec.Manifest
	if err := json.Unmarshal(all[img.Platforms[0].Digest], &m); err != nil {
		t.Fatal(err)
	}
	config := bytes.Replace(all[m.Config.Digest], []byte(`"diff_ids":["sha256:`), []byte(`"diff_ids":["sha256:0000`), 1)
	i := bytes.Index(config, []byte("sha256:0000")) + 71
	config = append(config[:i], config[i+4:]...)
	blob := referrers.NewBlob(m.Config.MediaType, config)
	m.Config = blob.Descriptor
	b, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	manifest := referrers.NewBlob(ocispec.MediaTypeImageManifest, b)
	all[blob.Descriptor.Digest], all[manifest.Descriptor.Digest] = config, b
	_, err = image.ReadRootfs(t.Context(), all, manifest.Descriptor)
	var fault *image.ContentError
	if !errors.As(err, &fault) || !strings.Contains(err.Error(), "its diff ID is sha256:") {
		t.Error(err)
	}
}

func TestCompareFindsEveryDifference(t *testing.T) {
	base := imagetest.Files()
	if diffs := image.Compare(base, base); len(diffs) != 0 {
		t.Errorf("same lists differ: %v", diffs)
	}
	edit := func(path string, f func(*provenance.File)) []provenance.File {
		files := imagetest.Files()
		for i := range files {
			if string(files[i].Path) == path {
				f(&files[i])
			}
		}
		return files
	}
	without := func(i int) []provenance.File { return append(imagetest.Files()[:i:i], imagetest.Files()[i+1:]...) }
	for _, tt := range []struct {
		name   string
		stated []provenance.File
		want   image.Difference
	}{
		{"type", edit("/was-dir", func(f *provenance.File) { f.Type = "file" }), image.Difference{Path: "/was-dir", What: "type is symlink in the layers, file in the statement"}},
		{"mode", edit("/bin/sh", func(f *provenance.File) { f.Mode = "0755" }), image.Difference{Path: "/bin/sh", What: "mode is 4755 in the layers, 0755 in the statement"}},
		{"uid", edit("/app", func(f *provenance.File) { f.UID = 1 }), image.Difference{Path: "/app", What: "owner is 1000:1000 in the layers, 1:1000 in the statement"}},
		{"gid", edit("/app", func(f *provenance.File) { f.GID = 1 }), image.Difference{Path: "/app", What: "owner is 1000:1000 in the layers, 1000:1 in the statement"}},
		{"size", edit("/app/server", func(f *provenance.File) { f.Size = 1 }), image.Difference{Path: "/app/server", What: "size is 13 in the layers, 1 in the statement"}},
		{"digest", edit("/was-file/y", func(f *provenance.File) { f.Digest = provenance.NewSHA256("00") }),
			image.Difference{Path: "/was-file/y", What: "digest is sha256:a1fce4363854ff888cff4b8e7875d600c2682390412a8cf79b37d0b11148b0fa in the layers, sha256:00 in the statement"}},
		{"target", edit("/was-dir", func(f *provenance.File) { f.Target = "x" }), image.Difference{Path: "/was-dir", What: `link target is "was-file" in the layers, "x" in the statement`}},
		{"device", edit("/dev/null", func(f *provenance.File) { f.Device = "1:5" }), image.Difference{Path: "/dev/null", What: "device is 1:3 in the layers, 1:5 in the statement"}},
		{"capability", edit("/bin/sh", func(f *provenance.File) { f.Capability = "01" }), image.Difference{Path: "/bin/sh", What: `capability is "" in the layers, "01" in the statement`}},
		{"not stated", without(0), image.Difference{Path: "/app", What: "is in the layers, not in the statement"}},
		{"not there", append(imagetest.Files(), provenance.File{Path: "/zz", Type: "dir"}), image.Difference{Path: "/zz", What: "is in the statement, not in the layers"}},
	} {
		if diff := cmp.Diff([]image.Difference{tt.want}, image.Compare(tt.stated, base)); diff != "" {
			t.Errorf("%s: %s", tt.name, diff)
		}
	}
	socket := append(imagetest.Files(), provenance.File{Path: step.Path("/zz.sock"), Type: provenance.TypeSocket})
	if diffs := image.Compare(socket, base); len(diffs) != 0 {
		t.Errorf("a socket: %v", diffs)
	}
}

func TestReadIndexAndStatements(t *testing.T) {
	img := imagetest.New(t, imagetest.Options{Platforms: []string{"linux/amd64", "linux/arm64/v8"}, Artifact: true})
	ix, err := image.ReadIndex(t.Context(), serve(img), img.Index.Descriptor)
	if err != nil {
		t.Fatal(err)
	}
	for i, name := range []string{"linux/amd64", "linux/arm64/v8"} {
		p := ix.Platforms[i]
		if p.Name != name || p.Manifest.Digest != img.Platforms[i].Digest {
			t.Errorf("platform %d is %s %s", i, p.Name, p.Manifest.Digest)
		}
		attached, err := image.ReadStatements(t.Context(), serve(img), ix, p)
		if err != nil {
			t.Fatal(err)
		}
		var types []string
		for _, a := range attached {
			types = append(types, a.Statement.PredicateType)
		}
		want := []string{provenance.StepsType, provenance.ContentsType, provenance.SPDXType, provenance.SPDX3Type, provenance.SLSAv1Type}
		if diff := cmp.Diff(want, types); diff != "" {
			t.Error(diff)
		}
	}
}

func TestIndexesThatAreRefused(t *testing.T) {
	img := imagetest.New(t, imagetest.Options{})
	for _, tt := range []struct {
		name string
		edit func(*ocispec.Index)
		want string
	}{
		{"two attestation manifests", func(x *ocispec.Index) { x.Manifests = append(x.Manifests, x.Manifests[1]) }, "two attestation manifests for"},
		{"platform twice", func(x *ocispec.Index) { x.Manifests = append(x.Manifests, x.Manifests[0]) }, "twice"},
		{"attestation of nothing", func(x *ocispec.Index) {
			x.Manifests[1].Annotations["vnd.docker.reference.digest"] = "sha256:0"
		}, `refers to "sha256:0", which is not in the index`},
		{"nested", func(x *ocispec.Index) { x.Manifests[0].MediaType = ocispec.MediaTypeImageIndex }, "is not a manifest"},
		{"bad digest", func(x *ocispec.Index) { x.Manifests[0].Digest = "md5:0" }, `digest "md5:0"`},
		{"too large", func(x *ocispec.Index) { x.Manifests[0].Size = 1 << 40 }, "1099511627776 bytes, more than"},
		{"no platform", func(x *ocispec.Index) { x.Manifests = nil }, "no manifest of a platform"},
	} {
		var x ocispec.Index
		if err := json.Unmarshal(img.Index.Data, &x); err != nil {
			t.Fatal(err)
		}
		tt.edit(&x)
		b, err := json.Marshal(x)
		if err != nil {
			t.Fatal(err)
		}
		blob := referrers.NewBlob(ocispec.MediaTypeImageIndex, b)
		_, err = image.ReadIndex(t.Context(), memory{blob.Descriptor.Digest: b}, blob.Descriptor)
		var fault *image.ContentError
		if !errors.As(err, &fault) || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: error %v, want %q", tt.name, err, tt.want)
		}
	}
}

func TestReadIsBounded(t *testing.T) {
	d := ocispec.Descriptor{Digest: digest.FromString("x"), Size: envelope.MaxStatementBytes + 1}
	_, err := image.Read(t.Context(), memory{}, d, "statement", envelope.MaxStatementBytes)
	var fault *image.ContentError
	if !errors.As(err, &fault) {
		t.Errorf("read %d bytes: %v", d.Size, err)
	}
}
