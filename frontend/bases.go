package frontend

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/containerd/platforms"
	"github.com/distribution/reference"
	"github.com/moby/buildkit/client/llb/sourceresolver"
	"github.com/moby/buildkit/frontend/gateway/client"
	gwpb "github.com/moby/buildkit/frontend/gateway/pb"
	"github.com/moby/buildkit/solver/pb"
	digest "github.com/opencontainers/go-digest"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"
	"golang.org/x/sync/errgroup"

	"github.com/sworn-build/sworn/frontend/base"
	"github.com/sworn-build/sworn/frontend/rules"
	graph "github.com/sworn-build/sworn/llb"
	"github.com/sworn-build/sworn/step"
)

// checkTrust refuses base=signed where nothing can be verified, before anything runs.
func (r *request) checkTrust() error {
	if r.options.Base != BaseSigned {
		return nil
	}
	if r.trust.Empty() {
		return fmt.Errorf("base=%s: nobody is trusted to sign base images; the operator puts keys or identities into the frontend image (%s), sworn build takes them with --base-trust", BaseSigned, TrustDir)
	}
	if err := r.showsSignatures(); err != nil {
		return fmt.Errorf("base=%s: %w", BaseSigned, err)
	}
	return nil
}

// showsSignatures reports why a builder cannot be asked for the signatures of images.
func (r *request) showsSignatures() error {
	opts := r.bc.BuildOpts()
	for _, err := range []error{
		opts.Caps.Supports(gwpb.CapSourceMetaResolverImageAttestations), opts.LLBCaps.Supports(pb.CapSourceImageBlob),
	} {
		if err != nil {
			return fmt.Errorf("this builder does not show the signatures of images, BuildKit 0.33 does: %w", err)
		}
	}
	return nil
}

// TrustDir is the folder of the frontend's image with the keys and identities that base
// images may be signed by (see package trust).
const TrustDir = "/etc/sworn/base"

// baseImage is an image that a build starts from or reads files of.
type baseImage struct {
	ref      string // NAME[:TAG]@DIGEST
	platform ocispecs.Platform
	from     *graph.Vertex // nil when nothing but its configuration is taken
	// refused is set for what is no image of a registry.
	refused *base.Refusal
}

func (i baseImage) key() string { return i.ref + " " + platforms.FormatAll(i.platform) }

// String names the image and, where it is one, its platform.
func (i baseImage) String() string {
	if i.refused != nil || i.platform.OS == "" {
		return i.ref
	}
	return i.ref + " for " + platforms.FormatAll(i.platform)
}

// imageOf is the image that a source of the scheme docker-image brings in.
func imageOf(v *graph.Vertex) baseImage {
	_, rest := v.Scheme()
	i := baseImage{ref: rest, from: v}
	if p := v.Op.Platform; p != nil {
		i.platform = platforms.Normalize(p.Spec())
	}
	return i
}

// checkBases verifies the attestations of every image that a graph takes anything from.
// What else a build starts from has none. Under base=signed it refuses what is not signed;
// rule UnattestedBaseImage finds it. The graph that it returns is held to what was
// verified, and the images are kept for the plan.
func (b *platformBuild) checkBases(ctx context.Context, g *graph.Graph) (*graph.Graph, error) {
	demanded := b.options.Base == BaseSigned
	if !demanded && b.options.ruleSet().Level(rules.UnattestedBaseImage) == rules.Off {
		return g, nil
	}
	if err := b.showsSignatures(); err != nil {
		return g, b.report(ctx, []rules.Finding{{Rule: rules.UnattestedBaseImage, Message: err.Error()}})
	}
	g, err := b.pinBases(ctx, g)
	if err != nil {
		return nil, err
	}
	var mu sync.Mutex
	var findings []rules.Finding
	b.verified = map[string]*step.Verified{}
	eg, egctx := errgroup.WithContext(ctx)
	for _, i := range b.baseImages(g) {
		eg.Go(func() error {
			v, err := b.verifyBase(egctx, i)
			var refused *base.Refusal
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err == nil:
				b.verified[i.key()] = v
			case errors.As(err, &refused) && !demanded:
				f := rules.Finding{Rule: rules.UnattestedBaseImage, Message: fmt.Sprintf("%s: %s", i, refused.Found)}
				if i.from != nil {
					f.Ranges = linesAbout(g, i.from)
				}
				findings = append(findings, f)
			case demanded:
				return b.atBase(withMessage(err, fmt.Sprintf("base=%s: %s: %v", BaseSigned, i, err)), g, i.from)
			default:
				return b.atBase(withMessage(err, fmt.Sprintf("verify %s: %v", i, err)), g, i.from)
			}
			return nil
		})
	}
	if err := eg.Wait(); err != nil {
		return nil, err
	}
	return g, b.report(ctx, findings)
}

// pinBases holds images of named contexts to the digest that they have now. Those of
// other builds stay as they are: changed, their steps would run again.
func (b *platformBuild) pinBases(ctx context.Context, g *graph.Graph) (*graph.Graph, error) {
	pins := map[digest.Digest]string{}
	for _, v := range g.Unpinned() {
		if b.external[v.Original] {
			continue
		}
		i := imageOf(v)
		_, d, _, err := b.c.ResolveImageConfig(ctx, i.ref, sourceresolver.Opt{
			LogName:  "[internal] sworn: resolve " + i.ref,
			ImageOpt: &sourceresolver.ResolveImageOpt{Platform: &i.platform, ResolveMode: b.opts["image-resolve-mode"]},
		})
		if err != nil {
			return nil, b.atBase(withMessage(err, fmt.Sprintf("pin %s: %v", i.ref, err)), g, v)
		}
		pins[v.Digest] = d.String()
	}
	n, _, err := graph.Pin(g, pins)
	return n, err
}

func (b *platformBuild) atBase(err error, g *graph.Graph, v *graph.Vertex) error {
	if v == nil {
		return err
	}
	return withSource(err, b.src.SourceMap, linesAbout(g, v))
}

// baseImages lists what a build takes anything from or starts from. What is no image of a
// registry is refused.
func (b *platformBuild) baseImages(g *graph.Graph) []baseImage {
	started := map[digest.Digest]bool{g.BaseOf(g.Target()).Vertex: true}
	for _, e := range g.States() {
		started[g.BaseOf(e).Vertex] = true
	}
	var out []baseImage
	seen := map[string]bool{}
	for v := range g.Vertices() {
		switch scheme, rest := v.Scheme(); {
		case scheme == "docker-image":
			i := imageOf(v)
			out = append(out, i)
			seen[i.key()] = true
		case scheme == "oci-layout", scheme != "" && started[v.Digest]:
			out = append(out, baseImage{ref: scheme + "://" + withoutCredentials(rest), from: v, refused: &base.Refusal{
				Found:  "it is no image of a registry, so nobody can have signed it there",
				Advice: "push it, signed, and name it as docker-image://NAME",
			}})
		}
	}
	for _, i := range b.configs.list() {
		if !seen[i.key()] {
			out = append(out, i)
		}
	}
	return out
}

// configReads collects the images whose configuration a Dockerfile starts from. One
// without layers is nowhere in the graph, but its ONBUILD instructions are.
type configReads struct {
	client.Client
	mu   sync.Mutex
	read []baseImage
}

// ResolveImageConfig implements llb.ImageMetaResolver.
func (c *configReads) ResolveImageConfig(ctx context.Context, ref string, opt sourceresolver.Opt) (string, digest.Digest, []byte, error) {
	name, dgst, config, err := c.Client.ResolveImageConfig(ctx, ref, opt)
	if err != nil || dgst == "" || opt.ImageOpt == nil || opt.ImageOpt.Platform == nil {
		return name, dgst, config, err
	}
	named, err := reference.ParseNormalizedNamed(name)
	if err == nil {
		named, err = reference.WithDigest(named, dgst)
	}
	if err != nil {
		return "", "", nil, fmt.Errorf("resolve %s: %w", name, err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.read = append(c.read, baseImage{ref: named.String(), platform: platforms.Normalize(*opt.ImageOpt.Platform)})
	return name, dgst, config, nil
}

func (c *configReads) list() []baseImage {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.read
}
