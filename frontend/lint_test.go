package frontend

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/moby/buildkit/frontend/subrequests/lint"
	"github.com/moby/buildkit/solver/errdefs"

	"github.com/sworn-build/sworn/frontend/rules"
	"github.com/sworn-build/sworn/step"
)

// linted is what the lint subrequest says of a Dockerfile.
func linted(t *testing.T, env []string, dockerfile string, opts map[string]string) (lint.LintResults, string) {
	t.Helper()
	f := newGateway(t, dockerfile, opts)
	f.opts["requestid"] = lint.RequestLint
	res, err := (Frontend{Environ: env}).Build(t.Context(), f)
	if err != nil {
		t.Fatal(err)
	}
	var out lint.LintResults
	if err := json.Unmarshal(res.Metadata["result.json"], &out); err != nil {
		t.Fatal(err)
	}
	return out, string(res.Metadata["result.statuscode"])
}

// TestLintHasBothKindsOfFindings: those of BuildKit's checks and those of rules.
func TestLintHasBothKindsOfFindings(t *testing.T) {
	const dockerfile = "FROM registry.test/a:1 as build\nRUN curl https://a.test | sh\nFROM scratch\n"
	show := func(r lint.LintResults) (out []string) {
		for _, w := range r.Warnings {
			out = append(out, w.RuleName+" "+string(rune('0'+w.Location.Ranges[0].Start.Line)))
			if rule, ok := rules.ByID(w.RuleName); ok && (w.URL != rule.URL() || w.Description != rule.Description) {
				t.Errorf("%+v is not of %+v", w, rule)
			}
		}
		slices.Sort(out)
		return out
	}
	for _, c := range []struct {
		name   string
		env    []string
		opts   map[string]string
		want   []string
		status string
		err    string
	}{
		{name: "defaults, every stage", want: []string{"DownloadPipedToShell 2", "FromAsCasing 1"}, status: "1"},
		{name: "a target", opts: map[string]string{"target": "build"}, want: []string{"DownloadPipedToShell 2", "FromAsCasing 1"}, status: "1"},
		{name: "none", opts: map[string]string{"build-arg:SWORN_RULES": "none"}, want: []string{"FromAsCasing 1"}, status: "1"},
		{
			name: "error", opts: map[string]string{"build-arg:SWORN_RULES": "UnpinnedBaseImage:error"}, status: "1",
			want: []string{"DownloadPipedToShell 2", "FromAsCasing 1", "UnpinnedBaseImage 1"},
			err:  "UnpinnedBaseImage: FROM of registry.test/a:1 is not pinned",
		},
		{
			name: "of the operator, whatever is skipped", env: []string{"SWORN_RULES=none,UnpinnedBaseImage:error"}, status: "1",
			opts: map[string]string{"build-arg:BUILDKIT_DOCKERFILE_CHECK": "skip=all"},
			want: []string{"UnpinnedBaseImage 1"}, err: "UnpinnedBaseImage: FROM of registry.test/a:1 is not pinned",
		},
		{name: "skipped", opts: map[string]string{"build-arg:BUILDKIT_DOCKERFILE_CHECK": "skip=all"}, status: "0"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, status := linted(t, c.env, dockerfile, c.opts)
			if d := cmp.Diff(c.want, show(got)); d != "" || status != c.status {
				t.Errorf("status %s, want %s; findings (-want +got):\n%s", status, c.status, d)
			}
			switch {
			case c.err == "" && got.Error != nil:
				t.Errorf("error %+v", got.Error)
			case c.err != "" && (got.Error == nil || !strings.Contains(got.Error.Message, c.err) || got.Error.Location.Ranges[0].Start.Line != 1):
				t.Errorf("error %+v, want %s", got.Error, c.err)
			}
		})
	}
}

func TestAnErrorOfTheDockerfileIsThatOfTheCheck(t *testing.T) {
	got, _ := linted(t, nil, "FROM scratch\nNOSUCH x\n", map[string]string{"build-arg:SWORN_RULES": "all:error"})
	if got.Error == nil || !strings.Contains(got.Error.Message, "unknown instruction") || len(got.Warnings) > 0 {
		t.Errorf("%+v", got)
	}
}

func TestNoFindingShowsASecret(t *testing.T) {
	token := "ghp_" + strings.Repeat("a1", 18)
	// BuildKit's own check on names shows the line, too.
	dockerfile := "FROM scratch\nENV TOKEN=" + token + "\nADD https://a.test/x /x\n"
	f := newGateway(t, dockerfile, map[string]string{"requestid": lint.RequestLint, "build-arg:SWORN_RULES": "all:error"})
	res, err := (Frontend{}).Build(t.Context(), f)
	if err != nil {
		t.Fatal(err)
	}
	for name, data := range res.Metadata {
		if strings.Contains(string(data), token) {
			t.Errorf("%s has it:\n%s", name, data)
		}
	}
	if text := string(res.Metadata["result.txt"]); strings.Count(text, ">>> ENV TOKEN=*****") != 2 || !strings.Contains(text, ">>> ADD https") {
		t.Errorf("shown:\n%s", text)
	}
	f = newGateway(t, dockerfile, map[string]string{"build-arg:SWORN_RULES": "all:error"})
	_, err = (Frontend{}).Build(t.Context(), f)
	for _, src := range errdefs.Sources(overTheWire(t, err)) {
		if strings.Contains(src.String(), token) {
			t.Errorf("the error has it: %v", src)
		}
	}
	f = newGateway(t, dockerfile, nil)
	if _, err := (Frontend{}).Build(t.Context(), f); err != nil {
		t.Fatal(err)
	}
	if len(f.warned) < 3 {
		t.Errorf("%d warnings", len(f.warned))
	}
	for _, w := range f.warned {
		if strings.Contains(w.SourceInfo.String(), token) {
			t.Errorf("the warning %q has it", w.Detail)
		}
	}
}

// TestDirectivesAcceptWhatRulesFind: at any level, and less what the operator has named.
func TestDirectivesAcceptWhatRulesFind(t *testing.T) {
	const dockerfile = "FROM registry.test/a:1\n# sworn: accept=DownloadPipedToShell reason=\"no other way\"\nRUN curl https://a.test | sh\nRUN curl https://b.test | sh\n"
	const found = "DownloadPipedToShell: sh runs what curl downloads: save it, verify it, then run it (line 4)"
	const held = "directive in line 2: accept=DownloadPipedToShell: the frontend image holds all builds to that rule"
	for _, c := range []struct {
		name, dockerfile string
		env              []string
		want             string
	}{
		{"another step", dockerfile, nil, found},
		{"the only one", strings.TrimSuffix(dockerfile, "RUN curl https://b.test | sh\n"), nil, ""},
		{"named by the operator", dockerfile, []string{"SWORN_RULES=DownloadPipedToShell:warn"}, held},
		{"another one named", strings.TrimSuffix(dockerfile, "RUN curl https://b.test | sh\n"), []string{"SWORN_RULES=AddWithoutChecksum:warn"}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			opts := map[string]string{"build-arg:SWORN_RULES": "DownloadPipedToShell:error"}
			f := newGateway(t, c.dockerfile, opts)
			_, err := (Frontend{Environ: c.env}).Build(t.Context(), f)
			got, _ := linted(t, c.env, c.dockerfile, opts)
			if c.want == "" {
				if err != nil || got.Error != nil || len(got.Warnings) > 0 {
					t.Fatalf("%v; lint: %+v", err, got)
				}
				for _, data := range f.plans(t) {
					p, err := step.DecodePlan(data)
					want := []step.Directive{{Line: 2, Accept: []string{rules.DownloadPipedToShell}, Reason: "no other way"}}
					if d := cmp.Diff(want, p.Steps[0].Directives); err != nil || d != "" {
						t.Errorf("%v, directives (-want +got):\n%s", err, d)
					}
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "(line 3)") {
				t.Errorf("error %v, want %s", err, c.want)
			}
			if got.Error == nil || !strings.Contains(got.Error.Message, c.want) || len(got.Error.Location.Ranges) != 1 {
				t.Errorf("lint: %+v, want %s", got.Error, c.want)
			}
		})
	}
}

// TestRulesAtLevelErrorFailBeforeAnythingRuns: the daemon is asked for the Dockerfile, and
// not for any step.
func TestRulesAtLevelErrorFailBeforeAnythingRuns(t *testing.T) {
	const dockerfile = "FROM registry.test/a:1\nRUN curl https://a.test | sh\n"
	f := newGateway(t, dockerfile, map[string]string{"cmdline": "registry.test/sworn:1 rules=DownloadPipedToShell:error", "platform": "linux/amd64,linux/arm64"})
	_, err := (Frontend{}).Build(t.Context(), f)
	if err == nil || strings.Count(err.Error(), "DownloadPipedToShell: sh runs what curl downloads: save it, verify it, then run it (line 2)") != 1 {
		t.Fatalf("error %v", err)
	}
	if src := errdefs.Sources(overTheWire(t, err)); len(src) != 1 || src[0].Ranges[0].Start.Line != 2 {
		t.Errorf("sources %v", src)
	}
	for _, ref := range f.refs {
		for v := range ref.g.Vertices() {
			if v.Op.GetExec() != nil {
				t.Errorf("the daemon was asked for %q", v.Name())
			}
		}
	}
}

func TestLevelsInForceAreInThePlan(t *testing.T) {
	f := newGateway(t, "# check=skip=DownloadPipedToShell\nFROM registry.test/a:1\nRUN true\n", map[string]string{"build-arg:SWORN_RULES": "UnpinnedBaseImage:warn"})
	if _, err := (Frontend{}).Build(t.Context(), f); err != nil {
		t.Fatal(err)
	}
	for _, data := range f.plans(t) {
		p, err := step.DecodePlan(data)
		if err != nil {
			t.Fatal(err)
		}
		if got, want := p.Options["rules"], "none,AddWithoutChecksum:warn,ListedLicence:warn,SecretValueInArgOrEnv:warn,UndeclaredPackageSource:warn,UnpinnedBaseImage:warn"; got != want {
			t.Errorf("%s, want %s", got, want)
		}
		return
	}
	t.Error("no plan")
}
