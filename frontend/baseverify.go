package frontend

import (
	"context"
	"fmt"

	"github.com/moby/buildkit/client/llb/sourceresolver"
	"github.com/moby/buildkit/solver/pb"

	"github.com/sworn-build/sworn/frontend/base"
	"github.com/sworn-build/sworn/step"
)

// verifyBase verifies the attestations of one image, once for all stages and platforms of
// a build.
func (r *request) verifyBase(ctx context.Context, i baseImage) (*step.Verified, error) {
	if i.refused != nil {
		return nil, i.refused
	}
	return r.bases.do(i.key(), func() (*step.Verified, error) { return r.verifyAttestations(ctx, i) })
}

func (r *request) verifyAttestations(ctx context.Context, i baseImage) (*step.Verified, error) {
	pinned, ok := i.digestOf()
	if !ok {
		return nil, &base.Refusal{Found: "the build is held to no digest of it"}
	}
	if i.platform.OS == "" {
		return nil, &base.Refusal{Found: "the build does not say for which platform it takes it"}
	}
	root, err := r.readBlob(ctx, i, pinned, base.MaxManifestBytes)
	if err != nil && ctx.Err() != nil {
		return nil, err
	}
	if err != nil {
		// Some registries hand out an index so, and no manifest.
		return nil, &base.Refusal{
			Found:  fmt.Sprintf("it is no OCI index, so it has no attestations, or its index cannot be read: %v", err),
			Advice: base.BuildAdvice,
		}
	}
	if !base.IsIndex(root) {
		return base.Check(nil, pinned, i.platform, r.trust)
	}
	chain, err := r.chain(ctx, i, "")
	if t := base.StatementWanted(chain); err == nil && t != "" {
		chain, err = r.chain(ctx, i, t)
	}
	switch {
	case err != nil && ctx.Err() != nil:
		return nil, err
	case err != nil:
		return nil, &base.Refusal{Found: fmt.Sprintf("the builder cannot tell who signed it: %v", err)}
	}
	r.chains.Store(i.key(), chain)
	return base.Check(chain, pinned, i.platform, r.trust)
}

// chain asks the builder for the signature of an image, and for the statements of a type.
func (r *request) chain(ctx context.Context, i baseImage, statement string) (*sourceresolver.AttestationChain, error) {
	opt := sourceresolver.ResolveImageOpt{
		Platform: &i.platform, ResolveMode: r.opts["image-resolve-mode"], NoConfig: true, AttestationChain: true,
	}
	if statement != "" {
		opt.ResolveAttestations = []string{statement}
	}
	res, err := r.c.ResolveSourceMetadata(ctx, &pb.SourceOp{Identifier: "docker-image://" + i.ref}, sourceresolver.Opt{
		LogName: "[internal] sworn: read the attestations of " + i.ref, ImageOpt: &opt,
	})
	if err != nil || res.Image == nil {
		return nil, err
	}
	return res.Image.AttestationChain, nil
}
