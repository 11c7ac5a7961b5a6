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
	"github.com/sworn-build/sworn/step"
)

// platformBuild is the build of one platform, from definition to attestations.
type platformBuild struct {
	*request
	tools      graph.Tools
	external   map[digest.Digest]bool
	platform   ocispecs.Platform
	dockerfile *dockerfile2llb.Result
	configs    *configReads
	// verified are the images that the build takes anything from, by [baseImage.key];
	// nil when it did not demand that they are signed.
	verified map[string]*step.Verified
	lookup   lookup
	// background is what goes on beside run and ends with it.
	background sync.WaitGroup

	ref          client.Reference
	scanTarget   llb.State // the image as it is built, for a named scanner
	attestations []client.Attestation
	planned      step.Plan
	found        []step.Finding // in what was built
}

// platformOf is the platform that dockerui names a result for.
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
	if err := b.checkSecrets(g); err != nil {
		return err
	}
	if g, err = b.checkBases(ctx, g); err != nil {
		return err
	}
	if b.options.plain() && len(b.steps.marked) == 0 {
		b.scanTarget = b.dockerfile.State
		b.ref, err = b.solve(ctx, g, g.Target(), false)
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer func() {
		cancel()
		b.background.Wait()
	}()
	b.lookForDocuments(ctx, g)
	if g, err = graph.Unrecord(g, b.tools, b.external); err != nil {
		return err
	}
	pinned, err := b.pin(ctx, g)
	if err != nil {
		return err
	}
	hardened := graph.Harden(pinned, graph.HardenOpt{
		Arch: b.tools.Arch, Starts: b.kernelStarts, External: b.external,
		Profile: b.steps.options, Marked: b.steps.marked, Observe: b.options.Observe == "on", NoRecord: b.options.Statements == "off",
	})
	if err := b.checkProfiles(hardened); err != nil {
		return err
	}
	recorded, moved, records, err := graph.Record(hardened, b.tools)
	if err != nil {
		return err
	}
	if b.options.Statements == "off" {
		if b.ref, err = b.solve(ctx, recorded, recorded.Target(), true); err != nil {
			return err
		}
		return b.keepScanTarget(recorded.WithCache())
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
	carries, err := b.await(ctx, recorded)
	if err != nil {
		return err
	}
	if b.planned, err = b.plan(before, moved, layout, carries); err != nil {
		return err
	}
	plan, err := step.EncodePlan(b.planned)
	if err != nil {
		return err
	}
	assembled, statements, err := graph.Assemble(described, b.tools, layout, step.PackPlan(plan))
	if err != nil {
		return err
	}
	carried, out, err := graph.Carry(assembled, layout, statements)
	if err != nil {
		return err
	}
	files := b.options.statements()
	if err := b.checkAnswer(carried, out, len(files)); err != nil {
		return err
	}
	if carried, out, err = b.evaluate(ctx, carried, layout, out); err != nil {
		return err
	}
	// All of it has been built in this job, --no-cache or not. To ask for it again
	// without the cache would empty the cache mounts of its steps: BuildKit does so
	// for every definition that it loads.
	done := carried.WithCache()
	if b.ref, err = b.solve(ctx, done, done.Target(), false); err != nil {
		return err
	}
	if err := b.keepScanTarget(done); err != nil {
		return err
	}
	ref, err := b.again(ctx, done, out)
	if err != nil {
		return err
	}
	if b.options.documents() {
		more, err := parts(ctx, ref)
		if err != nil {
			return err
		}
		files = append(files, more...)
		if err := b.checkAnswer(done, out, len(files)); err != nil {
			return err
		}
	}
	b.attestations = b.statementAttestations(ref, files)
	b.found, err = readFindings(ctx, ref, b.planned)
	return err
}

func (b *platformBuild) check(ctx context.Context, g *graph.Graph, carried graph.Edge, attempt int) error {
	bound, check, err := graph.Bind(g, b.tools, carried, attempt)
	if err != nil {
		return err
	}
	_, err = b.solve(ctx, bound, check, true)
	return err
}

// solve asks for one state of a graph. With evaluate, errors of its steps come back
// here, where they can be explained.
func (b *platformBuild) solve(ctx context.Context, g *graph.Graph, e graph.Edge, evaluate bool) (client.Reference, error) {
	def, err := g.Encode(e)
	if err != nil {
		return nil, err
	}
	return b.ask(ctx, g, client.SolveRequest{Definition: def, Evaluate: evaluate && !e.IsScratch()})
}

// again asks for a state that this build has made already.
func (b *platformBuild) again(ctx context.Context, g *graph.Graph, e graph.Edge) (client.Reference, error) {
	def, err := g.EncodeOps(e)
	if err != nil {
		return nil, err
	}
	return b.ask(ctx, g, client.SolveRequest{Definition: def})
}

func (b *platformBuild) ask(ctx context.Context, g *graph.Graph, req client.SolveRequest) (client.Reference, error) {
	req.CacheImports = b.bc.CacheImports
	res, err := b.c.Solve(ctx, req)
	if err != nil {
		return nil, describedAt(explain(err, g), g, b.src.SourceMap)
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
