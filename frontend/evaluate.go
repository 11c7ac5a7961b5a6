package frontend

import (
	"context"
	"errors"
	"fmt"

	"github.com/moby/buildkit/frontend/gateway/client"
	"github.com/moby/buildkit/solver/pb"

	graph "github.com/sworn-build/sworn/llb"
)

// evaluate builds everything and checks that the evidence is of this image. The cache
// may have evidence of another run of a step (after a build with --no-cache that
// failed, or garbage collection): then all evidence is made once more. It may have the
// file system of a step but not its record (garbage collection; an inline cache never
// has one): then the step has run again for its record, which is of another run, and
// so it runs again whole, with all that is made of it. Or it has what was made of a
// step and not the step (an inline cache has the layers of the image alone): then the
// step has run once more, what was made of it is of the first run, and all steps run
// again.
//
// It returns the graph that was built in the end and where carried is in it.
func (b *platformBuild) evaluate(ctx context.Context, g *graph.Graph, l graph.Layout, carried graph.Edge) (*graph.Graph, graph.Edge, error) {
	refreshed, rerun, all := false, false, false
	for attempt := 1; ; attempt++ {
		err := b.check(ctx, g, carried, attempt)
		var refused *EvidenceError
		if !errors.As(err, &refused) || ctx.Err() != nil {
			return g, carried, err
		}
		switch {
		case len(refused.OtherRun) > 0 && !rerun:
			rerun = true
			lost, err := b.lost(ctx, g, l)
			if err != nil {
				return nil, carried, err
			}
			if g, carried, err = b.runAgain(ctx, g, carried, lost, attempt, lostRecord); err != nil {
				return nil, carried, err
			}
		case refused.stale() && !refreshed:
			refreshed = true
			g = g.WithCache().Refresh()
		case refused.stale() && !all:
			all, rerun = true, true
			if g, carried, err = b.runAgain(ctx, g, carried, g.Steps(), attempt, mixedRuns); err != nil {
				return nil, carried, err
			}
		default:
			return g, carried, err
		}
	}
}

// Why steps run again, before their names.
const (
	lostRecord = "the cache had no record of the run that made the first of these, so they run again"
	mixedRuns  = "the cache had what was made in another run of these, so they run again"
)

// runAgain returns the graph in which the makers of some states run again, and where
// carried is in it.
func (b *platformBuild) runAgain(ctx context.Context, g *graph.Graph, carried graph.Edge, states []graph.Edge, attempt int, why string) (*graph.Graph, graph.Edge, error) {
	n, moved, execs, err := g.Rerun(states, attempt, why)
	if err != nil {
		return nil, carried, err
	}
	b.warnRerun(ctx, execs)
	return n, moved.Edge(carried), nil
}

// lost finds the states whose record is of another run, except those that depend on
// one of them: they are made again with it. All have to be found at once, because
// within a build BuildKit runs a step without cache only once.
func (b *platformBuild) lost(ctx context.Context, g *graph.Graph, l graph.Layout) ([]graph.Edge, error) {
	var lost []graph.Edge
	for _, e := range l.Evidence { // parents before children
		if g.DependsOn(e, lost) {
			continue
		}
		_, err := b.solve(ctx, g, e, true)
		var refused *EvidenceError
		switch {
		case errors.As(err, &refused) && len(refused.OtherRun) > 0:
			lost = append(lost, refused.OtherRun...)
		case err != nil:
			return nil, err
		}
	}
	return lost, nil
}

// warnRerun says once more, where clients list warnings, that steps have run again.
func (b *platformBuild) warnRerun(ctx context.Context, execs []*graph.Vertex) {
	var ranges []*pb.Range
	for _, v := range execs {
		for _, l := range v.Locations {
			ranges = append(ranges, l.Ranges...)
		}
	}
	b.src.Warn(ctx, fmt.Sprintf("%d steps run again: the cache had files of a run without that run's record", len(execs)), client.WarnOpts{
		Level: 1, Range: ranges,
		Detail: [][]byte{[]byte("An inline cache holds no records, and garbage collection may take them. Caches of type registry and local have them.")},
		URL:    "https://github.com/sworn-build/sworn/blob/main/docs/cache.md",
	})
}
