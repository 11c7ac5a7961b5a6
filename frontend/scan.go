package frontend

import (
	"context"
	"strings"

	"github.com/distribution/reference"
	"github.com/moby/buildkit/client/llb"
	"github.com/moby/buildkit/client/llb/sourceresolver"
	"github.com/moby/buildkit/frontend/attestations/sbom"
	"github.com/moby/buildkit/frontend/dockerui"
	"github.com/moby/buildkit/frontend/gateway/client"
	"github.com/moby/buildkit/solver/result"
)

// defaultScanner is the repository of the SBOM generator that BuildKit takes when
// `--sbom` names none. Our SPDX document stands in for it.
const defaultScanner = "docker.io/docker/buildkit-syft-scanner"

// scanning runs an SBOM generator that the user named, beside our own document.
type scanning struct {
	r    *request
	scan sbom.Scanner // nil: none
}

func (r *request) scanner(ctx context.Context) (*scanning, error) {
	s := &scanning{r: r}
	cfg := r.bc.SBOM
	if cfg == nil || r.options.documents() && isDefaultScanner(cfg.Generator) {
		return s, nil
	}
	platform := r.bc.BuildPlatforms[0]
	scan, err := sbom.CreateSBOMScanner(ctx, r.c, cfg.Generator, platform, sourceresolver.Opt{
		ImageOpt: &sourceresolver.ResolveImageOpt{ResolveMode: r.opts["image-resolve-mode"], Platform: &platform},
	}, cfg.Parameters)
	if err != nil {
		return nil, err
	}
	s.scan = scan
	return s, nil
}

func isDefaultScanner(ref string) bool {
	named, err := reference.ParseNormalizedNamed(ref)
	return err == nil && strings.EqualFold(named.Name(), defaultScanner)
}

func (s *scanning) attach(ctx context.Context, rb *dockerui.ResultBuilder, b *platformBuild) error {
	if s.scan == nil {
		return nil
	}
	var opts []llb.ConstraintsOpt
	if b.dockerfile.IsIgnoreCache {
		opts = append(opts, llb.IgnoreCache)
	}
	att, err := s.scan(ctx, b.id(), b.scanTarget, b.dockerfile.SBOM.Extras, opts...)
	if err != nil {
		return err
	}
	solved, err := result.ConvertAttestation(&att, func(st *llb.State) (client.Reference, error) {
		def, err := st.Marshal(ctx)
		if err != nil {
			return nil, err
		}
		res, err := b.c.Solve(ctx, client.SolveRequest{Definition: def.ToPB(), CacheImports: b.bc.CacheImports})
		if err != nil {
			return nil, err
		}
		return res.Ref, nil
	})
	if err != nil {
		return err
	}
	rb.AddAttestation(b.id(), *solved)
	return nil
}
