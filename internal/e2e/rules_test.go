//go:build e2e

package e2e

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/crane"
	"github.com/moby/buildkit/frontend/subrequests/lint"
)

// broken is a Dockerfile with something for every rule that looks at one, and for a check
// of BuildKit's own. Nothing of it runs: each build has another first step.
func broken() (text, token string) {
	token = "ghp_" + strings.Repeat("a1", 18)
	return `FROM busybox as unused
RUN curl https://unused.test | sh
FROM busybox
RUN echo ` + rand.Text() + ` > /made
ENV GREETING=` + token + `
RUN if false; then wget -qO- https://a.test/install | sh -s -- -y; fi
`, token
}

// warned are the lines of a buildx log that tell of rules' findings.
func warned(log string) []string {
	var out []string
	for line := range strings.Lines(log) {
		if _, text, ok := strings.Cut(strings.TrimSpace(line), "- "); ok && strings.Contains(line, "(line ") {
			out = append(out, text)
		}
	}
	slices.Sort(out)
	return out
}

// ruleFrontend is a frontend image of an operator who holds all builds to rules.
func ruleFrontend(t *testing.T, e env, rules string) string {
	t.Helper()
	image := imageName(e.registry, t, "operator")
	build{
		frontend: upstream, output: push(image),
		context: dockerfile("FROM " + e.frontend() + "\nENV SWORN_RULES=" + rules + "\n"),
	}.mustRun(t, e)
	return image
}

func TestFindingsAreWarningsWithTheirLines(t *testing.T) {
	e := mustEnv(t)
	text, token := broken()
	image := imageName(e.registry, t, "latest")
	dir := dockerfile("# syntax=" + e.frontend() + " rules=UnpinnedBaseImage:warn\n" + text).write(t)
	log := mustRun(t, e.tool("docker-buildx"), "build", "--progress", "plain", "--push", "-t", image, dir)
	want := []string{
		"DownloadPipedToShell: sh runs what wget downloads: save it, verify it, then run it (line 7)",
		"FromAsCasing: 'as' and 'FROM' keywords' casing do not match (line 2)",
		`SecretValueInArgOrEnv: the value of ENV "GREETING" looks like a GitHub token: hand it to the step as a secret (line 6)`,
		"UnpinnedBaseImage: FROM of busybox is not pinned: add its digest, as in busybox@sha256:... (line 4)",
	}
	if d := cmp.Diff(want, warned(log)); d != "" {
		t.Errorf("warnings (-want +got):\n%s\n%s", d, log)
	}
	if strings.Contains(log, token) {
		t.Errorf("the secret is in\n%s", log)
	}
	if got := accountOf(t, image).steps.Options["rules"]; got != "none,AddWithoutChecksum:warn,DownloadPipedToShell:warn,ListedLicence:warn,SecretValueInArgOrEnv:warn,UndeclaredPackageSource:warn,UnpinnedBaseImage:warn" {
		t.Errorf("recorded are the rules %q", got)
	}
}

func TestRulesAtLevelErrorFailBeforeAnyStep(t *testing.T) {
	e := mustEnv(t)
	text, token := broken()
	for _, c := range []struct{ name, line, want, at string }{
		{"download", " rules=DownloadPipedToShell:error", "DownloadPipedToShell: sh runs what wget downloads: save it, verify it, then run it (line 7)", "   7 | >>> RUN if false; then wget"},
		{"base", " rules=none,UnpinnedBaseImage:error", "UnpinnedBaseImage: FROM of busybox is not pinned", "   4 | >>> FROM busybox"},
		{"secret", " rules=SecretValueInArgOrEnv:error", `SecretValueInArgOrEnv: the value of ENV "GREETING" looks like a GitHub token`, "   6 | >>> ENV GREETING=*****"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, image := buildOn(t, e, e.frontend(), c.line, text)
			if r.err == nil || !strings.Contains(r.log, c.want) || !strings.Contains(r.log, c.at) {
				t.Errorf("error %v, want %q at %q\n%s", r.err, c.want, c.at, r.log)
			}
			if !strings.Contains(r.log, "docs/rules/") {
				t.Errorf("no page is named:\n%s", r.log)
			}
			if r.ran("] RUN ") || strings.Contains(r.log, "sworn: evidence") {
				t.Errorf("a step ran:\n%s", r.log)
			}
			if strings.Contains(r.log, token) {
				t.Errorf("the secret is in\n%s", r.log)
			}
			if _, err := crane.Digest(image, crane.Insecure); err == nil {
				t.Errorf("%s was pushed", image)
			}
		})
	}
}

// TestBuildxChecksRules: `--check` and `--call=lint` show findings beside those of
// BuildKit, of all stages, and fail as they do there.
func TestBuildxChecksRules(t *testing.T) {
	e := mustEnv(t)
	text, token := broken()
	check := func(line string, args ...string) (string, error) {
		dir := dockerfile("# syntax=" + e.frontend() + line + "\n" + text).write(t)
		return run(t, e.tool("docker-buildx"), append(append([]string{"build", "--progress", "quiet"}, args...), dir)...)
	}
	out, err := check("", "--call=lint,format=json")
	var got lint.LintResults
	if i := strings.Index(out, "{"); err == nil || i < 0 || json.NewDecoder(strings.NewReader(out[i:])).Decode(&got) != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	var lines []string
	for _, w := range got.Warnings {
		lines = append(lines, fmt.Sprintf("%s %d", w.RuleName, w.Location.Ranges[0].Start.Line))
	}
	slices.Sort(lines)
	want := []string{"DownloadPipedToShell 3", "DownloadPipedToShell 7", "FromAsCasing 2", "SecretValueInArgOrEnv 6"}
	if d := cmp.Diff(want, lines); d != "" || got.Error != nil {
		t.Errorf("error %v, findings (-want +got):\n%s", got.Error, d)
	}

	out, err = check(" rules=none,UnpinnedBaseImage:error", "--check")
	for _, want := range []string{
		"WARNING: FromAsCasing", "WARNING: UnpinnedBaseImage - https://github.com/sworn-build/sworn/blob/main/docs/rules/UnpinnedBaseImage.md",
		"rules that this build has to keep are broken", ">>> FROM busybox as unused", "   4 | >>> FROM busybox",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q", want)
		}
	}
	if err == nil || t.Failed() || strings.Contains(out, token) {
		t.Errorf("error %v\n%s", err, out)
	}

	if out, err := run(t, e.tool("docker-buildx"), "build", "--check", dockerfile("# syntax="+e.frontend()+"\nFROM busybox\nRUN true\n").write(t)); err != nil || !strings.Contains(out, "no warnings found") {
		t.Errorf("a Dockerfile without findings: %v\n%s", err, out)
	}
}

// TestNoBuildWeakensRulesOfTheOperator: neither the syntax line nor a build arg nor a check
// directive.
func TestNoBuildWeakensRulesOfTheOperator(t *testing.T) {
	e := mustEnv(t)
	operator := ruleFrontend(t, e, "DownloadPipedToShell:error")
	text, _ := broken()
	const found = "DownloadPipedToShell: sh runs what wget downloads"
	const weaker = "is weaker than DownloadPipedToShell:error, which the frontend image holds all builds to; valid: error"
	for _, c := range []struct {
		name, line, text string
		opts             []string
		want             string
	}{
		{"as it is", "", text, nil, found},
		{"a syntax line", " rules=DownloadPipedToShell:warn", text, nil, "DownloadPipedToShell:warn " + weaker},
		{"a build arg", "", text, []string{"build-arg:SWORN_RULES=none"}, "DownloadPipedToShell:off " + weaker},
		{"a directive", "\n# check=skip=all", text, nil, found},
		{"one above the instruction", "", strings.Replace(text, "RUN if", "# check=skip=DownloadPipedToShell\nRUN if", 1), nil, found},
		{"one of ours", "", strings.Replace(text, "RUN if", "# sworn: accept=DownloadPipedToShell reason=x\nRUN if", 1), nil, "accept=DownloadPipedToShell: the frontend image holds all builds to that rule"},
		{"check options of the build", "", text, []string{"build-arg:BUILDKIT_DOCKERFILE_CHECK=skip=all"}, found},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, image := buildOn(t, e, operator, c.line, c.text, c.opts...)
			wantRefused(t, r, image, c.want, "")
		})
	}
	r, image := buildOn(t, e, operator, " rules=SecretValueInArgOrEnv:off", strings.Replace(text, "wget", "true", 1))
	if r.err != nil {
		t.Fatalf("%v\n%s", r.err, r.log)
	}
	if got := accountOf(t, image).steps.Options["rules"]; got != "none,AddWithoutChecksum:warn,DownloadPipedToShell:error,ListedLicence:warn,UndeclaredPackageSource:warn" {
		t.Errorf("recorded are the rules %q", got)
	}
}
