package frontend

import (
	"context"
	"sync"

	"github.com/moby/buildkit/client/llb/sourceresolver"
	digest "github.com/opencontainers/go-digest"
	"golang.org/x/sync/errgroup"

	graph "github.com/sworn-build/sworn/llb"
)

// pin resolves git and http sources once and holds the build to what they were. A
// source that cannot be resolved ahead stays as it is and is recorded as not pinned:
// whether it can be had at all is for the build to find out.
func (b *platformBuild) pin(ctx context.Context, g *graph.Graph) (*graph.Graph, error) {
	var mu sync.Mutex
	pins := map[digest.Digest]string{}
	eg, ctx := errgroup.WithContext(ctx)
	for _, v := range g.Mutable(b.external) {
		eg.Go(func() error {
			res, err := b.c.ResolveSourceMetadata(ctx, v.Op.GetSource(), sourceresolver.Opt{
				LogName: "[internal] sworn: resolve " + v.Name(),
			})
			if err != nil {
				return ctx.Err()
			}
			mu.Lock()
			defer mu.Unlock()
			switch {
			case res.Git != nil && res.Git.Checksum != "":
				pins[v.Digest] = res.Git.Checksum
			case res.HTTP != nil && res.HTTP.Digest != "":
				pins[v.Digest] = res.HTTP.Digest.String()
			}
			return nil
		})
	}
	if err := eg.Wait(); err != nil {
		return nil, err
	}
	n, _, err := graph.Pin(g, pins)
	return n, err
}
