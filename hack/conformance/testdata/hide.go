// This file is compiled into package testutil of BuildKit's tests, in place of three
// functions that are renamed there (see hack/conformance/run): with it the suite reads
// images as if Sworn's statements were not there. What fails all the same fails for
// another reason than the list of statements.
package testutil

import (
	"bytes"
	"context"
	"encoding/json"
	"strings"

	"github.com/containerd/containerd/v2/core/content"
	"github.com/containerd/containerd/v2/core/images"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"
)

// ReadImages reads the images of an index, without those that hold only statements of
// Sworn.
func ReadImages(ctx context.Context, p content.Provider, desc ocispecs.Descriptor) (*ImagesInfo, error) {
	idx, err := readImages(ctx, p, desc)
	if err != nil {
		return nil, err
	}
	var kept []*ImageInfo
	for _, i := range idx.Images {
		if !i.emptied {
			kept = append(kept, i)
		}
	}
	idx.Images = kept
	return idx, nil
}

// ReadImage reads an image without Sworn's statements. Of an index that holds one
// image beside them, it reads that.
func ReadImage(ctx context.Context, p content.Provider, desc ocispecs.Descriptor) (*ImageInfo, error) {
	if images.IsIndexType(desc.MediaType) {
		only, err := onlyImage(ctx, p, desc)
		if err != nil {
			return nil, err
		}
		desc = only
	}
	i, err := readImage(ctx, p, desc)
	if err != nil {
		return nil, err
	}
	whole := len(i.LayersRaw)
	for n := whole - 1; n >= 0; n-- {
		if sworn(i.Manifest.Layers[n], i.LayersRaw[n]) {
			i.Manifest.Layers = append(i.Manifest.Layers[:n:n], i.Manifest.Layers[n+1:]...)
			i.Layers = append(i.Layers[:n:n], i.Layers[n+1:]...)
			i.LayersRaw = append(i.LayersRaw[:n:n], i.LayersRaw[n+1:]...)
		}
	}
	i.emptied = whole > 0 && len(i.LayersRaw) == 0
	return i, nil
}

// onlyImage is the one image of an index, or the index where it holds several.
func onlyImage(ctx context.Context, p content.Provider, desc ocispecs.Descriptor) (ocispecs.Descriptor, error) {
	b, err := content.ReadBlob(ctx, p, desc)
	if err != nil {
		return desc, err
	}
	var index ocispecs.Index
	if err := json.Unmarshal(b, &index); err != nil {
		return desc, err
	}
	var kept []ocispecs.Descriptor
	for _, m := range index.Manifests {
		i, err := ReadImage(ctx, p, m)
		if err != nil {
			return desc, err
		}
		if !i.emptied {
			kept = append(kept, m)
		}
	}
	if len(kept) == 1 {
		return kept[0], nil
	}
	return desc, nil
}

// ReadTarToMap reads an archive; the indexes of an OCI layout are without the manifests
// that hold only statements of Sworn.
func ReadTarToMap(b []byte, compressed bool) (map[string]*TarItem, error) {
	m, err := readTarToMap(b, compressed)
	if err != nil || m[ocispecs.ImageIndexFile] == nil {
		return m, err
	}
	for name, item := range m {
		var index ocispecs.Index
		if !strings.HasPrefix(name, blobs) || json.Unmarshal(item.Data, &index) != nil || !images.IsIndexType(index.MediaType) {
			continue
		}
		var kept []ocispecs.Descriptor
		for _, d := range index.Manifests {
			if !onlySworn(m, d) {
				kept = append(kept, d)
			}
		}
		if len(kept) == len(index.Manifests) {
			continue
		}
		index.Manifests = kept
		if item.Data, err = json.Marshal(index); err != nil {
			return nil, err
		}
	}
	return m, nil
}

// blobs is where an OCI layout has them.
const blobs = ocispecs.ImageBlobsDir + "/sha256/"

// onlySworn tells whether a manifest in an OCI layout holds only statements of Sworn.
func onlySworn(m map[string]*TarItem, d ocispecs.Descriptor) bool {
	item := m[blobs+d.Digest.Hex()]
	var manifest ocispecs.Manifest
	if item == nil || !images.IsManifestType(d.MediaType) || json.Unmarshal(item.Data, &manifest) != nil {
		return false
	}
	for _, l := range manifest.Layers {
		blob := m[blobs+l.Digest.Hex()]
		if blob == nil || !sworn(l, blob.Data) {
			return false
		}
	}
	return len(manifest.Layers) > 0
}

// sworn tells whether a layer of an attestation manifest is a statement of Sworn.
func sworn(d ocispecs.Descriptor, b []byte) bool {
	switch d.Annotations["in-toto.io/predicate-type"] {
	case "https://github.com/sworn-build/sworn/contents/v1", "https://github.com/sworn-build/sworn/steps/v1":
		return true
	case "https://spdx.dev/Document":
		return bytes.Contains(b, []byte(`"Tool: sworn-`))
	case "https://spdx.dev/Document/v3":
		return bytes.Contains(b, []byte(`"name":"sworn-`))
	}
	return false
}
