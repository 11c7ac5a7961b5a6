package frontend

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/moby/buildkit/frontend/dockerfile/parser"
	"github.com/moby/buildkit/frontend/dockerui"
	"github.com/moby/buildkit/frontend/gateway/client"
	gwpb "github.com/moby/buildkit/frontend/gateway/pb"
	"github.com/moby/buildkit/solver/errdefs"
	"github.com/moby/buildkit/solver/pb"
	"github.com/moby/buildkit/util/grpcerrors"
	"github.com/moby/buildkit/util/stack"
	"google.golang.org/grpc/codes"
)

// keySyntaxArg names another frontend from the command line.
const keySyntaxArg = "build-arg:BUILDKIT_SYNTAX"

// Capabilities that a client may ask of a Dockerfile frontend; the image's label
// moby.buildkit.frontend.caps lists the same.
func frontendCaps() []string {
	return []string{
		"moby.buildkit.frontend.inputs",
		"moby.buildkit.frontend.subrequests",
		"moby.buildkit.frontend.contexts",
		"moby.buildkit.frontend.gitquerystring",
		"moby.buildkit.frontend.contexts.zstd",
	}
}

// checkCaps checks the capabilities that a client requires. forward reports that the
// missing one may be had from the frontend that the syntax line names.
func checkCaps(req string) (forward bool, err error) {
	if req == "" {
		return false, nil
	}
	known := frontendCaps()
	for c := range strings.SplitSeq(req, ",") {
		name, _, _ := strings.Cut(c, "+")
		if slices.Contains(known, name) {
			continue
		}
		err = stack.Enable(grpcerrors.WrapCode(errdefs.NewUnsupportedFrontendCapError(name), codes.Unimplemented))
		if !strings.Contains(c, "+forward") {
			return false, err
		}
		forward = true
	}
	return forward, err
}

// forwarded builds with the frontend that the Dockerfile or BUILDKIT_SYNTAX names,
// when this one was not itself called through such a line.
func forwarded(ctx context.Context, c client.Client, src *dockerui.Source, opts map[string]string) (*client.Result, bool, error) {
	if _, ok := opts[optCmdline]; ok {
		return nil, false, nil
	}
	if line, ok := opts[keySyntaxArg]; ok {
		ref, _, _ := strings.Cut(strings.TrimSpace(line), " ")
		res, err := forward(ctx, c, ref, line)
		if err != nil && len(errdefs.Sources(err)) == 0 {
			err = fmt.Errorf("failed with %s = %s: %w", keySyntaxArg, line, err)
		}
		return res, true, err
	}
	ref, line, loc, ok := parser.DetectSyntax(src.Data)
	if !ok {
		return nil, false, nil
	}
	res, err := forward(ctx, c, ref, line)
	if err != nil && len(errdefs.Sources(err)) == 0 {
		err = withSource(err, src.SourceMap, loc)
	}
	return res, true, err
}

// ownSyntax returns the options of a build whose Dockerfile is not forwarded: with
// those of the syntax line, if there is one. It tells which frontend that names.
func ownSyntax(src *dockerui.Source, opts map[string]string, tell func(ref string)) map[string]string {
	ref, line, _, ok := parser.DetectSyntax(src.Data)
	if !ok {
		return opts
	}
	tell(ref)
	opts = maps.Clone(opts)
	opts[optCmdline] = line
	return opts
}

// heldSyntax returns the options of a build whose Dockerfile is not forwarded because the
// operator's image holds builds to something, which no other frontend would do.
func heldSyntax(ctx context.Context, src *dockerui.Source, opts map[string]string, held []string) (map[string]string, error) {
	if _, ok := opts[optCmdline]; ok {
		return opts, nil
	}
	why := "the frontend image holds all builds to its " + strings.Join(held, " and ")
	if line, ok := opts[keySyntaxArg]; ok {
		return nil, fmt.Errorf("%s=%s asks for another frontend, but %s", keySyntaxArg, line, why)
	}
	return ownSyntax(src, opts, func(ref string) {
		src.Warn(ctx, fmt.Sprintf("The frontend %s that the syntax line names is not called: %s", ref, why), client.WarnOpts{
			Level: 1, Range: []*pb.Range{{Start: &pb.Position{Line: 1}, End: &pb.Position{Line: 1}}},
		})
	}), nil
}

func forward(ctx context.Context, c client.Client, ref, line string) (*client.Result, error) {
	bopts := c.BuildOpts()
	opts := bopts.Opts
	if opts == nil {
		opts = map[string]string{}
	}
	opts[optCmdline] = line
	opts["source"] = ref

	var inputs map[string]*pb.Definition
	if bopts.Caps.Supports(gwpb.CapFrontendInputs) == nil {
		states, err := c.Inputs(ctx)
		if err != nil {
			return nil, fmt.Errorf("read frontend inputs: %w", err)
		}
		inputs = make(map[string]*pb.Definition, len(states))
		for name, st := range states {
			def, err := st.Marshal(ctx)
			if err != nil {
				return nil, fmt.Errorf("read frontend input %s: %w", name, err)
			}
			inputs[name] = def.ToPB()
		}
	}
	return c.Solve(ctx, client.SolveRequest{Frontend: "gateway.v0", FrontendOpt: opts, FrontendInputs: inputs})
}
