//go:build e2e

package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sworn-build/sworn/provenance"
	"github.com/sworn-build/sworn/step"
)

// forgeProgram builds testdata/forge, the step that tries to change its record.
func forgeProgram(t *testing.T) string { return staticProgram(t, "./testdata/forge") }

// staticProgram builds a program that needs nothing in its image.
func staticProgram(t *testing.T, dir string) string {
	t.Helper()
	out := filepath.Join(t.TempDir(), "program")
	t.Setenv("CGO_ENABLED", "0")
	mustRun(t, "go", "build", "-trimpath", "-ldflags", "-s -w", "-o", out, dir)
	b, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// forgeAttempts are those after which the build goes on as if nothing was.
func forgeAttempts() []string {
	return []string{
		"honest", "write", "link", "tree", "close", "rename", "overwrite", "mount",
		"trace", "memory", "signal", "daemon", "bomb",
	}
}

// forgeContext has one stage per attempt, all from the same state.
func forgeContext(program, user string, attempts ...string) files {
	var df strings.Builder
	df.WriteString("FROM scratch AS base\nWORKDIR /proc\nWORKDIR /sys\nWORKDIR /\nCOPY --chmod=755 forge /forge\nCOPY --chmod=644 input /input\nCOPY --chmod=666 output /output\n")
	for _, a := range attempts {
		fmt.Fprintf(&df, "FROM base AS %s\nUSER %s\nRUN [\"/forge\", %q]\n", a, user, a)
	}
	df.WriteString("FROM scratch\n")
	for _, a := range attempts {
		fmt.Fprintf(&df, "COPY --from=%s /output /%s\n", a, a)
	}
	return files{"Dockerfile": df.String(), "forge": program, "input": "input\n", "output": "before\n"}
}

// account of a step as far as it is the same for every attempt.
type stepAccount struct {
	Inputs  *provenance.Inputs
	Outputs provenance.Outputs
	Process *step.Process
	Sandbox *step.Sandbox
	Exit    *int
}

func accountOfStep(s provenance.Step) stepAccount {
	return stepAccount{s.Inputs, s.Outputs, s.Process, s.Sandbox, s.Exit}
}

func TestAStepCannotForgeItsRecord(t *testing.T) {
	e := mustEnv(t)
	program := forgeProgram(t)
	for _, user := range []string{"0:0", "1000:1000"} {
		for _, harden := range []string{"baseline", "off"} {
			t.Run("user "+user[:1]+" harden "+harden, func(t *testing.T) {
				ref := imageName(e.registry, t, "latest")
				r, a := buildAccount(t, e, build{
					context: forgeContext(program, user, forgeAttempts()...), output: push(ref),
					opts: []string{"build-arg:SWORN_HARDEN=" + harden}, args: []string{"--no-cache"},
				})
				if strings.Contains(r.log, "forged: ") {
					t.Errorf("an attempt got through:\n%s", grep(r.log, "forged: "))
				}
				want := accountOfStep(a.step(t, `"honest"]`))
				checkHonest(t, want, user, harden)
				for _, attempt := range forgeAttempts() {
					got := accountOfStep(a.step(t, fmt.Sprintf(`%q]`, attempt)))
					if diff := cmp.Diff(want, got); diff != "" {
						t.Errorf("%s: the record is not that of the honest step (-honest +got):\n%s", attempt, diff)
					}
				}
			})
		}
	}
}

// checkHonest makes sure that what the others are compared with is right.
func checkHonest(t *testing.T, a stepAccount, user, harden string) {
	t.Helper()
	in := []string{}
	for _, f := range a.Inputs.Files {
		in = append(in, string(f.Path))
	}
	if diff := cmp.Diff([]string{"/forge", "/input", "/output"}, in); diff != "" || !a.Inputs.Complete {
		t.Errorf("inputs of the honest step: complete %v, reasons %v (-want +got):\n%s", a.Inputs.Complete, a.Inputs.Reasons, diff)
	}
	if o := a.Outputs; len(o.Added)+len(o.Removed) != 0 || len(o.Changed) != 1 || o.Changed[0].Path != "/output" ||
		o.Changed[0].Digest.String() != sha256Of([]byte("input\n")).Hex {
		t.Errorf("outputs of the honest step: %+v", o)
	}
	if got := fmt.Sprintf("%d:%d", a.Process.UID, a.Process.GID); got != user {
		t.Errorf("user %s, want %s", got, user)
	}
	if a.Sandbox.Harden != harden || a.Sandbox.NoNewPrivileges != (harden == "baseline") {
		t.Errorf("sandbox %+v, want %s", a.Sandbox, harden)
	}
}

// grep returns the lines that have a part.
func grep(text, part string) string {
	var out strings.Builder
	for line := range strings.Lines(text) {
		if strings.Contains(line, part) {
			out.WriteString(line)
		}
	}
	return out.String()
}

// What takes the runner its means fails the build: no record is made up.
func TestAStepThatDisablesTheRunnerFails(t *testing.T) {
	e := mustEnv(t)
	program := forgeProgram(t)
	for _, tt := range []struct{ name, user, attempt, harden, message string }{
		{"limits as root", "0:0", "limit", "baseline", "sworn: "},
		{"limits as root unhardened", "0:0", "limit", "off", "sworn: "},
		{"limits as a user", "1000:1000", "limit", "baseline", "sworn: "},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := build{
				context: forgeContext(program, tt.user, tt.attempt), output: push(imageName(e.registry, t, "latest")),
				opts: []string{"build-arg:SWORN_HARDEN=" + tt.harden}, args: []string{"--no-cache"},
			}
			r := b.run(t, e)
			if r.err == nil {
				t.Fatalf("the build passed:\n%s", r.log)
			}
			if !strings.Contains(r.log, tt.message) || strings.Contains(r.log, "panic") {
				t.Errorf("no clear message:\n%s", r.log)
			}
		})
	}
}

// Unhardened, a set-user-ID program can leave what the runner of an ordinary user may
// not end or delete: then no record is made. Hardened, it gains nothing.
func TestASetUserIDProgramCannotForge(t *testing.T) {
	e := mustEnv(t)
	program := forgeProgram(t)
	for _, tt := range []struct{ attempt, harden, message string }{
		{"daemon", "baseline", ""},
		{"daemon", "off", ""},
		{"su-daemon", "baseline", ""},
		{"su-daemon", "off", "a process of another user is still running and may not be killed"},
		{"su-tree", "baseline", ""},
		{"su-tree", "off", "empty record folder: "},
		{"su-write", "baseline", ""},
		{"su-write", "off", ""},
	} {
		t.Run(tt.attempt+" "+tt.harden, func(t *testing.T) {
			ctx := forgeContext(program, "1000:1000", tt.attempt, "honest")
			ctx["Dockerfile"] = strings.Replace(ctx["Dockerfile"], "COPY --chmod=755", "COPY --chmod=4755", 1)
			ref := imageName(e.registry, t, "latest")
			b := build{context: ctx, output: push(ref), opts: []string{"build-arg:SWORN_HARDEN=" + tt.harden}, args: []string{"--no-cache"}}
			r := b.run(t, e)
			if tt.message != "" {
				if r.err == nil || !strings.Contains(r.log, tt.message) {
					t.Errorf("error %v, want one that says %q:\n%s", r.err, tt.message, r.log)
				}
				return
			}
			if r.err != nil {
				t.Fatalf("build: %v\n%s", r.err, r.log)
			}
			a := accountOf(t, ref)
			if diff := cmp.Diff(accountOfStep(a.step(t, `"honest"]`)), accountOfStep(a.step(t, fmt.Sprintf(`%q]`, tt.attempt)))); diff != "" {
				t.Errorf("the record is not that of the honest step (-honest +got):\n%s", diff)
			}
		})
	}
}

// Preloaded libraries get into every program but the runner.
func TestPreloadedLibrariesDoNotReachTheRunner(t *testing.T) {
	const df = `FROM debian:bookworm AS base
COPY input /input
RUN cp /lib/*/libm.so.6 /opt/preload.so %s
%s
RUN cat /input > /output
`
	ctx := files{"input": "input\n"}
	ctx["Dockerfile"] = fmt.Sprintf(df, "", "")
	plain := observed(t, ctx).step(t, "RUN cat")
	wantComplete(t, plain)
	for name, tt := range map[string]struct{ setup, env string }{
		"environment": {"", "ENV LD_PRELOAD=/opt/preload.so LD_LIBRARY_PATH=/opt GODEBUG=madvdontneed=1 GOTRACEBACK=crash GOMAXPROCS=1"},
		"file":        {"&& echo /opt/preload.so > /etc/ld.so.preload", ""},
	} {
		t.Run(name, func(t *testing.T) {
			ctx["Dockerfile"] = fmt.Sprintf(df, tt.setup, tt.env)
			s := observed(t, ctx).step(t, "RUN cat")
			wantComplete(t, s)
			if _, ok := input(s, "/opt/preload.so"); !ok {
				t.Fatal("the library was not loaded into the command: the test shows nothing")
			}
			wantInput(t, s, whole("/input", "input\n"))
			if diff := cmp.Diff(plain.Outputs, s.Outputs); diff != "" {
				t.Errorf("outputs (-plain +preloaded):\n%s", diff)
			}
			if diff := cmp.Diff(plain.Sandbox, s.Sandbox); diff != "" {
				t.Errorf("sandbox (-plain +preloaded):\n%s", diff)
			}
		})
	}
}
