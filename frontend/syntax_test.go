package frontend

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/moby/buildkit/client/llb"
	"github.com/moby/buildkit/frontend/dockerui"
	"github.com/moby/buildkit/frontend/gateway/client"
	"github.com/moby/buildkit/solver/errdefs"
	"github.com/moby/buildkit/util/grpcerrors"
	"google.golang.org/grpc/codes"
)

func TestCheckCaps(t *testing.T) {
	const known = "moby.buildkit.frontend.inputs"
	for _, c := range []struct {
		req     string
		forward bool
		err     string // the capability that is missing
	}{
		{"", false, ""},
		{known, false, ""},
		{strings.Join(frontendCaps(), ","), false, ""},
		{known + "+forward", false, ""},
		{"x.y", false, "x.y"},
		{known + ",x.y", false, "x.y"},
		{"x.y+forward", true, "x.y"},
		{"x.y+forward,z", false, "z"},
		{"x.y,z+forward", false, "x.y"},
	} {
		forward, err := checkCaps(c.req)
		if forward != c.forward || (err != nil) != (c.err != "") {
			t.Errorf("%q: forward %v, error %v", c.req, forward, err)
			continue
		}
		if err == nil {
			continue
		}
		var missing *errdefs.UnsupportedFrontendCapError
		if !errors.As(err, &missing) || missing.Name != c.err || grpcerrors.Code(err) != codes.Unimplemented {
			t.Errorf("%q: error %v, code %s", c.req, err, grpcerrors.Code(err))
		}
	}
}

// frontendCalls keeps the calls of other frontends (a fake: the daemon would run
// them).
type frontendCalls struct {
	*fakeGateway
	err   error
	calls []client.SolveRequest
}

func (f *frontendCalls) Solve(_ context.Context, req client.SolveRequest) (*client.Result, error) {
	f.calls = append(f.calls, req)
	return client.NewResult(), f.err
}

// TestBuildsThatAreHeldToSomethingAreNotForwarded: another frontend would not hold them
// to it.
func TestBuildsThatAreHeldToSomethingAreNotForwarded(t *testing.T) {
	const dockerfile = "# syntax=docker/dockerfile:1\nFROM scratch\nCOPY a /a\n"
	for _, c := range []struct {
		name, variable string
		opts           map[string]string
		err            string
	}{
		{name: "a Dockerfile that names another frontend", variable: "SWORN_BASE=signed", err: "base=signed: nobody is trusted"},
		{name: "rules", variable: "SWORN_RULES=none"},
		{
			name: "BUILDKIT_SYNTAX", variable: "SWORN_BASE=signed", opts: map[string]string{keySyntaxArg: "docker/dockerfile:1"},
			err: "build-arg:BUILDKIT_SYNTAX=docker/dockerfile:1 asks for another frontend, but the frontend image holds all builds to its SWORN_BASE",
		},
		{
			name: "options of another frontend", variable: "SWORN_BASE=signed", opts: map[string]string{"build-arg:SWORN_BASE": "any"},
			err: "build arg SWORN_BASE: base=any is weaker than base=signed",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := newGateway(t, dockerfile, c.opts)
			delete(g.opts, optCmdline)
			_, err := Frontend{Environ: []string{c.variable}}.Build(t.Context(), g)
			if c.err == "" && err != nil || c.err != "" && (err == nil || !strings.Contains(err.Error(), c.err)) {
				t.Errorf("error %v, want %q", err, c.err)
			}
			for _, req := range g.solved {
				if req.Frontend != "" {
					t.Errorf("forwarded to %s", req.FrontendOpt["source"])
				}
			}
		})
	}
}

func TestForwardToTheFrontendThatTheUserNames(t *testing.T) {
	const dockerfile = "# syntax=registry.test/other:1 a=b\nFROM scratch\n"
	src := &dockerui.Source{SourceMap: llb.NewSourceMap(nil, "Dockerfile", "Dockerfile", []byte(dockerfile))}
	src.Definition = &llb.Definition{} // dockerui sets it
	for _, c := range []struct {
		name    string
		opts    map[string]string
		source  string // empty: not forwarded
		cmdline string
	}{
		{name: "called through a syntax line", opts: map[string]string{"cmdline": "registry.test/sworn:1"}},
		{name: "called directly", opts: map[string]string{}, source: "registry.test/other:1", cmdline: "registry.test/other:1 a=b"},
		{
			name: "BUILDKIT_SYNTAX wins", opts: map[string]string{keySyntaxArg: "registry.test/third:1 c=d"},
			source: "registry.test/third:1", cmdline: "registry.test/third:1 c=d",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := &frontendCalls{fakeGateway: newGateway(t, dockerfile, nil)}
			f.opts = c.opts
			_, ok, err := forwarded(t.Context(), f, src, c.opts)
			if err != nil || ok != (c.source != "") || len(f.calls) != map[bool]int{true: 1}[ok] {
				t.Fatalf("forwarded %v, %d calls, error %v", ok, len(f.calls), err)
			}
			if !ok {
				return
			}
			req := f.calls[0]
			if req.Frontend != "gateway.v0" || req.FrontendOpt["source"] != c.source || req.FrontendOpt["cmdline"] != c.cmdline {
				t.Errorf("call %v", req)
			}
		})
	}
	f := &frontendCalls{fakeGateway: newGateway(t, dockerfile, nil), err: errors.New("no such frontend")}
	_, _, err := forwarded(t.Context(), f, src, map[string]string{})
	if s := errdefs.Sources(err); len(s) != 1 || s[0].Ranges[0].Start.Line != 1 {
		t.Errorf("error %v does not point at the syntax line", err)
	}
	_, _, err = forwarded(t.Context(), f, src, map[string]string{keySyntaxArg: "x y"})
	if d := cmp.Diff("failed with build-arg:BUILDKIT_SYNTAX = x y: no such frontend", err.Error()); d != "" {
		t.Errorf("error (-want +got):\n%s", d)
	}
}
