package build

import (
	"context"
	"errors"
	"fmt"

	"github.com/containerd/platforms"
	"github.com/moby/buildkit/solver/errdefs"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/sworn-build/sworn/frontend"
	"github.com/sworn-build/sworn/internal/builder"
	"github.com/sworn-build/sworn/internal/programs"
)

// toolsName is the local source that the programs travel as: no context of the user's.
func (r *Request) toolsName() string {
	name := "sworn"
	for r.solve.LocalMounts[name] != nil {
		name += "-programs"
	}
	return name
}

// Run builds, and returns when everything is where it was to go. The display ends with
// it.
func (r *Request) Run(ctx context.Context, b *builder.Builder, set programs.Set, d *Display) (*Result, error) {
	solve, toolsName := r.solve, r.toolsName()
	solve.LocalMounts[toolsName] = set.FS(frontend.ImageRunner, frontend.ImageRecorder, frontend.ImageEvidence)
	r.defaultPlatform(b.Platform)
	f := frontend.Frontend{
		Tools: frontend.LocalTools(toolsName, set.Version(), set.Arch),
		Trust: r.trust, Roots: r.roots,
		OwnSyntax: func(ref string) {
			d.note("[internal] sworn: build the Dockerfile itself, not with " + ref)
		},
	}
	res, err := b.Build(ctx, solve, "sworn", f.Build, d.start())
	err = errors.Join(err, d.wait())
	if ctx.Err() != nil && err != nil {
		err = fmt.Errorf("cancelled: %w", context.Cause(ctx))
	}
	if err != nil {
		for _, l := range r.loaders {
			l.stop()
		}
		return nil, err
	}
	out := &Result{response: res.ExporterResponse, outputs: r.outputs}
	for _, l := range r.loaders {
		said, err := l.wait()
		var refused *LoadError
		if errors.As(err, &refused) {
			refused.Attested = r.attested()
		}
		if err != nil {
			return nil, err
		}
		out.Loaded = append(out.Loaded, said)
	}
	if r.options.Output.Sign {
		if out.Sign, err = r.toSign(out); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// defaultPlatform asks for the builder's platform where none was asked for and upstream
// would take that of this process, which is another one.
func (r *Request) defaultPlatform(builders ocispecs.Platform) {
	own := platforms.Normalize(platforms.DefaultSpec())
	if p := platforms.FormatAll(builders); !r.platforms && p != platforms.FormatAll(own) {
		r.attr("platform", p)
	}
}

// AtFault reports whether what was to be built is at fault: a line of the Dockerfile or
// a step, and not the builder, a registry or the way to them.
func AtFault(err error) bool {
	var ve *errdefs.VertexError
	return errors.As(err, &ve) || len(errdefs.Sources(err)) > 0
}
