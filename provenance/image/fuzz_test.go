package image

import (
	"archive/tar"
	"bytes"
	"testing"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// sound checks what must hold for the files of any layers.
func sound(t *testing.T, tr *tree) {
	t.Helper()
	files, err := tr.files()
	if err != nil {
		return
	}
	for i := range files {
		if i > 0 && files[i-1].Path >= files[i].Path {
			t.Fatalf("%q is not after %q", files[i].Path, files[i-1].Path)
		}
	}
	if diffs := Compare(files, files); len(diffs) > 0 {
		t.Fatalf("differs from itself: %v", diffs)
	}
}

func FuzzLayer(f *testing.F) {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, h := range []tar.Header{
		{Typeflag: tar.TypeDir, Name: "a/", Mode: 0o755}, {Typeflag: tar.TypeReg, Name: "a/b", Size: 1},
		{Typeflag: tar.TypeLink, Name: "a/c", Linkname: "a/b"}, {Typeflag: tar.TypeReg, Name: "a/.wh..wh..opq"},
		{Typeflag: tar.TypeSymlink, Name: "l", Linkname: "a"}, {Typeflag: tar.TypeReg, Name: ".wh.a"},
	} {
		if err := w.WriteHeader(&h); err != nil {
			f.Fatal(err)
		}
		if _, err := w.Write(make([]byte, h.Size)); err != nil {
			f.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		f.Fatal(err)
	}
	f.Add(b.Bytes(), b.Bytes())
	f.Fuzz(func(t *testing.T, lower, upper []byte) {
		tr := newTree()
		for _, l := range [][]byte{lower, upper} {
			if tr.apply(tar.NewReader(bytes.NewReader(l))) != nil {
				return
			}
			sound(t, tr)
		}
	})
}

func FuzzDecompress(f *testing.F) {
	f.Add([]byte("\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff\x03\x00\x00\x00\x00\x00\x00\x00\x00\x00"), byte(0))
	f.Add([]byte("\x28\xb5\x2f\xfd\x04\x00\x01\x00\x00\x99\xe9\xd8\x51"), byte(1))
	f.Add(make([]byte, 1024), byte(2))
	types := []string{ocispec.MediaTypeImageLayerGzip, ocispec.MediaTypeImageLayerZstd, ocispec.MediaTypeImageLayer}
	f.Fuzz(func(t *testing.T, b []byte, kind byte) {
		// The diff ID is wrong, so nothing may be taken.
		if applyLayer(bytes.NewReader(b), types[int(kind)%len(types)], digest.FromString("none"), newTree()) == nil {
			t.Fatal("taken with a wrong diff ID")
		}
	})
}

func FuzzParseIndex(f *testing.F) {
	f.Add([]byte(`{"manifests":[{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"sha256:` +
		`e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855","size":2,"platform":{"os":"linux","architecture":"amd64"}}]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		platforms, err := parseIndex(b)
		if err != nil {
			return
		}
		for _, p := range platforms {
			if p.Manifest.Digest.Validate() != nil || p.Name == "" {
				t.Fatalf("platform %+v", p)
			}
		}
	})
}
