//go:build e2e

package e2e

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sworn-build/sworn/step"
)

// ranUnder is how a step ran, as its statement has it, and what it saw of itself.
type ranUnder struct {
	Harden, Mode       string
	Enforced, Complete bool
	Directives         []step.Directive
	Seen               string
}

func TestDirectivesAreAppliedAndRecorded(t *testing.T) {
	e := mustEnv(t)
	image := imageName(e.registry, t, "latest")
	const text = `FROM busybox
RUN { grep CapEff /proc/self/status; ls /sys/class/net | wc -l; } > /plain
# sworn: harden=off
# why
# sworn: reason="REASON"
RUN { grep CapEff /proc/self/status; ls /sys/class/net | wc -l; } > /off
# sworn: network=none
RUN { grep CapEff /proc/self/status; ls /sys/class/net | wc -l; } > /none
RUN --network=none { grep CapEff /proc/self/status; ls /sys/class/net | wc -l; } > /flag
`
	b := build{context: dockerfile(strings.Replace(text, "REASON", "one", 1)), output: push(image)}
	b.mustRun(t, e)
	a, files := accountOf(t, image), extract(t, image)
	got := map[string]ranUnder{}
	for _, name := range []string{"/plain", "/off", "/none", "/flag"} {
		s := a.step(t, "} > "+name)
		if s.Sandbox == nil || s.Network == nil {
			t.Fatalf("no sandbox or network: %+v", s)
		}
		seen, nets, _ := strings.Cut(string(files[name].data), "\n")
		if strings.TrimSpace(nets) == "1" {
			seen += " alone"
		}
		got[name] = ranUnder{s.Sandbox.Harden, s.Network.Mode, s.Network.Enforced, s.Network.Complete, s.Directives, seen}
	}
	const few, many = "CapEff:\t00000000800000db", "CapEff:\t00000000a80425fb"
	plain := got["/plain"]
	want := map[string]ranUnder{
		"/plain": {Harden: "baseline", Mode: "default", Seen: few},
		"/off":   {Harden: "off", Mode: "default", Seen: many, Directives: []step.Directive{{Line: 3, Harden: "off"}, {Line: 5, Reason: "one"}}},
		"/none":  {Harden: "baseline", Mode: "none", Enforced: true, Complete: true, Seen: few + " alone", Directives: []step.Directive{{Line: 7, Network: "none"}}},
		"/flag":  {Harden: "baseline", Mode: "none", Enforced: true, Complete: true, Seen: few + " alone"},
	}
	if strings.HasSuffix(plain.Seen, " alone") {
		t.Logf("the builder's own network has no interface but the loopback")
		plain.Seen = few
		got["/plain"] = plain
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}

	// Another reason is in the statement and runs nothing again.
	b.context = dockerfile(strings.Replace(text, "REASON", "two", 1))
	r := b.mustRun(t, e)
	if r.ran("] RUN ") {
		t.Errorf("a RUN ran again:\n%s", r.log)
	}
	off := accountOf(t, image).step(t, "} > /off")
	if d := cmp.Diff([]step.Directive{{Line: 3, Harden: "off"}, {Line: 5, Reason: "two"}}, off.Directives); d != "" {
		t.Errorf("directives (-want +got):\n%s", d)
	}
}

// TestAnAcceptedFindingIsOnRecord: the build goes on, and the statement says what was
// accepted and why.
func TestAnAcceptedFindingIsOnRecord(t *testing.T) {
	e := mustEnv(t)
	const text = "FROM busybox\n# sworn: accept=DownloadPipedToShell reason=\"no other way\"\nRUN if false; then wget -qO- https://a.test | sh; fi\n"
	r, image := buildOn(t, e, e.frontend(), " rules=DownloadPipedToShell:error", text)
	if r.err != nil || strings.Contains(r.log, "DownloadPipedToShell:") {
		t.Fatalf("%v\n%s", r.err, r.log)
	}
	want := []step.Directive{{Line: 3, Accept: []string{"DownloadPipedToShell"}, Reason: "no other way"}}
	if d := cmp.Diff(want, accountOf(t, image).step(t, "RUN if false").Directives); d != "" {
		t.Errorf("directives (-want +got):\n%s", d)
	}
	r, image = buildOn(t, e, e.frontend(), " rules=DownloadPipedToShell:error", strings.Replace(text, "# sworn", "# not sworn", 1))
	wantRefused(t, r, image, "DownloadPipedToShell: sh runs what wget downloads", "RUN if false")
}

func TestABadDirectiveIsOneClearLine(t *testing.T) {
	e := mustEnv(t)
	for _, c := range []struct{ name, text, want, line string }{
		{"no reason", "FROM busybox\n# sworn: harden=off\nRUN true\n", `directive in line 2: harden=off is less than the options say (baseline): give a reason="..."`, "   2 | >>> # sworn: harden=off"},
		{"unknown", "FROM busybox\n# sworn: speed=1\nRUN true\n", `directive in line 2: unknown key "speed"; valid: accept, allow, harden, network, reason, root`, "   2 | >>> # sworn: speed=1"},
		{"elsewhere", "FROM busybox\n# sworn: network=none\nCOPY x /\n", "directive in line 2: a directive stands directly above a RUN, not a COPY", "   2 | >>> # sworn: network=none"},
		{"reserved", "FROM busybox\nRUN --mount=type=secret,id=sworn.key true\n", `line 2: the RUN asks for "sworn.key"`, "   2 | >>> RUN --mount=type=secret,id=sworn.key true"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := build{context: dockerfile(c.text)}.run(t, e)
			if r.err == nil {
				t.Fatal("it builds")
			}
			oneError(t, r.log, c.want)
			if !strings.Contains(r.log, "\n"+c.line+"\n") {
				t.Errorf("no line %q in\n%s", c.line, r.log)
			}
		})
	}
}

// Under strict a step has neither root, network nor mounts to write to unless something
// says so.
func TestStrictTakesWhatNobodyAskedFor(t *testing.T) {
	e := mustEnv(t)
	image := imageName(e.registry, t, "latest")
	const text = `FROM busybox
# sworn: root=yes reason="folders of the image"
RUN --mount=type=bind,source=conf,target=/mnt/conf,rw \
    { id -u; ls /sys/class/net; (echo x > /mnt/conf) 2> /dev/null || echo read-only; } > /var/root.txt && mkdir -m 0777 /var/work
USER nobody
RUN id -u > /var/work/user.txt
`
	b := build{
		context: files{"Dockerfile": text, "conf": "conf\n"}, output: push(image), opts: []string{"build-arg:SWORN_HARDEN=strict"},
	}
	b.mustRun(t, e)
	a, made := accountOf(t, image), extract(t, image)
	if d := cmp.Diff("0\nlo\nread-only\n", string(made["/var/root.txt"].data)); d != "" {
		t.Errorf("seen as root (-want +got):\n%s", d)
	}
	if d := cmp.Diff("65534\n", string(made["/var/work/user.txt"].data)); d != "" {
		t.Errorf("seen as nobody (-want +got):\n%s", d)
	}
	for _, s := range a.steps.Steps {
		if s.Kind == step.KindExec && (s.Sandbox == nil || s.Sandbox.Harden != step.HardenStrict || s.Network.Mode != step.NetworkNone) {
			t.Errorf("%s: sandbox %+v, network %+v", s.Name, s.Sandbox, s.Network)
		}
	}
	b.context = dockerfile(strings.Replace(text, "# sworn: root=yes", "# was:", 1))
	r := b.run(t, e)
	if r.err == nil {
		t.Fatal("root without a directive builds")
	}
	oneError(t, r.log, "line 3: harden=strict: the step runs as root; set a USER")
}
