package frontend

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/containerd/platforms"
	"github.com/moby/buildkit/client/llb"
	"github.com/moby/buildkit/frontend/dockerfile/dockerfile2llb"
	"github.com/moby/buildkit/frontend/gateway/client"
	digest "github.com/opencontainers/go-digest"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"

	graph "github.com/sworn-build/sworn/llb"
)

// platformBuild is the build of one platform, from definition to attestations.
type platformBuild struct {
	*request
	tools      graph.Tools
	external   map[digest.Digest]bool
	platform   ocispecs.Platform
	dockerfile *dockerfile2llb.Result

	ref          client.Reference
	scanTarget   llb.State // the image as it is built, for a named scanner
	attestations []client.Attestation
}

func platformOf(p *ocispecs.Platform) ocispecs.Platform {
	if p == nil {
		return platforms.Normalize(platforms.DefaultSpec())
	}
	return platforms.Normalize(*p)
}

func (b *platformBuild) id() string { return platforms.FormatAll(b.platform) }

// run solves the platform. Everything that evidence is made from is requested in one
// solve: a step's file system and record are separate cache edges, and only those
// requested together are sure to be of one run.
func (b *platformBuild) run(ctx context.Context) error {
	def, err := b.dockerfile.State.Marshal(ctx)
	if err != nil {
		return fmt.Errorf("marshal the build: %w", err)
	}
	g, err := graph.Decode(def.ToPB())
	if err != nil {
		return err
	}
	pinned, err := b.pin(ctx, g)
	if err != nil {
		return err
	}
	hardened := graph.Harden(pinned, graph.HardenOpt{
		Arch: runnerArch(), External: b.external,
		Harden: b.options.Harden != "off", Observe: b.options.Observe == "on",
	})
	recorded, moved, records, err := graph.Record(hardened, b.tools)
	if err != nil {
		return err
	}
	if err := b.keepScanTarget(recorded); err != nil {
		return err
	}
	if b.options.Statements == "off" {
		b.ref, err = b.solve(ctx, recorded, recorded.Target(), true)
		return err
	}
	return b.attest(ctx, hardened, recorded, moved, records)
}

// keepScanTarget makes the target a state again, with the digests that will run.
func (b *platformBuild) keepScanTarget(g *graph.Graph) error {
	def, err := g.Encode(g.Target())
	if err != nil {
		return err
	}
	if g.Target().IsScratch() {
		b.scanTarget = llb.Scratch()
		return nil
	}
	op, err := llb.NewDefinitionOp(def)
	if err != nil {
		return fmt.Errorf("read the build back: %w", err)
	}
	b.scanTarget = llb.NewState(op)
	return nil
}

// attest builds image and evidence and keeps what is to be attached.
func (b *platformBuild) attest(ctx context.Context, before, recorded *graph.Graph, moved graph.Mapping, records graph.Recorded) error {
	described, layout, err := graph.Describe(recorded, b.tools, records)
	if err != nil {
		return err
	}
	plan, err := b.plan(before, moved, layout)
	if err != nil {
		return err
	}
	assembled, statements, err := graph.Assemble(described, b.tools, layout, plan)
	if err != nil {
		return err
	}
	bound, check, err := graph.Bind(assembled, b.tools, statements)
	if err != nil {
		return err
	}
	if _, err := b.solve(ctx, bound, check, true); err != nil {
		return err
	}
	if b.ref, err = b.solve(ctx, bound, bound.Target(), false); err != nil {
		return err
	}
	out, err := b.solve(ctx, bound, statements, false)
	if err != nil {
		return err
	}
	b.attestations = b.statementAttestations(out)
	return b.carry(ctx, bound, layout, records)
}

// solve asks for one state of a graph. With evaluate, errors of its steps come back
// here, where they can be explained.
func (b *platformBuild) solve(ctx context.Context, g *graph.Graph, e graph.Edge, evaluate bool) (client.Reference, error) {
	def, err := g.Encode(e)
	if err != nil {
		return nil, err
	}
	res, err := b.c.Solve(ctx, client.SolveRequest{Definition: def, CacheImports: b.bc.CacheImports, Evaluate: evaluate && !e.IsScratch()})
	if err != nil {
		return nil, explain(err, g)
	}
	ref, err := res.SingleRef()
	if err != nil {
		return nil, fmt.Errorf("solve: %w", err)
	}
	return ref, nil
}

// platformResults collects the builds of all platforms, which run at once.
type platformResults struct {
	mu  sync.Mutex
	all []*platformBuild
}

func (r *platformResults) add(b *platformBuild) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.all = append(r.all, b)
}

func (r *platformResults) sorted() []*platformBuild {
	return slices.SortedFunc(slices.Values(r.all), func(a, b *platformBuild) int { return strings.Compare(a.id(), b.id()) })
}
