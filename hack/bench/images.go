package main

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/moby/buildkit/session/secrets/secretsprovider"

	"github.com/sworn-build/sworn/hack/bench/results"
)

// images are the references that builds need.
type images struct {
	frontend map[string]string // by variant
	scanner  string
}

// prepareImages pushes the scanner's image; hack/bench/run has pushed the frontends.
func prepareImages(ctx context.Context, e env) (images, error) {
	in := images{
		frontend: map[string]string{
			results.Upstream: e.registry + "/bench/upstream:dev",
			results.Syft:     e.registry + "/bench/upstream:dev",
			results.Sworn:    e.registry + "/sworn/frontend:dev",
		},
		scanner: e.registry + "/bench/syft-scanner:dev",
	}
	for _, ref := range in.frontend {
		if _, err := pull(ctx, ref); err != nil {
			return in, err
		}
	}
	return in, pushProgram(ctx, e.tool("syft-scanner"), in.scanner)
}

// pushProgram pushes an image that holds one static program.
func pushProgram(ctx context.Context, program, ref string) error {
	data, err := os.ReadFile(program)
	if err != nil {
		return err
	}
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	h := &tar.Header{Name: filepath.Base(program), Mode: 0o755, Size: int64(len(data)), ModTime: time.Unix(0, 0)}
	if err := w.WriteHeader(h); err != nil {
		return err
	}
	if _, err := w.Write(data); err != nil {
		return err
	}
	if err := w.Close(); err != nil {
		return err
	}
	layer, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(b.Bytes())), nil })
	if err != nil {
		return err
	}
	image, err := mutate.AppendLayers(empty.Image, layer)
	if err != nil {
		return err
	}
	config, err := image.ConfigFile()
	if err != nil {
		return err
	}
	config = config.DeepCopy()
	config.OS, config.Architecture = "linux", "amd64"
	config.Config.Entrypoint = []string{"/" + filepath.Base(program)}
	if image, err = mutate.ConfigFile(image, config); err != nil {
		return err
	}
	r, err := name.ParseReference(ref, name.Insecure)
	if err != nil {
		return err
	}
	if err := remote.Write(r, image, remote.WithContext(ctx)); err != nil {
		return fmt.Errorf("push %s: %w", ref, err)
	}
	return nil
}

func pull(ctx context.Context, ref string) (*remote.Descriptor, error) {
	r, err := name.ParseReference(ref, name.Insecure)
	if err != nil {
		return nil, err
	}
	d, err := remote.Get(r, remote.WithContext(ctx))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", ref, err)
	}
	return d, nil
}

// roots are the machine's certification authorities, for the way to registries.
const roots = "/etc/ssl/certs/ca-certificates.crt"

// base makes a project's base image, unless the registry has it, and returns its
// reference.
func (b *builder) base(ctx context.Context, e env, p project) (string, error) {
	if p.base == "" {
		return "busybox:latest", nil
	}
	ref := fmt.Sprintf("%s/bench/%s:%x", e.registry, p.name, sha256.Sum256([]byte(p.base)))
	ref = ref[:len(ref)-48]
	if _, err := pull(ctx, ref); err == nil {
		return ref, nil
	}
	progress("making the base image of %s, with what its steps would download", p.name)
	dir, err := writeContext(e, b.dir, p.baseContext)
	if err != nil {
		return "", err
	}
	r := request{dockerfile: p.base, context: dir, push: ref}
	if _, err := os.Stat(roots); err == nil {
		r.secrets = []secretsprovider.Source{{ID: "roots", FilePath: roots}}
	}
	if _, err := b.solve(ctx, r); err != nil {
		return "", fmt.Errorf("base image of %s: %w", p.name, err)
	}
	return ref, nil
}

// sizes reads how large an image and its statements are.
func sizes(ctx context.Context, ref string) (results.Sizes, error) {
	var s results.Sizes
	d, err := pull(ctx, ref)
	if err != nil {
		return s, err
	}
	index, err := d.ImageIndex()
	if err != nil {
		return s, err
	}
	m, err := index.IndexManifest()
	if err != nil {
		return s, err
	}
	for _, child := range m.Manifests {
		image, err := index.Image(child.Digest)
		if err != nil {
			return s, err
		}
		size, err := layersSize(image)
		if err != nil {
			return s, err
		}
		if child.Annotations["vnd.docker.reference.type"] == "attestation-manifest" {
			s.Statements += size
		} else {
			s.Image += size
		}
	}
	if s.Statements == 0 {
		return s, errors.New("read sizes: the image has no statements")
	}
	return s, nil
}

func layersSize(image v1.Image) (int64, error) {
	m, err := image.Manifest()
	if err != nil {
		return 0, err
	}
	var n int64
	for _, l := range m.Layers {
		n += l.Size
	}
	return n, nil
}
