package frontend

import (
	"context"
	"errors"
	"fmt"

	"github.com/distribution/reference"
	"github.com/moby/buildkit/client/llb/sourceresolver"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/sworn-build/sworn/frontend/base"
	graph "github.com/sworn-build/sworn/llb"
	"github.com/sworn-build/sworn/step"
)

// carried are the SPDX documents of an image, or why it has none.
type carried struct {
	documents []step.Document
	none      string
}

// baseDocuments finds the SPDX documents that the base of an image carries, by the base's
// key. They are looked for where the builder reads the attestations of images anyway: with
// base=signed, or a rule about them. Asked by default, a registry that has the image alone
// would answer with an error in every build's progress.
func (b *platformBuild) baseDocuments(ctx context.Context, g *graph.Graph) (map[string]carried, error) {
	if !b.options.documents() || b.verified == nil {
		return nil, nil
	}
	v := g.Vertex(g.BaseOf(g.Target()).Vertex)
	if v == nil {
		return nil, nil
	}
	if scheme, _ := v.Scheme(); scheme != "docker-image" {
		return nil, nil
	}
	i := imageOf(v)
	found, err := b.documentsOf(ctx, i)
	var refused *base.Refusal
	switch {
	case err == nil:
		return map[string]carried{i.key(): {documents: found}}, nil
	case errors.As(err, &refused):
		return map[string]carried{i.key(): {none: refused.Found}}, nil
	}
	return nil, b.atBase(withMessage(err, fmt.Sprintf("read the SPDX document of %s: %v", i, err)), g, v)
}

// documentsOf reads the names of an image's SPDX documents.
//
// Errors: [base.Refusal], when it has none.
func (r *request) documentsOf(ctx context.Context, i baseImage) ([]step.Document, error) {
	chain, ok := r.chains.Load(i.key())
	if !ok {
		return nil, &base.Refusal{Found: "it has no attestations that the builder can read"}
	}
	named, err := reference.ParseNormalizedNamed(i.ref)
	if err != nil {
		return nil, err
	}
	digested, ok := named.(reference.Digested)
	if !ok {
		return nil, &base.Refusal{Found: "the build is held to no digest of it"}
	}
	list, err := base.Documents(chain.(*sourceresolver.AttestationChain), digested.Digest(), i.platform)
	if err != nil {
		return nil, err
	}
	var out []step.Document
	for _, d := range list {
		doc, err := r.document(ctx, reference.TrimNamed(named).String(), d)
		if err != nil && ctx.Err() != nil {
			return nil, err
		}
		if err != nil {
			return nil, &base.Refusal{Found: fmt.Sprintf("an SPDX document is attached that cannot be read: %v", err)}
		}
		out = append(out, doc)
	}
	return out, nil
}

func (r *request) document(ctx context.Context, name string, d ocispecs.Descriptor) (step.Document, error) {
	b, err := r.readBlob(ctx, name+"@"+d.Digest.String(), d.Digest, base.MaxDocumentBytes)
	if err != nil {
		return step.Document{}, err
	}
	return base.ReadDocument(d, b)
}
