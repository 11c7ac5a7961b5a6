package frontend

import (
	"context"
	"fmt"
	"sync"

	"github.com/moby/buildkit/client/llb/sourceresolver"
	"github.com/moby/buildkit/frontend/dockerfile/parser"
	"github.com/moby/buildkit/frontend/gateway/client"
	"github.com/moby/buildkit/solver/pb"
	digest "github.com/opencontainers/go-digest"
	"golang.org/x/sync/errgroup"

	graph "github.com/sworn-build/sworn/llb"
	"github.com/sworn-build/sworn/step"
)

// pin resolves git and http sources once and holds the build to what they were. An
// http source that cannot be resolved ahead stays as it is and is recorded as not
// pinned: whether it can be had at all is for the build to find out.
func (b *platformBuild) pin(ctx context.Context, g *graph.Graph) (*graph.Graph, error) {
	var mu sync.Mutex
	pins := map[digest.Digest]string{}
	eg, ctx := errgroup.WithContext(ctx)
	for _, v := range g.Mutable(b.external) {
		eg.Go(func() error {
			pin, err := b.resolvePin(ctx, g, v)
			mu.Lock()
			defer mu.Unlock()
			if pin != "" {
				pins[v.Digest] = pin
			}
			return err
		})
	}
	if err := eg.Wait(); err != nil {
		return nil, err
	}
	n, _, err := graph.Pin(g, pins)
	return n, err
}

// resolvePin returns what a source is to be held to, or nothing.
func (b *platformBuild) resolvePin(ctx context.Context, g *graph.Graph, v *graph.Vertex) (string, error) {
	opt := sourceresolver.Opt{LogName: "[internal] sworn: resolve " + v.Name()}
	if scheme, rest := v.Scheme(); scheme == "git" {
		commit, err := b.git.resolve(ctx, b.c, v.Op.GetSource(), opt)
		if err != nil {
			msg := fmt.Sprintf("pin %s: %v", gitURI(rest, v.Op.GetSource().GetAttrs()), err)
			return "", withSource(withMessage(err, msg), b.src.SourceMap, linesAbout(g, v))
		}
		return commit, nil
	}
	res, err := b.c.ResolveSourceMetadata(ctx, v.Op.GetSource(), opt)
	if err != nil || res.HTTP == nil {
		return "", ctx.Err()
	}
	return res.HTTP.Digest.String(), nil
}

// gitPins resolves git sources for all platforms of a build: one at a time, and none
// after one that failed, whose error it gives for all. BuildKit keeps the failed
// answer, and as late as 0.33.1 the whole daemon ends when a build asks for the same
// remote and ref again.
type gitPins struct {
	mu  sync.Mutex
	err error
}

func (p *gitPins) resolve(ctx context.Context, c client.Client, src *pb.SourceOp, opt sourceresolver.Opt) (string, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.err != nil {
		return "", p.err
	}
	res, err := c.ResolveSourceMetadata(ctx, src, opt)
	if err != nil {
		p.err = err
		return "", err
	}
	if res.Git == nil {
		return "", nil
	}
	return res.Git.Checksum, nil
}

// linesAbout are the Dockerfile lines of a source, or of what uses it: BuildKit gives
// git sources none.
func linesAbout(g *graph.Graph, v *graph.Vertex) []parser.Range {
	lines := g.Lines(v)
	for user := range g.Vertices() {
		for _, in := range user.Inputs() {
			if in.Vertex == v.Digest {
				lines = append(lines, g.Lines(user)...)
			}
		}
	}
	return rangesOfLines(lines)
}

// rangesOfLines are the same lines as BuildKit's parser has them.
func rangesOfLines(lines []step.Lines) []parser.Range {
	var out []parser.Range
	for _, l := range lines {
		out = append(out, parser.Range{Start: parser.Position{Line: l.Start}, End: parser.Position{Line: l.End}})
	}
	return out
}
