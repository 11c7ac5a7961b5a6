//go:build e2e

package e2e

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestBadInputIsOneClearLineAndNothingIsPushed(t *testing.T) {
	t.Parallel()
	e := mustEnv(t)
	const fine = "FROM busybox\nRUN true\n"
	for _, c := range []struct {
		name    string
		context files
		syntax  string // options in the syntax line
		opts    []string
		args    []string
		want    string // the error
		line    string // of the Dockerfile that is marked
	}{
		{name: "no Dockerfile", context: files{"other": "x"}, want: "open Dockerfile: no such file or directory"},
		{name: "empty Dockerfile", context: dockerfile(""), want: "the Dockerfile cannot be empty"},
		{name: "no stage", context: dockerfile("ARG A\n"), want: "dockerfile contains no stages to build"},
		{name: "unknown instruction", context: dockerfile("FROM busybox\nRUNN true\n"), want: `dockerfile parse error on line 2: unknown instruction: RUNN (did you mean RUN?)`, line: "   2 | >>> RUNN true"},
		{name: "syntax error", context: dockerfile("FROM busybox\nCOPY x\n"), want: "dockerfile parse error on line 2: COPY requires at least two arguments, but only one was provided", line: "   2 | >>> COPY x"},
		{name: "bad flag", context: dockerfile("FROM busybox\nRUN --nosuch true\n"), want: "dockerfile parse error on line 2: unknown flag: --nosuch", line: "   2 | >>> RUN --nosuch true"},
		{name: "unterminated heredoc", context: dockerfile("FROM busybox\nRUN <<EOF\ntrue\n"), want: "unterminated heredoc", line: "   2 | >>> RUN <<EOF"},
		{name: "missing source", context: dockerfile("FROM busybox\nCOPY nosuch /\n"), want: `"/nosuch": not found`, line: "   2 | >>> COPY nosuch /"},
		{name: "missing stage", context: dockerfile("FROM busybox\nCOPY --from=nosuch /x /\n"), want: "nosuch", line: ""},
		{name: "missing target", context: dockerfile(fine), opts: []string{"target=nosuch"}, want: `target stage "nosuch" could not be found`},
		{name: "missing base", context: dockerfile("FROM " + e.registry + "/nosuch:1\n"), want: e.registry + "/nosuch:1: not found", line: "   1 | >>> FROM " + e.registry + "/nosuch:1"},
		{name: "base that is no name", context: dockerfile("FROM UPPER\n"), want: `failed to parse stage name "UPPER": invalid reference format: repository name (library/UPPER) must be lowercase`, line: "   1 | >>> FROM UPPER"},
		{name: "platform that does not exist", context: dockerfile(fine), opts: []string{"platform=plan9"}, want: "no match for platform in manifest", line: "   1 | >>> FROM busybox"},
		{name: "unknown option", context: dockerfile(fine), syntax: " harder=1", want: `syntax line: unknown option "harder"; valid: accept, allow, base, harden, licences, network, observe, organization, rules, sbom, sources, statements`},
		{name: "unknown value", context: dockerfile(fine), syntax: " observe=maybe", want: `syntax line: unknown value "maybe" of option observe; valid: on, off`},
		{name: "option without a value", context: dockerfile(fine), syntax: " observe", want: `syntax line: "observe" is not KEY=VALUE`},
		{name: "unknown build arg", context: dockerfile(fine), opts: []string{"build-arg:SWORN_HARDER=1"}, want: `build arg SWORN_HARDER: unknown option "harder"; valid: accept, allow, base, harden, licences, network, observe, organization, rules, sbom, sources, statements`},
		{name: "unknown value of a build arg", context: dockerfile(fine), opts: []string{"build-arg:SWORN_STATEMENTS=yes"}, want: `build arg SWORN_STATEMENTS: unknown value "yes" of option statements; valid: on, always, off`},
		{name: "bad attestation", context: dockerfile(fine), opts: []string{"attest:provenance=mode=nosuch"}, want: "nosuch"},
		{name: "step fails", context: dockerfile("FROM busybox\nRUN exit 3\n"), want: exitCode("/bin/sh -c exit 3", "3"), line: "   2 | >>> RUN exit 3"},
	} {
		t.Run(c.name, func(t *testing.T) {
			image := imageName(e.registry, t, "latest")
			b := build{context: c.context, opts: c.opts, args: c.args, output: push(image)}
			if c.syntax != "" {
				b.opts = append(b.opts, "cmdline="+e.frontend()+c.syntax)
			}
			r := b.run(t, e)
			if r.err == nil || r.err.Error() != "exit status 1" {
				t.Errorf("%v, want exit status 1", r.err)
			}
			oneError(t, r.log, c.want)
			if c.line != "" && !strings.Contains(r.log, "\n"+c.line+"\n") {
				t.Errorf("no line %q in\n%s", c.line, r.log)
			}
			notPushed(t, image)
		})
	}
}

// oneError checks the line that begins with "error: ".
func oneError(t *testing.T, log, want string) {
	t.Helper()
	var found []string
	for line := range strings.Lines(log) {
		if strings.HasPrefix(line, "error: ") {
			found = append(found, strings.TrimSpace(line))
		}
	}
	if len(found) != 1 || !strings.Contains(found[0], want) {
		t.Errorf("errors %q, want one with %q, in\n%s", found, want, log)
	}
	for _, hint := range []string{"panic", "goroutine ", "/dev/.sworn", "rpc error"} {
		if strings.Contains(log, hint) {
			t.Errorf("%q shows in\n%s", hint, log)
		}
	}
}

func notPushed(t *testing.T, image string) {
	t.Helper()
	base, ref := splitName(image)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodHead, base+"/manifests/"+ref, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusNotFound {
		t.Errorf("%s: %s, want nothing pushed", image, resp.Status)
	}
}

// The syntax line of a file, not of an option: BuildKit calls the frontend with it.
func TestUnknownOptionPointsAtTheSyntaxLine(t *testing.T) {
	e := mustEnv(t)
	image := imageName(e.registry, t, "latest")
	line := "# syntax=" + e.frontend() + " statments=off"
	r := build{
		context: dockerfile(line + "\nFROM busybox\n"), frontend: upstream, output: push(image),
	}.run(t, e)
	if r.err == nil {
		t.Fatal("built")
	}
	oneError(t, r.log, `syntax line: unknown option "statments"; valid: accept, allow, base, harden, licences, network, observe, organization, rules, sbom, sources, statements`)
	if !strings.Contains(r.log, "   1 | >>> "+line+"\n") {
		t.Errorf("the syntax line is not marked:\n%s", r.log)
	}
	notPushed(t, image)
}

func TestFailingStepShowsTheUsersCommandAndLine(t *testing.T) {
	e := mustEnv(t)
	for _, c := range []struct {
		name, dockerfile, failing string
		opts                      []string
		want                      string // the error
		marked                    []string
	}{
		{
			name: "shell", dockerfile: "FROM busybox\n\nRUN echo seen && \\\n  exit 42\n", failing: "> [2/2] RUN echo seen &&   exit 42:",
			want: exitCode("/bin/sh -c echo seen &&   exit 42", "42"), marked: []string{"   3 | >>> RUN echo seen && \\", "   4 | >>>   exit 42"},
		},
		{
			name: "exec form", dockerfile: "FROM busybox\nRUN [\"/bin/sh\", \"-c\", \"echo seen; exit 9\"]\n", failing: `> [2/2] RUN ["/bin/sh", "-c", "echo seen; exit 9"]:`,
			want: exitCode("/bin/sh -c echo seen; exit 9", "9"), marked: []string{`   2 | >>> RUN ["/bin/sh", "-c", "echo seen; exit 9"]`},
		},
		{
			name: "heredoc", dockerfile: "FROM busybox\nRUN <<EOF\necho seen\nexit 5\nEOF\n", failing: "> [2/2] RUN <<EOF (echo seen...):",
			want: `did not complete successfully: exit code: 5`, marked: []string{"   2 | >>> RUN <<EOF", "   5 | >>> EOF"},
		},
		{
			name: "builder stage", dockerfile: "FROM busybox AS build\nRUN echo seen; exit 6\nFROM scratch\nCOPY --from=build /x /\n", failing: "> [build 2/2] RUN echo seen; exit 6:",
			want: exitCode("/bin/sh -c echo seen; exit 6", "6"), marked: []string{"   2 | >>> RUN echo seen; exit 6"},
		},
		{
			name: "platforms", dockerfile: "FROM --platform=$BUILDPLATFORM busybox AS build\nARG TARGETARCH\nRUN echo seen; test $TARGETARCH = amd64\nFROM scratch\nCOPY --from=build /bin/true /t\n",
			opts: []string{"platform=linux/amd64,linux/arm64"}, failing: "> [linux/amd64->arm64 build 2/2] RUN echo seen; test arm64 = amd64:",
			want: exitCode("/bin/sh -c echo seen; test $TARGETARCH = amd64", "1"), marked: []string{"   3 | >>> RUN echo seen; test $TARGETARCH = amd64"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := build{context: dockerfile(c.dockerfile), opts: c.opts, args: []string{"--no-cache"}}.run(t, e)
			if r.err == nil {
				t.Fatal("built")
			}
			oneError(t, r.log, c.want)
			// What BuildKit says of the vertex while it runs has the name RUN in front of
			// the command; what the client is told in the end has not.
			_, end, _ := strings.Cut(r.log, "------\n > ")
			if !strings.Contains("> "+end, c.failing) || !strings.Contains(end, " seen\n") {
				t.Errorf("no summary %q with the step's output in\n%s", c.failing, r.log)
			}
			var marked []string
			for line := range strings.Lines(r.log) {
				if line = strings.TrimRight(line, "\n"); strings.Contains(line, " | >>> ") {
					marked = append(marked, line)
				}
			}
			if len(marked) == 0 || !strings.Contains(r.log, "Dockerfile:") {
				t.Fatalf("no line is marked:\n%s", r.log)
			}
			if d := cmp.Diff(c.marked, []string{marked[0], marked[len(marked)-1]}[:len(c.marked)]); d != "" {
				t.Errorf("first and last marked line (-want +got):\n%s", d)
			}
			if strings.Contains(end, `"RUN /bin`) || strings.Contains(r.log, "sworn-step") {
				t.Errorf("the runner shows:\n%s", r.log)
			}
		})
	}
}
