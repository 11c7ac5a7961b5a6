package repository

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"oras.land/oras-go/v2/content"
	"oras.land/oras-go/v2/content/oci"
	"oras.land/oras-go/v2/errdef"

	"github.com/sworn-build/sworn/provenance/referrers"
)

// layout is an OCI layout in a file system. Its index.json lists referrers next
// to images; a referrer's manifest says what it refers to.
type layout struct {
	ref     Reference
	files   fs.FS
	content content.ReadOnlyStorage
	index   ocispec.Index
	// subjects is what each manifest of the index refers to; nil when not read yet.
	subjects map[digest.Digest]digest.Digest
	// write stores artifacts and an index.json that lists them.
	write  func(add []referrers.Artifact, index []byte) error
	closer io.Closer
}

func openLayout(ref Reference) (*layout, error) {
	root, err := os.OpenRoot(ref.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("folder %w", ErrNotFound)
	}
	if err != nil {
		return nil, err
	}
	l, err := newLayout(ref, plainFiles{root})
	if err != nil {
		root.Close()
		return nil, err
	}
	l.closer, l.write = root, l.writeFolder
	return l, nil
}

// newLayout reads a layout's oci-layout and index.json.
func newLayout(ref Reference, files fs.FS) (*layout, error) {
	l := &layout{ref: ref, files: files, content: oci.NewStorageFromFS(files)}
	var version ocispec.ImageLayout
	if err := readJSONFile(files, ocispec.ImageLayoutFile, &version); err != nil {
		return nil, fmt.Errorf("not an OCI layout: %w", err)
	}
	if version.Version != ocispec.ImageLayoutVersion {
		return nil, fmt.Errorf("OCI layout version %.100q, want %s", version.Version, ocispec.ImageLayoutVersion)
	}
	if err := readJSONFile(files, ocispec.ImageIndexFile, &l.index); err != nil {
		return nil, fmt.Errorf("not an OCI layout: %w", err)
	}
	if err := referrers.CheckList(l.index.Manifests); err != nil {
		return nil, fmt.Errorf("%s: %w", ocispec.ImageIndexFile, err)
	}
	return l, nil
}

func readJSONFile(files fs.FS, name string, v any) error {
	f, err := files.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, referrers.MaxManifestBytes+1))
	if err != nil {
		return err
	}
	if len(b) > referrers.MaxManifestBytes {
		return fmt.Errorf("%s: more than %d bytes", name, referrers.MaxManifestBytes)
	}
	if err := json.Unmarshal(b, v); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

func (l *layout) close() error { return l.closer.Close() }

// resolve finds the image by digest or tag, or the only one. Entries with an
// artifact type are referrers.
func (l *layout) resolve(context.Context) (ocispec.Descriptor, error) {
	var found []ocispec.Descriptor
	var tags []string
	for _, m := range l.index.Manifests {
		if m.ArtifactType != "" {
			continue
		}
		tag := m.Annotations[ocispec.AnnotationRefName]
		if tag != "" {
			tags = append(tags, tag)
		}
		same := func(d ocispec.Descriptor) bool { return d.Digest == m.Digest }
		wanted := l.ref.version == "" || l.ref.version == tag || l.ref.version == m.Digest.String()
		if wanted && !slices.ContainsFunc(found, same) {
			found = append(found, m)
		}
	}
	slices.Sort(tags)
	switch {
	case len(found) == 1:
		d := found[0]
		return ocispec.Descriptor{MediaType: d.MediaType, Digest: d.Digest, Size: d.Size}, nil
	case len(found) == 0 && l.ref.version == "":
		return ocispec.Descriptor{}, fmt.Errorf("no image in it: %w", ErrNotFound)
	case len(found) == 0:
		return ocispec.Descriptor{}, fmt.Errorf("%w, it has the tags %q", ErrNotFound, tags)
	}
	return ocispec.Descriptor{}, fmt.Errorf("%d images in it, name one by its tag: %q", len(found), tags)
}

func (l *layout) fetch(ctx context.Context, d ocispec.Descriptor) (io.ReadCloser, error) {
	rc, err := l.content.Fetch(ctx, d)
	if errors.Is(err, errdef.ErrNotFound) || errors.Is(err, fs.ErrNotExist) {
		return nil, ErrNotFound
	}
	return rc, err
}

func (l *layout) referrers(ctx context.Context, subject ocispec.Descriptor) ([]ocispec.Descriptor, error) {
	if l.subjects == nil {
		subjects, err := l.readSubjects(ctx)
		if err != nil {
			return nil, err
		}
		l.subjects = subjects
	}
	var list []ocispec.Descriptor
	for _, m := range l.index.Manifests {
		if l.subjects[m.Digest] == subject.Digest {
			list = append(list, m)
		}
	}
	return list, nil
}

// readSubjects reads what each manifest of index.json refers to.
func (l *layout) readSubjects(ctx context.Context) (map[digest.Digest]digest.Digest, error) {
	subjects := make(map[digest.Digest]digest.Digest)
	for _, m := range l.index.Manifests {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		_, known := subjects[m.Digest]
		if known || m.MediaType != ocispec.MediaTypeImageManifest || m.Size > referrers.MaxManifestBytes {
			continue
		}
		subjects[m.Digest] = ""
		rc, err := l.fetch(ctx, m)
		if errors.Is(err, ErrNotFound) {
			continue // a layout may be copied in part
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", m.Digest, err)
		}
		b, err := io.ReadAll(io.LimitReader(rc, m.Size))
		rc.Close()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", m.Digest, err)
		}
		var manifest ocispec.Manifest
		// What is no manifest refers to nothing. Its digest is verified when it is read
		// as a referrer.
		if json.Unmarshal(b, &manifest) == nil && manifest.Subject != nil {
			subjects[m.Digest] = manifest.Subject.Digest
		}
	}
	return subjects, nil
}
