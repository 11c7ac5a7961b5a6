package frontend

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/moby/buildkit/client/llb"
	"github.com/moby/buildkit/frontend/gateway/client"

	"github.com/sworn-build/sworn/frontend/rules"
)

// RuleError: what rules at level error have found.
type RuleError struct {
	Findings []rules.Finding // at least one
}

func (e *RuleError) Error() string {
	found := make([]string, 0, len(e.Findings))
	for _, f := range e.Findings {
		r, _ := rules.ByID(f.Rule)
		found = append(found, fmt.Sprintf("%s, see %s", f, r.URL()))
	}
	return "rules that this build has to keep are broken: " + strings.Join(found, "; ")
}

// report warns of what rules at level warn have found, as BuildKit does of its own
// checks, and returns one error with everything that rules at level error have found; it
// carries the lines. Findings of rules that are off, and those that are skipped or accepted
// above their instruction, are dropped.
func (r *request) report(ctx context.Context, findings []rules.Finding) error {
	warnings, refused := r.split(findings)
	for _, f := range warnings {
		if _, again := r.warned.LoadOrStore(f.String(), true); !again { // on another platform
			r.warn(ctx, f)
		}
	}
	if len(refused) == 0 {
		return nil
	}
	var err error = &RuleError{Findings: refused}
	for _, f := range refused {
		if len(f.Ranges) > 0 {
			err = withSource(err, r.shown(), f.Ranges)
		}
	}
	return err
}

func (r *request) split(findings []rules.Finding) (warnings, refused []rules.Finding) {
	set := r.options.ruleSet()
	if r.file != nil {
		findings = r.file.Unskipped(set, findings)
	}
	findings = slices.DeleteFunc(slices.Clone(findings), func(f rules.Finding) bool { return r.steps.accepts(f.Line(), f.Rule) })
	return set.Split(findings)
}

func (r *request) warn(ctx context.Context, f rules.Finding) {
	rule, _ := rules.ByID(f.Rule)
	w := client.WarnOpts{Level: 1, Detail: [][]byte{[]byte(rule.Description)}, URL: rule.URL(), SourceInfo: sourceInfo(r.shown())}
	if len(f.Ranges) > 0 {
		w.Range = pbRanges(f.Ranges)
	}
	r.src.Warn(ctx, f.String(), w)
}

// shown is the Dockerfile as findings show it: without secrets.
func (r *request) shown() *llb.SourceMap {
	if r.masked != nil {
		return r.masked
	}
	return r.src.SourceMap
}
