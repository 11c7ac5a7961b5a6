package frontend

import (
	"bytes"
	"errors"
	"fmt"
	"maps"

	"github.com/containerd/platforms"
	"github.com/moby/buildkit/frontend/dockerfile/parser"
	"github.com/moby/buildkit/frontend/dockerui"
	"github.com/moby/buildkit/frontend/subrequests/lint"
	"github.com/moby/buildkit/solver/pb"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/sworn-build/sworn/frontend/rules"
)

// readRules reads the Dockerfile for the rules. Those that its check directive skips are
// off from here on, in the record too.
func (r *request) readRules() {
	file, err := rules.Read(r.src.Data, r.bc.LinterConfig)
	if err != nil {
		r.unread = fmt.Errorf("check the Dockerfile against rules: %w", err)
		return
	}
	r.file = file
	r.options.Rules = file.Skip(r.options.ruleSet()).String()
}

// inDockerfile are the findings of rules in the Dockerfile, on every platform. None: the
// build's own.
func (r *request) inDockerfile(targets []ocispecs.Platform, allStages bool) []rules.Finding {
	if r.file == nil {
		return nil
	}
	native := platforms.DefaultSpec()
	if p := r.bc.BuildPlatforms; len(p) > 0 {
		native = p[0]
	}
	if len(targets) == 0 {
		targets = []ocispecs.Platform{native}
	}
	var found []rules.Finding
	for _, p := range targets {
		found = append(found, r.file.Check(rules.Build{
			Args: maps.Clone(r.convert.BuildArgs), Target: r.bc.Target, AllStages: allStages,
			BuildPlatform: native, TargetPlatform: p, Named: r.namedContext(p),
		})...)
	}
	if data := rules.Masked(r.src.Data, found); !bytes.Equal(data, r.src.Data) {
		masked := *r.src.SourceMap
		masked.Data = data
		r.masked = &masked
	}
	return found
}

// namedContext reports whether the build has a context of a name. What is no name is an
// error of the build.
func (r *request) namedContext(p ocispecs.Platform) func(string) bool {
	return func(name string) bool {
		nc, err := r.bc.NamedContext(name, dockerui.ContextOpt{Platform: &p})
		return err == nil && nc != nil
	}
}

// rangesOf are where an error of a parser is.
func rangesOf(err error) []*pb.Range {
	var out []*pb.Range
	var el *parser.LocationError
	if errors.As(err, &el) {
		for _, ranges := range el.Locations {
			out = append(out, pbRanges(ranges)...)
		}
	}
	return out
}

// lint adds findings of rules to those of BuildKit's own checks. What would fail the build
// is the error of the check, unless it has one already.
func (r *request) lint(results *lint.LintResults) {
	var err error
	if r.steps, err = readProfiles(r.src.Data, r.options); err != nil && results.Error == nil {
		results.Error = &lint.BuildError{Message: err.Error(), Location: pb.Location{Ranges: rangesOf(err)}}
	}
	warnings, refused := r.split(r.inDockerfile(nil, r.bc.Target == ""))
	for _, s := range results.Sources { // BuildKit's own checks show it too
		if bytes.Equal(s.Data, r.src.Data) {
			s.Data = r.shown().Data
		}
	}
	if len(warnings)+len(refused) == 0 {
		return
	}
	source := results.AddSource(r.shown())
	for _, f := range append(warnings, refused...) {
		rule, _ := rules.ByID(f.Rule)
		results.AddWarning(f.Rule, rule.Description, rule.URL(), f.Message, source, f.Ranges)
	}
	if len(refused) > 0 && results.Error == nil {
		results.Error = &lint.BuildError{
			Message:  (&RuleError{Findings: refused}).Error(),
			Location: pb.Location{SourceIndex: int32(source), Ranges: pbRanges(refused[0].Ranges)},
		}
	}
}
