package frontend

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/moby/buildkit/client/llb"
	"github.com/moby/buildkit/client/llb/sourceresolver"
	gwpb "github.com/moby/buildkit/frontend/gateway/pb"
	"github.com/moby/buildkit/solver/pb"
	digest "github.com/opencontainers/go-digest"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/sworn-build/sworn/frontend/base"
	graph "github.com/sworn-build/sworn/llb"
	"github.com/sworn-build/sworn/step"
)

// How long a registry may take to show what an image carries: its index and attestation
// manifest, and its documents. A build without network goes on after that, where a registry
// does not even refuse.
const (
	manifestsTime = 20 * time.Second
	documentsTime = 2 * time.Minute
)

// lookup is for the SPDX documents of the image's base. It goes on beside the rest of the
// build until the plan needs them.
type lookup struct {
	base  baseImage
	found chan *step.Carried // nil: there is nothing to look for
}

// lookForDocuments begins to look for the documents of the base of a graph. Whatever comes
// of it, the build goes on.
func (b *platformBuild) lookForDocuments(ctx context.Context, g *graph.Graph) {
	if !b.options.documents() {
		return
	}
	v := g.Vertex(g.BaseOf(g.Target()).Vertex)
	if v == nil {
		return
	}
	if scheme, _ := v.Scheme(); scheme != "docker-image" && scheme != "oci-layout" {
		return
	}
	b.lookup = lookup{imageOf(v), make(chan *step.Carried, 1)}
	b.background.Go(func() {
		c, _ := b.documents.do(b.lookup.base.key(), func() (*step.Carried, error) { return b.carried(ctx, b.lookup.base), nil })
		b.lookup.found <- c
	})
}

// await waits for what the base carries. Meanwhile the builder fetches the base, which
// comes first in any case.
func (b *platformBuild) await(ctx context.Context, g *graph.Graph) (*step.Carried, error) {
	if b.lookup.found == nil {
		return nil, nil
	}
	select {
	case c := <-b.lookup.found:
		return c, nil
	default:
	}
	b.background.Go(func() {
		_, _ = b.solve(ctx, g, g.BaseOf(g.Target()), true) // who needs it tells of its error
	})
	select {
	case c := <-b.lookup.found:
		return c, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// carried finds the documents of an image. What it says of failures is the same each time,
// since documents of the same inputs are the same bytes: no address, time or message of a registry.
func (r *request) carried(ctx context.Context, i baseImage) *step.Carried {
	c, err := r.readCarried(ctx, i)
	var refused *base.Refusal
	switch {
	case errors.As(err, &refused) && refused.Absent:
		return &step.Carried{None: refused.Found}
	case errors.As(err, &refused):
		return &step.Carried{Unknown: shown(refused.Found)}
	case err != nil:
		return &step.Carried{Unknown: shown(err.Error())}
	}
	return c
}

// readCarried reads index, attestation manifest and documents of an image, each by the
// digest that the one before has for it.
//
// Errors: [base.Refusal] of what it reads, Absent when there are no documents; others when it
// cannot be read.
func (r *request) readCarried(ctx context.Context, i baseImage) (*step.Carried, error) {
	caps := r.bc.BuildOpts().LLBCaps
	if caps.Supports(pb.CapSourceImageBlob) != nil {
		return nil, errors.New("this builder does not show attestations of images, BuildKit 0.33 does")
	}
	pinned, ok := i.digestOf()
	if !ok {
		return nil, errors.New("the build is held to no digest of it")
	}
	if i.platform.OS == "" {
		return nil, errors.New("the build does not say for which platform it takes it")
	}
	short, cancel := context.WithTimeout(ctx, manifestsTime)
	defer cancel()
	index, err := r.indexes.do(i.ref, func() ([]byte, error) { // a second failure would show
		return r.readBlob(short, i, pinned, base.MaxManifestBytes, quietly(pinned))
	})
	if err != nil || digest.FromBytes(index) != pinned {
		return nil, errors.New("the registry gave the builder no index for its digest")
	}
	image, attestation, err := base.Attestations(index, i.platform)
	if err != nil {
		return nil, err
	}
	manifest, ok := r.attestationManifest(short, i, attestation)
	if !ok {
		return nil, fmt.Errorf("the registry gave the builder no attestation manifest %s", attestation.Digest)
	}
	list, left, err := base.Documents(manifest, attestation, image)
	if err != nil {
		return nil, err
	}
	long, cancel := context.WithTimeout(ctx, documentsTime)
	defer cancel()
	out := &step.Carried{Unknown: left}
	for _, d := range list {
		doc, err := r.document(long, i, d, image)
		if err != nil {
			out.Unknown = shown(err.Error())
			continue
		}
		out.Documents = append(out.Documents, doc)
	}
	return out, nil
}

// document reads one document of an image.
func (r *request) document(ctx context.Context, i baseImage, d, image ocispecs.Descriptor) (step.Document, error) {
	b, err := r.readBlob(ctx, i, d.Digest, base.MaxDocumentBytes, llb.ProgressGroup("sworn-documents-"+i.key(), "[internal] sworn: read the SPDX documents of "+i.ref, false))
	if err != nil {
		return step.Document{}, fmt.Errorf("the registry gave the builder no statement %s", d.Digest)
	}
	return base.ReadDocument(d, b, image.Digest)
}

// attestationManifest reads an attestation manifest: as the chain has it that was verified,
// or as a blob, which the builder keeps; some registries hand manifests out by their type
// alone, and then it is asked for the chain.
func (r *request) attestationManifest(ctx context.Context, i baseImage, d ocispecs.Descriptor) ([]byte, bool) {
	good := func(b []byte) bool { return len(b) <= base.MaxManifestBytes && digest.FromBytes(b) == d.Digest }
	if c, ok := r.chains.Load(i.key()); ok {
		if b := c.(*sourceresolver.AttestationChain).Blobs[d.Digest].Data; good(b) {
			return b, true
		}
	}
	if d.Size > base.MaxManifestBytes {
		return nil, false
	}
	if b, err := r.readBlob(ctx, i, d.Digest, base.MaxManifestBytes, quietly(d.Digest)); err == nil {
		return b, good(b)
	}
	caps := r.bc.BuildOpts().Caps
	if i.isLayout() || caps.Supports(gwpb.CapSourceMetaResolverImageAttestations) != nil {
		return nil, false
	}
	chain, err := r.chain(ctx, i, "")
	if err != nil || chain == nil {
		return nil, false
	}
	b := chain.Blobs[d.Digest].Data
	return b, good(b)
}
