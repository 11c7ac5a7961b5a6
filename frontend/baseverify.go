package frontend

import (
	"context"
	"fmt"
	"strings"

	"github.com/distribution/reference"
	"github.com/moby/buildkit/client/llb"
	"github.com/moby/buildkit/client/llb/sourceresolver"
	"github.com/moby/buildkit/frontend/gateway/client"
	"github.com/moby/buildkit/solver/pb"
	digest "github.com/opencontainers/go-digest"

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
	named, err := reference.ParseNormalizedNamed(i.ref)
	if err != nil {
		return nil, err
	}
	digested, ok := named.(reference.Digested)
	if !ok {
		return nil, &base.Refusal{Found: "the build is held to no digest of it"}
	}
	if i.platform.OS == "" {
		return nil, &base.Refusal{Found: "the build does not say for which platform it takes it"}
	}
	pinned := digested.Digest()
	root, err := r.readBlob(ctx, reference.TrimNamed(named).String()+"@"+pinned.String(), pinned, base.MaxManifestBytes)
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
		LogName: "[internal] sworn: verify " + i.ref, ImageOpt: &opt,
	})
	if err != nil || res.Image == nil {
		return nil, err
	}
	return res.Image.AttestationChain, nil
}

// readBlob reads a blob by its digest, up to a limit and a byte more.
func (r *request) readBlob(ctx context.Context, ref string, d digest.Digest, limit int) ([]byte, error) {
	name := strings.ReplaceAll(d.String(), ":", "-")
	st := llb.ImageBlob(ref, llb.Filename(name), llb.WithCustomName("[internal] sworn: read "+ref))
	def, err := st.Marshal(ctx)
	if err != nil {
		return nil, err
	}
	res, err := r.c.Solve(ctx, client.SolveRequest{Definition: def.ToPB(), Evaluate: true})
	if err != nil {
		return nil, err
	}
	file, err := res.SingleRef()
	if err != nil {
		return nil, err
	}
	var out []byte
	for {
		n := min(maxRead, limit+1-len(out))
		b, err := file.ReadFile(ctx, client.ReadRequest{Filename: name, Range: &client.FileRange{Offset: len(out), Length: n}})
		if err != nil {
			return nil, err
		}
		if out = append(out, b...); len(b) < n || len(out) > limit {
			return out, nil
		}
	}
}

// maxRead bounds what is read at once, in bytes: a message has at most 16 MiB.
const maxRead = 8 << 20
