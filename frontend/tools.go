package frontend

import (
	"context"
	"errors"
	"fmt"
	"runtime"

	"github.com/containerd/platforms"
	"github.com/moby/buildkit/client/llb"
	"github.com/moby/buildkit/frontend/gateway/client"
	"github.com/moby/buildkit/solver/pb"
	"github.com/moby/buildkit/util/apicaps"
	digest "github.com/opencontainers/go-digest"

	graph "github.com/sworn-build/sworn/llb"
)

// RootsDir is the folder of the frontend's image with the authorities that recorders of
// the network trust beside those of the container (see package roots).
const RootsDir = "/etc/sworn/roots"

// Folders of the frontend's image.
const (
	ImageRunner   = "/runner"
	ImageRecorder = "/recorder"
	ImageEvidence = "/evidence"
)

// ToolSource finds the programs that run in a build's containers. Errors say what was
// looked for.
type ToolSource func(context.Context, client.Client) (graph.Tools, error)

// OwnImage is the [ToolSource] of a frontend that runs from an image: that image as
// BuildKit refers to it, so that it is the same vertex and no further material of the
// build.
func OwnImage(ctx context.Context, c client.Client) (graph.Tools, error) {
	cur, ok := c.(interface {
		CurrentFrontend() (*llb.State, error)
	})
	if !ok {
		return graph.Tools{}, errors.New("find the runner: this frontend does not run from an image")
	}
	st, err := cur.CurrentFrontend()
	if err != nil {
		return graph.Tools{}, fmt.Errorf("find the runner: %w", err)
	}
	if st == nil {
		return graph.Tools{}, errors.New("find the runner: the builder does not tell frontends their own image; BuildKit 0.12 or later does")
	}
	return toolsIn(ctx, *st, runtime.GOARCH)
}

// LocalTools is the [ToolSource] of a client that holds the programs itself and offers
// them as the local source of the name, laid out as in the frontend's image. version
// stands for their content: builds with other programs must not share the source.
func LocalTools(name, version, arch string) ToolSource {
	return func(ctx context.Context, _ client.Client) (graph.Tools, error) {
		st := llb.Local(name, llb.SharedKeyHint(name+"-"+version), llb.WithCustomName("[internal] sworn: load the runner"))
		// One vertex in every build of this version: so are the steps that use it.
		return toolsIn(ctx, st, arch, llb.LocalUniqueID(version))
	}
}

// toolsIn are the programs for an architecture in a state that is laid out as the
// frontend's image.
func toolsIn(ctx context.Context, st llb.State, arch string, opts ...llb.ConstraintsOpt) (graph.Tools, error) {
	def, err := st.Marshal(ctx, opts...)
	if err != nil {
		return graph.Tools{}, fmt.Errorf("find the runner: %w", err)
	}
	g, err := graph.Decode(def.ToPB())
	if err != nil {
		return graph.Tools{}, fmt.Errorf("find the runner: %w", err)
	}
	return graph.Tools{Def: g, Runner: ImageRunner, Recorder: ImageRecorder, Evidence: ImageEvidence, Arch: arch}, nil
}

// kernelStarts reports whether the builder says that its kernel starts programs of a
// platform. It follows BuildKit, which leaves exactly those to the kernel and gives
// the others to an emulator of its own, if it has one.
func (r *request) kernelStarts(p *pb.Platform) bool {
	want := platforms.Normalize(p.Spec())
	for _, w := range r.bc.BuildOpts().Workers {
		for _, has := range w.Platforms {
			if platforms.Only(has).Match(want) {
				return true
			}
		}
	}
	return false
}

// inputDigests returns the vertices of the frontend's inputs. They belong to other
// builds: changed, they would run again.
func inputDigests(ctx context.Context, c client.Client) (map[digest.Digest]bool, error) {
	out := map[digest.Digest]bool{}
	inputs, err := c.Inputs(ctx)
	if err != nil {
		return nil, fmt.Errorf("read frontend inputs: %w", err)
	}
	for name, st := range inputs {
		if st.Output() == nil {
			continue
		}
		def, err := st.Marshal(ctx)
		if err != nil {
			return nil, fmt.Errorf("read frontend input %s: %w", name, err)
		}
		g, err := graph.Decode(def.ToPB())
		if err != nil {
			return nil, fmt.Errorf("read frontend input %s: %w", name, err)
		}
		for v := range g.Vertices() {
			out[v.Digest] = true
		}
	}
	return out, nil
}

// checkDaemon asks for what the evidence needs before anything runs.
func (r *request) checkDaemon() error {
	caps := r.bc.BuildOpts().LLBCaps
	for _, need := range []struct {
		cap  apicaps.CapID
		what string
	}{
		{pb.CapExecMountContentCache, "mounts cached by content, which BuildKit 0.12 has"},
		{pb.CapMergeOp, "merges of file systems, which BuildKit 0.10 has"},
	} {
		if r.options.Statements == "off" && need.cap != pb.CapExecMountContentCache {
			continue
		}
		if err := caps.Supports(need.cap); err != nil {
			return fmt.Errorf("this builder does not know %s: %w", need.what, err)
		}
	}
	return nil
}
