// Command push writes an image from an OCI archive to registries, unless they
// have it, and refuses one that is too large.
//
//	push -archive bin/frontend.oci.tar -max-bytes 20000000 127.0.0.1:5000/sworn/frontend:dev
//
// It prints the image's digest and compressed size.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

func main() {
	archive := flag.String("archive", "", "OCI archive that holds one image or index")
	limit := flag.Int64("max-bytes", 0, "largest compressed size of one platform; 0 is no limit")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *archive, *limit, flag.Args()); err != nil {
		fmt.Fprintf(os.Stderr, "sworn: push %s: %v\n", *archive, err)
		os.Exit(2)
	}
}

func run(ctx context.Context, archive string, limit int64, refs []string) error {
	dir, err := os.MkdirTemp("", "sworn-push-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if err := unpack(archive, dir); err != nil {
		return err
	}
	index, err := layout.ImageIndexFromPath(dir)
	if err != nil {
		return err
	}
	m, err := index.IndexManifest()
	if err != nil {
		return err
	}
	if len(m.Manifests) != 1 {
		return fmt.Errorf("%d images, want 1", len(m.Manifests))
	}
	desc := m.Manifests[0]
	size, err := largest(index, desc)
	if err != nil {
		return err
	}
	if limit > 0 && size > limit {
		return fmt.Errorf("%d bytes compressed, more than the %d allowed", size, limit)
	}
	for _, ref := range refs {
		if err := push(ctx, index, desc, ref); err != nil {
			return err
		}
	}
	fmt.Printf("%s %.1f MB compressed\n", desc.Digest, float64(size)/1e6)
	return nil
}

// largest returns the compressed size of desc, for an index that of its largest
// image.
func largest(parent v1.ImageIndex, desc v1.Descriptor) (int64, error) {
	if desc.MediaType.IsImage() {
		image, err := parent.Image(desc.Digest)
		if err != nil {
			return 0, err
		}
		m, err := image.Manifest()
		if err != nil {
			return 0, err
		}
		var size int64
		for _, l := range m.Layers {
			size += l.Size
		}
		return size, nil
	}
	index, err := parent.ImageIndex(desc.Digest)
	if err != nil {
		return 0, err
	}
	m, err := index.IndexManifest()
	if err != nil {
		return 0, err
	}
	var most int64
	for _, child := range m.Manifests {
		size, err := largest(index, child)
		if err != nil {
			return 0, err
		}
		most = max(most, size)
	}
	return most, nil
}

func push(ctx context.Context, parent v1.ImageIndex, desc v1.Descriptor, text string) error {
	ref, err := name.ParseReference(text, name.Insecure)
	if err != nil {
		return err
	}
	if have, err := remote.Head(ref, remote.WithContext(ctx)); err == nil && have.Digest == desc.Digest {
		return nil
	}
	if desc.MediaType.IsIndex() {
		index, err := parent.ImageIndex(desc.Digest)
		if err != nil {
			return err
		}
		return remote.WriteIndex(ref, index, remote.WithContext(ctx))
	}
	image, err := parent.Image(desc.Digest)
	if err != nil {
		return err
	}
	return remote.Write(ref, image, remote.WithContext(ctx))
}
