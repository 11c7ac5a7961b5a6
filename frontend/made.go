package frontend

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/moby/buildkit/frontend/gateway/client"

	"github.com/sworn-build/sworn/frontend/rules"
	"github.com/sworn-build/sworn/step"
)

// checkEvidenceRules says of every rule about what the build makes that it cannot be
// answered: without statements there is no evidence.
func (r *request) checkEvidenceRules(ctx context.Context) error {
	asked := r.options.evidenceRules()
	if asked == nil || r.options.Statements != "off" {
		return nil
	}
	var found []rules.Finding
	for _, id := range asked.On {
		found = append(found, rules.Finding{Rule: id, Message: "not checked: with statements=off nothing is known of what the build makes"})
	}
	return r.report(ctx, found)
}

// readFindings reads what rules found in what a build made. out is the output of the
// evidence tool.
func readFindings(ctx context.Context, out client.Reference, plan step.Plan) ([]step.Finding, error) {
	if plan.Rules == nil {
		return nil, nil
	}
	b, err := out.ReadFile(ctx, client.ReadRequest{Filename: step.FindingsFile, Range: &client.FileRange{Length: step.MaxFindings + 1}})
	if err != nil {
		return nil, fmt.Errorf("read what rules found: %w", err)
	}
	f, err := step.DecodeFindings(b)
	if err != nil {
		return nil, fmt.Errorf("read what rules found: %w", err)
	}
	for _, one := range f.Findings {
		if !slices.Contains(plan.Rules.On, one.Rule) || !slices.ContainsFunc(plan.Steps, func(s step.Step) bool { return s.ID == one.Step }) {
			return nil, fmt.Errorf("read what rules found: %s of %q, which was not asked for", one.Rule, one.Step)
		}
	}
	return f.Findings, nil
}

// reportMade reports what rules found in what the build made, of all platforms.
func (r *request) reportMade(ctx context.Context, built []*platformBuild) error {
	var found []rules.Finding
	for _, b := range built {
		for _, one := range b.found {
			if f := b.finding(one); !one.Unjudged {
				found = append(found, f)
			} else if warnings, refused := r.split([]rules.Finding{f}); len(warnings)+len(refused) > 0 {
				r.warn(ctx, f) // nobody knows whether it would be refused
			}
		}
	}
	return r.report(ctx, found)
}

// finding makes a message of a finding, with the lines of its step.
func (b *platformBuild) finding(one step.Finding) rules.Finding {
	i := slices.IndexFunc(b.planned.Steps, func(s step.Step) bool { return s.ID == one.Step })
	s := b.planned.Steps[i]
	message := madeMessage(one)
	if len(b.bc.TargetPlatforms) > 1 {
		message = b.id() + ": " + message
	}
	f := rules.Finding{Rule: one.Rule, Message: message}
	if s.External { // its lines are those of another Dockerfile
		return f
	}
	f.Ranges = rangesOfLines(s.Lines)
	return f
}

// madeMessage names what a finding is about: the first subjects, and how many there are.
func madeMessage(f step.Finding) string {
	subjects := make([]string, len(f.Subjects))
	for i, s := range f.Subjects {
		subjects[i] = subject(s)
	}
	if more := f.Count - len(subjects); more > 0 {
		subjects = append(subjects, fmt.Sprintf("and %d more", more))
	}
	return fmt.Sprintf("%s: %s", counted(f), strings.Join(subjects, ", "))
}

// counted says how many of what a rule found.
func counted(f step.Finding) string {
	one, many := "", ""
	switch f.Rule {
	case rules.SetuidFileAdded:
		one, many = "1 setuid or setgid file", "setuid or setgid files"
	case rules.WorldWritableFileAdded:
		one, many = "1 file or folder that everyone may write", "files and folders that everyone may write"
	case rules.UnexplainedFile:
		one, many = "1 file whose bytes come from nowhere on record", "files whose bytes come from nowhere on record"
	case rules.UndeclaredPackageSource:
		one, many = "1 package from elsewhere than the declared sources", "packages from elsewhere than the declared sources"
	case rules.ListedLicence:
		one, many = "1 package under a listed licence", "packages under a listed licence"
		if f.Unjudged {
			one, many = "1 package whose licence is not known is not judged", "packages whose licences are not known are not judged"
		}
	}
	if f.Count == 1 {
		return one
	}
	return fmt.Sprintf("%d %s", f.Count, many)
}

// subject names a file with its package and what the rule looked at, or a package.
func subject(s step.Subject) string {
	name, about := shown(string(s.Path)), []string{}
	switch {
	case s.Path == "":
		name = shown(s.Package)
	case s.Package != "":
		about = append(about, "package "+shown(s.Package))
	}
	if s.Detail != "" {
		about = append(about, shown(s.Detail))
	}
	if len(about) == 0 {
		return name
	}
	return name + " (" + strings.Join(about, ", ") + ")"
}

// maxShown bounds one name in a message, in bytes.
const maxShown = 300

// shown is text of a build as a message may have it: what a terminal would act on is
// escaped.
func shown(text string) string {
	if len(text) > maxShown {
		text = text[:maxShown] + "..."
	}
	if quoted := strconv.QuoteToGraphic(text); quoted != `"`+text+`"` {
		return quoted
	}
	return text
}
