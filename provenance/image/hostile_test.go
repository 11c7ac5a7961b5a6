package image_test

import (
	"archive/tar"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/sworn-build/sworn/provenance/image"
	"github.com/sworn-build/sworn/provenance/imagetest"
	"github.com/sworn-build/sworn/provenance/referrers"
)

func with(e imagetest.Entry, change func(*tar.Header)) imagetest.Entry {
	change(&e.Header)
	return e
}

func xattr(name, value string) func(*tar.Header) {
	return func(h *tar.Header) { h.PAXRecords = map[string]string{"SCHILY.xattr." + name: value} }
}

// TestLayersThatRuntimesUnpackInAnotherWay: an entry that gives a container files
// that no listing of the layers shows is refused.
func TestLayersThatRuntimesUnpackInAnotherWay(t *testing.T) {
	file := entry(tar.TypeReg, "f", "", "x")
	hard := entry(tar.TypeLink, "g", "f", "")
	for _, tt := range []struct {
		name   string
		layers [][]imagetest.Entry
		want   string
	}{
		{"link that changes the owner", [][]imagetest.Entry{{file, with(hard, func(h *tar.Header) { h.Uid = 7 })}}, `owner is 7:0, that of "f" is 0:0`},
		{"link that changes the mode", [][]imagetest.Entry{{file, with(hard, func(h *tar.Header) { h.Mode = 0o4755 })}}, `mode is 4755, that of "f" is 0644`},
		{"link that adds a capability", [][]imagetest.Entry{{file, with(hard, xattr("security.capability", "\x01"))}}, `capability is "01", that of "f" is ""`},
		{"link that drops a capability", [][]imagetest.Entry{{with(file, xattr("security.capability", "\x01")), hard}}, `capability is "", that of "f" is "01"`},
		{"redirected folder", [][]imagetest.Entry{{with(entry(tar.TypeDir, "d/", "", ""), xattr("trusted.overlay.redirect", "/evil"))}}, `extended attribute "trusted.overlay.redirect" is overlayfs's own`},
		{"opaque folder by attribute", [][]imagetest.Entry{{with(entry(tar.TypeDir, "d/", "", ""), xattr("user.overlay.opaque", "y"))}}, "is overlayfs's own"},
		{"whiteout device", [][]imagetest.Entry{{entry(tar.TypeChar, "f", "", "")}}, "device 0:0 is overlayfs's whiteout"},
		{"whiteout after its file", [][]imagetest.Entry{{file, entry(tar.TypeReg, ".wh.f", "", "")}}, "whiteout of what the same layer has"},
		{"whiteout after its folder's file", [][]imagetest.Entry{{entry(tar.TypeDir, "d/", "", "")}, {entry(tar.TypeReg, "d/new", "", ""), entry(tar.TypeReg, ".wh.d", "", "")}}, "whiteout of what the same layer has"},
		{"whiteout of nothing", [][]imagetest.Entry{{entry(tar.TypeReg, "d/.wh.", "", "")}}, "whiteout of no name"},
		{"whiteout of its folder", [][]imagetest.Entry{{entry(tar.TypeReg, "d/.wh..", "", "")}}, "whiteout of no name"},
		{"whiteout of the folder above", [][]imagetest.Entry{{entry(tar.TypeReg, "d/.wh...", "", "")}}, "whiteout of no name"},
		{"folder named as a whiteout", [][]imagetest.Entry{{entry(tar.TypeReg, ".wh.d/f", "", "")}}, `".wh.d" is no name of a folder`},
		{"whiteout as a link's target", [][]imagetest.Entry{{entry(tar.TypeLink, "g", ".wh..wh.plnk/1", "")}}, "is no name of a folder"},
		{"long name", [][]imagetest.Entry{{entry(tar.TypeReg, strings.Repeat("x", 256), "", "")}}, "a name of 256 bytes"},
		{"long path", [][]imagetest.Entry{{entry(tar.TypeReg, strings.Repeat("x/", 2100)+"y", "", "")}}, "4201 bytes, more than"},
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

// layered is an image whose only layer has these bytes.
func layered(t *testing.T, layer []byte) (memory, ocispec.Descriptor) {
	t.Helper()
	m := memory{}
	put := func(mediaType string, v any) ocispec.Descriptor {
		b, ok := v.([]byte)
		if !ok {
			var err error
			if b, err = json.Marshal(v); err != nil {
				t.Fatal(err)
			}
		}
		blob := referrers.NewBlob(mediaType, b)
		m[blob.Descriptor.Digest] = b
		return blob.Descriptor
	}
	config := ocispec.Image{RootFS: ocispec.RootFS{Type: "layers", DiffIDs: []digest.Digest{digest.FromBytes(layer)}}}
	return m, put(ocispec.MediaTypeImageManifest, ocispec.Manifest{
		MediaType: ocispec.MediaTypeImageManifest,
		Config:    put(ocispec.MediaTypeImageConfig, config),
		Layers:    []ocispec.Descriptor{put(ocispec.MediaTypeImageLayer, layer)},
	})
}

// TestSparseFilesAreRefused: a kilobyte may say that it is a file of an exabyte.
func TestSparseFilesAreRefused(t *testing.T) {
	// archive/tar does not write sparse files: the header is ours (GNU tar's manual,
	// "PAX Format, Version 1.0").
	sparseMap := make([]byte, 512)
	copy(sparseMap, fmt.Sprintf("1\n%d\n0\n", int64(1)<<60))
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	records := []byte{}
	for _, r := range []string{"GNU.sparse.major=1", "GNU.sparse.minor=0", "GNU.sparse.name=hole", fmt.Sprintf("GNU.sparse.realsize=%d", int64(1)<<60)} {
		for n := len(r) + 2; ; n++ {
			if line := fmt.Sprintf("%d %s\n", n, r); len(line) == n {
				records = append(records, line...)
				break
			}
		}
	}
	header := func(name string, kind byte, size int) {
		var block [512]byte
		copy(block[:], name)
		copy(block[100:], "0000644\x000000000\x000000000\x00")
		copy(block[124:], fmt.Sprintf("%011o\x00", size))
		copy(block[136:], "00000000000\x00        ")
		block[156] = kind
		copy(block[257:], "ustar\x0000")
		sum := 0
		for _, c := range block {
			sum += int(c)
		}
		copy(block[148:], fmt.Sprintf("%06o\x00 ", sum))
		b.Write(block[:])
	}
	header("x", 'x', len(records))
	b.Write(records)
	b.Write(make([]byte, 512-len(records)%512))
	header("hole", '0', len(sparseMap))
	b.Write(sparseMap)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	m, d := layered(t, b.Bytes())
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	done := make(chan error, 1)
	go func() {
		_, err := image.ReadRootfs(ctx, m, d)
		done <- err
	}()
	select {
	case err := <-done:
		if err == nil || !strings.Contains(err.Error(), "sparse files are not supported") {
			t.Error(err)
		}
	case <-time.After(20 * time.Second):
		t.Fatal("reads an exabyte of zeros")
	}
}

// TestBytesAfterTheArchiveAreRefused: some readers go on after the end, and find
// other files.
func TestBytesAfterTheArchiveAreRefused(t *testing.T) {
	one := imagetest.Tar(t, []imagetest.Entry{entry(tar.TypeReg, "a", "", "x")})
	padded := append(bytes.Clone(one), make([]byte, 8192)...)
	m, d := layered(t, padded)
	if _, err := image.ReadRootfs(t.Context(), m, d); err != nil {
		t.Errorf("zeros: %v", err)
	}
	m, d = layered(t, append(padded, one...))
	if _, err := image.ReadRootfs(t.Context(), m, d); err == nil || !strings.Contains(err.Error(), "bytes after the end of the archive") {
		t.Errorf("a second archive: %v", err)
	}
}

// TestFoldersOfDeepPathsCount: folders that an entry only implies are entries.
func TestFoldersOfDeepPathsCount(t *testing.T) {
	if testing.Short() {
		t.Skip("reads 2 million folders")
	}
	var entries []imagetest.Entry
	for i := range 1100 {
		entries = append(entries, entry(tar.TypeReg, fmt.Sprintf("%04d", i)+strings.Repeat("/x", 2040), "", ""))
	}
	img := imagetest.New(t, imagetest.Options{Layers: [][]imagetest.Entry{entries}})
	if _, err := image.ReadRootfs(t.Context(), serve(img), img.Platforms[0]); err == nil || !strings.Contains(err.Error(), "more than 2097152 entries") {
		t.Error(err)
	}
}

// edited returns JSON with raw text put in after the first brace.
func edited(b []byte, first string) []byte {
	return append([]byte("{"+first+","), bytes.TrimPrefix(b, []byte("{"))...)
}

// TestDocumentsThatAreTwoThings: readers that take a document for an index and
// those that take it for a manifest must not see different images
// (https://github.com/opencontainers/image-spec/security/advisories/GHSA-77vh-xpmg-72qh).
func TestDocumentsThatAreTwoThings(t *testing.T) {
	img := imagetest.New(t, imagetest.Options{})
	manifest := img.Manifests[0]
	for name, tt := range map[string]struct {
		first, want string
	}{
		"index with layers":         {`"layers":[]`, `has the field "layers" of a manifest`},
		"index with a config":       {`"config":{}`, `has the field "config" of a manifest`},
		"index with Docker's":       {`"fsLayers":[]`, `has the field "fsLayers" of a manifest`},
		"manifests twice":           {`"manifests":[]`, `field "manifests" twice`},
		"manifests in another case": {`"Manifests":[]`, `field "manifests" twice`},
		"media type in it":          {`"MEDIATYPE":"application/vnd.oci.image.manifest.v1+json"`, `field "mediaType" twice`},
	} {
		b := edited(img.Index.Data, tt.first)
		blob := referrers.NewBlob(ocispec.MediaTypeImageIndex, b)
		_, err := image.ReadIndex(t.Context(), memory{blob.Descriptor.Digest: b}, blob.Descriptor)
		var fault *image.ContentError
		if !errors.As(err, &fault) || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %s", name, err, tt.want)
		}
	}
	other := bytes.Replace(img.Index.Data, []byte(ocispec.MediaTypeImageIndex), []byte(ocispec.MediaTypeImageManifest), 1)
	blob := referrers.NewBlob(ocispec.MediaTypeImageIndex, other)
	if _, err := image.ReadIndex(t.Context(), memory{blob.Descriptor.Digest: other}, blob.Descriptor); err == nil ||
		!strings.Contains(err.Error(), "it says of itself that it is a") {
		t.Errorf("another media type in it: %v", err)
	}
	for first, want := range map[string]string{
		`"manifests":[]`: `has the field "manifests" of an index`,
		`"layers":[]`:    `field "layers" twice`,
		`"Layers":[]`:    `field "layers" twice`,
	} {
		b := edited(manifest.Data, first)
		blob := referrers.NewBlob(manifest.Descriptor.MediaType, b)
		m := serve(img)
		m[blob.Descriptor.Digest] = b
		if _, err := image.ReadRootfs(t.Context(), m, blob.Descriptor); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("manifest with %s: %v, want %s", first, err, want)
		}
	}
}

// TestIndexesWithoutOneAnswer: whatever picks a platform's image picks the one that
// was verified.
func TestIndexesWithoutOneAnswer(t *testing.T) {
	img := imagetest.New(t, imagetest.Options{Platforms: []string{"linux/amd64", "linux/arm64"}})
	for _, tt := range []struct {
		name string
		edit func(*ocispec.Index)
		want string
	}{
		{"two of a platform", func(x *ocispec.Index) { x.Manifests[1].Platform = x.Manifests[0].Platform }, "two manifests for linux/amd64"},
		{"two of a platform by another name", func(x *ocispec.Index) {
			x.Manifests[1].Platform = &ocispec.Platform{OS: "Linux", Architecture: "x86_64"}
		}, "two manifests for linux/amd64"},
		{"attestations that a runtime would start", func(x *ocispec.Index) { x.Manifests[2].Platform.OS = "linux" }, "is for platform linux/unknown"},
		{"attestations of any platform", func(x *ocispec.Index) { x.Manifests[2].Platform = nil }, "is for no platform"},
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
