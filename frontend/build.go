package frontend

import (
	"context"
	"fmt"
	"maps"
	"sync"

	"github.com/moby/buildkit/client/llb"
	"github.com/moby/buildkit/frontend/dockerfile/dockerfile2llb"
	"github.com/moby/buildkit/frontend/dockerfile/linter"
	"github.com/moby/buildkit/frontend/dockerfile/parser"
	"github.com/moby/buildkit/frontend/dockerui"
	"github.com/moby/buildkit/frontend/gateway/client"
	"github.com/moby/buildkit/frontend/subrequests/convertllb"
	"github.com/moby/buildkit/frontend/subrequests/lint"
	"github.com/moby/buildkit/frontend/subrequests/outline"
	"github.com/moby/buildkit/frontend/subrequests/targets"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/sworn-build/sworn/frontend/rules"
	"github.com/sworn-build/sworn/provenance/trust"
	"github.com/sworn-build/sworn/step"
	"github.com/sworn-build/sworn/step/roots"
)

// request is one call of the frontend.
type request struct {
	c         client.Client
	bc        *dockerui.Client
	src       *dockerui.Source
	opts      map[string]string
	options   Options
	find      ToolSource
	convert   dockerfile2llb.ConvertOpt
	git       gitPins
	trust     trust.Anchors
	roots     roots.Set
	bases     calls[*step.Verified]
	documents calls[*step.Carried] // of base images, by key
	indexes   calls[[]byte]        // of base images, by reference
	chains    sync.Map             // of images that have an index, by key: *sourceresolver.AttestationChain
	steps     *profiles
	file      *rules.File    // nil: see unread
	unread    error          // of rules that could not read the Dockerfile
	masked    *llb.SourceMap // the Dockerfile less its secrets; nil: it has none
	warned    sync.Map       // findings that the build has warned of
}

// Frontend builds Dockerfiles. The zero value has Sworn's own defaults.
type Frontend struct {
	// Environ holds KEY=value entries; those that begin with SWORN_ are defaults for
	// the options (see [ParseOptions]).
	Environ []string
	// Tools finds the programs that run in a build's containers. Nil: those of the
	// image that this frontend runs from.
	Tools ToolSource
	// Trust are whom base images may be signed by, under base=signed.
	Trust trust.Anchors
	// Roots are the authorities that recorders of the network trust beside those of the
	// container.
	Roots roots.Set
	// OwnSyntax makes this frontend build every Dockerfile itself. It is told the
	// reference when a syntax line names a frontend; options behind it are in force.
	// Nil: a Dockerfile that names a frontend is forwarded to it, as upstream does,
	// unless this frontend was called through that line, or Environ has an option that
	// builds can only tighten.
	OwnSyntax func(ref string)
}

// Build implements client.BuildFunc. Its errors carry Dockerfile lines where there
// are any.
func (f Frontend) Build(ctx context.Context, c client.Client) (_ *client.Result, err error) {
	rc := &resolveCache{Client: c}
	bc, err := dockerui.NewClient(rc)
	if err != nil {
		return nil, err
	}
	opts := bc.BuildOpts().Opts
	forward, capsErr := checkCaps(opts["frontend.caps"])
	if capsErr != nil && !forward {
		return nil, capsErr
	}
	src, err := bc.ReadEntrypoint(ctx, "Dockerfile")
	if err != nil {
		return nil, err
	}
	if held := heldTo(f.Environ); f.OwnSyntax == nil && len(held) > 0 {
		if opts, err = heldSyntax(ctx, src, opts, held); err != nil {
			return nil, err
		}
	} else if f.OwnSyntax != nil {
		opts = ownSyntax(src, opts, f.OwnSyntax)
	} else if res, ok, err := forwarded(ctx, rc, src, opts); ok {
		return res, err
	}
	if capsErr != nil {
		return nil, capsErr
	}
	options, err := ParseOptions(f.Environ, opts)
	if err != nil {
		return nil, optionError(err, src, opts)
	}
	r := &request{c: rc, bc: bc, src: src, opts: opts, options: options, find: f.Tools, trust: f.Trust, roots: f.Roots}
	r.convert = r.convertOpt(ctx)
	r.readRules()
	if res, ok, err := bc.HandleSubrequest(ctx, r.subrequests()); ok || err != nil {
		return res, err
	}
	defer func() { err = locate(err, src.SourceMap) }()
	return r.build(ctx, c)
}

// optionError points at the syntax line when the options came from there.
func optionError(err error, src *dockerui.Source, opts map[string]string) error {
	if _, _, loc, ok := parser.DetectSyntax(src.Data); ok && opts[keySyntaxArg] == "" {
		return withSource(err, src.SourceMap, loc)
	}
	return err
}

func (r *request) convertOpt(ctx context.Context) dockerfile2llb.ConvertOpt {
	cfg := r.bc.Config
	cfg.BuildArgs = withoutOptions(cfg.BuildArgs)
	return dockerfile2llb.ConvertOpt{
		Config:       cfg,
		Client:       r.bc,
		SourceMap:    r.src.SourceMap,
		MetaResolver: r.c,
		Warn: func(rule, description, url, msg string, loc []parser.Range) {
			line := 0
			if len(loc) > 0 {
				line = loc[0].Start.Line
			}
			w := client.WarnOpts{Level: 1, Detail: [][]byte{[]byte(description)}, URL: url, SourceInfo: sourceInfo(r.shown())}
			if loc != nil {
				w.Range = pbRanges(loc)
			}
			r.src.Warn(ctx, linter.LintFormatShort(rule, msg, line), w)
		},
	}
}

func (r *request) subrequests() dockerui.RequestHandler {
	return dockerui.RequestHandler{
		Outline: func(ctx context.Context) (*outline.Outline, error) {
			return dockerfile2llb.Dockerfile2Outline(ctx, r.src.Data, r.convert)
		},
		ListTargets: func(ctx context.Context) (*targets.List, error) {
			return dockerfile2llb.ListTargets(ctx, r.src.Data)
		},
		Lint: func(ctx context.Context) (*lint.LintResults, error) {
			results, err := dockerfile2llb.DockerfileLint(ctx, r.src.Data, r.convert)
			if err == nil {
				r.lint(results)
			}
			return results, err
		},
		ConvertLLB: func(ctx context.Context) (*convertllb.Result, error) {
			return dockerfile2llb.DockerfileConvertLLB(ctx, r.src.Data, r.convert)
		},
	}
}

// build builds every platform and attaches what belongs to each. current is the
// client before any wrapping: it knows the frontend's own image.
func (r *request) build(ctx context.Context, current client.Client) (*client.Result, error) {
	find := r.find
	if find == nil {
		find = OwnImage
	}
	var err error
	if r.steps, err = readProfiles(r.src.Data, r.options); err != nil {
		return nil, err
	}
	tools, err := find(ctx, current)
	if err != nil {
		return nil, err
	}
	tools.Roots = r.roots
	external, err := inputDigests(ctx, r.c)
	if err != nil {
		return nil, err
	}
	scan, err := r.scanner(ctx)
	if err != nil {
		return nil, err
	}
	if err := r.checkDaemon(); err != nil {
		return nil, err
	}
	if err := r.checkTrust(); err != nil {
		return nil, err
	}
	if err := r.report(ctx, r.inDockerfile(r.bc.TargetPlatforms, false)); err != nil {
		return nil, err
	}
	if err := r.checkEvidenceRules(ctx); err != nil {
		return nil, err
	}
	var built platformResults
	rb, err := r.bc.Build(ctx, func(ctx context.Context, p *ocispecs.Platform, idx int) (*dockerui.BuildResult, error) {
		opt := r.convert
		opt.BuildArgs = maps.Clone(opt.BuildArgs)
		opt.TargetPlatform = p
		configs := &configReads{Client: r.c}
		opt.MetaResolver = configs
		if idx != 0 {
			opt.Warn = nil
		}
		df, err := dockerfile2llb.Dockerfile2LLB(ctx, r.steps.dockerfile, opt)
		if err == nil { // BuildKit's own error says it better
			err = r.unread
		}
		if err != nil {
			return nil, err
		}
		pb := &platformBuild{request: r, tools: tools, external: external, platform: platformOf(p), dockerfile: df, configs: configs}
		if err := pb.run(ctx); err != nil {
			return nil, err
		}
		built.add(pb)
		return &dockerui.BuildResult{Reference: pb.ref, Image: df.Image, BaseImage: df.BaseImage, Epoch: df.Epoch}, nil
	})
	if err != nil {
		return nil, err
	}
	if err := r.reportMade(ctx, built.sorted()); err != nil {
		return nil, err
	}
	for _, pb := range built.sorted() {
		for _, a := range pb.attestations {
			rb.AddAttestation(pb.id(), a)
		}
		if err := scan.attach(ctx, rb, pb); err != nil {
			return nil, fmt.Errorf("scan %s: %w", pb.id(), err)
		}
	}
	return rb.Finalize()
}
