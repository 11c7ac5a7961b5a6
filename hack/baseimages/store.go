package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// recipe is how an image is made.
type recipe struct {
	// names are NAME:TAG below library/; the first is the one it is kept under.
	names []string
	// key is everything that the image depends on.
	key string
	// build makes the image for every platform; scratch is a folder for its
	// files, which are deleted afterwards.
	build func(ctx context.Context, s *store, scratch string) ([]platformImage, error)
}

// platformImage is an image for one architecture of Linux.
type platformImage struct {
	arch  string
	image v1.Image
}

// store keeps images in a folder and pushes them to a registry.
type store struct {
	dir      string
	registry string
	lock     *os.File
}

// openStore waits for other runs on the same folder.
func openStore(dir, registry string) (*store, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX); err != nil {
		return nil, fmt.Errorf("lock %s: %w", f.Name(), err)
	}
	return &store{dir: dir, registry: registry, lock: f}, nil
}

func (s *store) close() { _ = s.lock.Close() }

// path is where the image of a name is kept.
func (s *store) path(imageName string) string {
	return filepath.Join(s.dir, strings.ReplaceAll(imageName, ":", "_"))
}

// provide makes the image unless it is kept with the same key, and pushes it
// unless the registry has it.
func (s *store) provide(ctx context.Context, r recipe) error {
	sum := sha256.Sum256([]byte(r.key))
	key := hex.EncodeToString(sum[:])
	dir := s.path(r.names[0])
	if kept, err := os.ReadFile(filepath.Join(dir, "key")); err != nil || string(kept) != key {
		if err := s.make(ctx, r, key); err != nil {
			return err
		}
	}
	index, err := s.index(r.names[0])
	if err != nil {
		return err
	}
	return s.push(ctx, index, r.names)
}

// make builds into a new folder and puts it in place when it is whole.
func (s *store) make(ctx context.Context, r recipe, key string) error {
	progress("making %s", r.names[0])
	scratch, err := os.MkdirTemp(s.dir, "new-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(scratch)
	images, err := r.build(ctx, s, scratch)
	if err != nil {
		return err
	}
	out := filepath.Join(scratch, "layout")
	l, err := layout.Write(out, mutate.IndexMediaType(empty.Index, types.OCIImageIndex))
	if err != nil {
		return err
	}
	for _, one := range images {
		platform := v1.Platform{OS: "linux", Architecture: one.arch}
		if err := l.AppendImage(one.image, layout.WithPlatform(platform)); err != nil {
			return err
		}
	}
	if err := os.WriteFile(filepath.Join(out, "key"), []byte(key), 0o644); err != nil {
		return err
	}
	if err := os.RemoveAll(s.path(r.names[0])); err != nil {
		return err
	}
	return os.Rename(out, s.path(r.names[0]))
}

func (s *store) index(imageName string) (v1.ImageIndex, error) {
	l, err := layout.FromPath(s.path(imageName))
	if err != nil {
		return nil, err
	}
	return l.ImageIndex()
}

// image returns a kept image that has a single platform.
func (s *store) image(imageName string) (v1.Image, error) {
	index, err := s.index(imageName)
	if err != nil {
		return nil, err
	}
	m, err := index.IndexManifest()
	if err != nil {
		return nil, err
	}
	if len(m.Manifests) != 1 {
		return nil, fmt.Errorf("image %s: %d platforms, want 1", imageName, len(m.Manifests))
	}
	return index.Image(m.Manifests[0].Digest)
}

// push writes the index under every name that does not have it yet.
func (s *store) push(ctx context.Context, index v1.ImageIndex, names []string) error {
	want, err := index.Digest()
	if err != nil {
		return err
	}
	for _, n := range names {
		ref, err := name.ParseReference(s.registry+"/library/"+n, name.Insecure)
		if err != nil {
			return err
		}
		if have, err := remote.Head(ref, remote.WithContext(ctx)); err == nil && have.Digest == want {
			continue
		}
		progress("pushing %s", ref)
		if err := remote.WriteIndex(ref, index, remote.WithContext(ctx)); err != nil {
			return fmt.Errorf("push %s: %w", ref, err)
		}
	}
	return nil
}
