package main

import (
	"archive/tar"
	"bytes"
	"io"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// epoch is the time of every file and image made here, so that the same inputs
// give the same digests: 2025-01-01.
func epoch() time.Time { return time.Unix(1735689600, 0).UTC() }

// entry is a file of a layer.
type entry struct {
	name string
	mode int64
	// kind is a type of archive/tar.
	kind byte
	// body is the content of a file, the target of a link.
	body string
}

func dir(name string, mode int64) entry {
	return entry{name: name + "/", mode: mode, kind: tar.TypeDir}
}

func file(name string, mode int64, body string) entry {
	return entry{name: name, mode: mode, kind: tar.TypeReg, body: body}
}

func hardLink(name, target string) entry {
	return entry{name: name, mode: 0o755, kind: tar.TypeLink, body: target}
}

func symlink(name, target string) entry {
	return entry{name: name, mode: 0o777, kind: tar.TypeSymlink, body: target}
}

// layer holds the entries in their order, all owned by root.
func layer(entries []entry) (v1.Layer, error) {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, e := range entries {
		h := tar.Header{Name: e.name, Mode: e.mode, Typeflag: e.kind, ModTime: epoch(), Format: tar.FormatPAX}
		if e.kind == tar.TypeReg {
			h.Size = int64(len(e.body))
		} else {
			h.Linkname = e.body
		}
		if err := w.WriteHeader(&h); err != nil {
			return nil, err
		}
		if e.kind != tar.TypeReg {
			continue
		}
		if _, err := io.WriteString(w, e.body); err != nil {
			return nil, err
		}
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	open := func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(b.Bytes())), nil }
	return tarball.LayerFromOpener(open, tarball.WithMediaType(types.OCILayer))
}
