package frontend

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/moby/buildkit/solver/errdefs"
	"github.com/moby/buildkit/solver/pb"

	"github.com/sworn-build/sworn/step"
)

// ran are the execs of the user in a build's largest request: the configuration of the
// runner, what it is mounted from, and the network.
type ran struct {
	cfg     step.Config
	runner  string
	network pb.NetMode
	name    string
}

func execsOf(t *testing.T, f *fakeGateway) []ran {
	t.Helper()
	var out []ran
	seen := map[string]bool{}
	for _, ref := range f.refs {
		for v := range ref.g.Vertices() {
			x := v.Op.GetExec()
			if x == nil || seen[string(v.Digest)] || len(v.Locations) == 0 {
				continue
			}
			seen[string(v.Digest)] = true
			r := ran{network: x.Network, name: v.Name()}
			for _, m := range x.Mounts {
				if m.Dest == step.RunnerDir {
					r.runner = m.Selector
				}
				if strings.HasPrefix(m.Dest, step.Dir) && m.Dest != step.RunnerDir && m.Dest != step.RecordDir {
					t.Errorf("%s mounts %s", v.Name(), m.Dest)
				}
			}
			for _, kv := range x.Meta.Env {
				if text, ok := strings.CutPrefix(kv, step.ConfigEnv+"="); ok {
					var err error
					if r.cfg, err = step.DecodeConfig(text); err != nil {
						t.Fatal(err)
					}
				}
			}
			out = append(out, r)
		}
	}
	slices.SortFunc(out, func(a, b ran) int { return strings.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
	return out
}

func TestTheSameRunWithOtherDirectivesIsAnotherStep(t *testing.T) {
	const dockerfile = "FROM registry.test/debian:12 AS a\n# sworn: network=record\nRUN make\n" +
		"FROM registry.test/debian:12 AS b\n# sworn: network=none\nRUN make\n" +
		"FROM registry.test/debian:12 AS c\nRUN make\n" +
		"FROM registry.test/debian:12 AS d\n# sworn: network=default\nRUN make\n" +
		"FROM registry.test/debian:12\nCOPY --from=a /x /a\nCOPY --from=b /x /b\nCOPY --from=c /x /c\nCOPY --from=d /x /d\n"
	f := newGateway(t, dockerfile, nil)
	p, err := step.DecodePlan(buildPlan(t, f))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range execsOf(t, f) {
		got = append(got, fmt.Sprint(r.runner, " ", r.network, " ", r.cfg.Network != nil))
		if strings.Contains(r.name, "mark") {
			t.Errorf("a mark is in the name %q", r.name)
		}
	}
	slices.Sort(got)
	want := []string{"/recorder UNSET true", "/runner NONE false", "/runner UNSET false"}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("execs (-want +got):\n%s", d)
	}
	// The third and the fourth run alike, so they are one step, which has the directive.
	var steps []string
	for _, s := range p.Steps {
		if s.Kind == step.KindExec {
			steps = append(steps, fmt.Sprint(s.Exec.Profile.Network, " ", s.Lines, " ", len(s.Directives), " ", len(s.Exec.Mounts)))
		}
	}
	if d := cmp.Diff([]string{"record [{3 3}] 1 0", "none [{6 6}] 1 0", "default [{8 8} {11 11}] 1 0"}, steps); d != "" {
		t.Errorf("steps (-want +got):\n%s", d)
	}
}

func TestAReasonIsInThePlanAndNotInTheStep(t *testing.T) {
	build := func(reason string) ([]ran, step.Plan) {
		f := newGateway(t, "FROM registry.test/debian:12\n# sworn: harden=off reason=\""+reason+"\"\nRUN make\n", nil)
		p, err := step.DecodePlan(buildPlan(t, f))
		if err != nil {
			t.Fatal(err)
		}
		return execsOf(t, f), p
	}
	a, p := build("one")
	b, _ := build("two")
	if d := cmp.Diff(a, b, cmp.AllowUnexported(ran{})); d != "" || len(a) != 1 || a[0].cfg.Harden != step.HardenOff {
		t.Errorf("the reason changes the step of %+v:\n%s", a, d)
	}
	want := []step.Directive{{Line: 2, Harden: step.HardenOff, Reason: "one"}}
	if d := cmp.Diff(want, p.Steps[0].Directives); d != "" {
		t.Errorf("directives (-want +got):\n%s", d)
	}
}

func TestWhatWeakensNeedsAReason(t *testing.T) {
	for _, c := range []struct {
		name, options, above, run string
		want                      string // the error's end; empty: it builds
		line                      int
	}{
		{"less hardening", "", "harden=off", "RUN x", `harden=off is less than the options say (baseline): give a reason="..."`, 2},
		{"with a reason", "", "harden=off reason=x", "RUN x", "", 0},
		{"more hardening", "", "harden=strict root=yes reason=x", "RUN x", "", 0},
		{"root under strict", "harden=strict", "root=yes", "RUN x", `root=yes is more than harden=strict allows: give a reason="..."`, 2},
		{"root without a directive", "harden=strict", "network=none", "RUN x", `harden=strict: the step runs as root; set a USER, or a directive above the RUN can say ` + "`# sworn: root=yes reason=\"...\"`", 3},
		{"root under baseline", "", "root=yes", "RUN x", "", 0},
		{"network under strict", "harden=strict", "network=record root=yes", "RUN x", `network=record is more than the options say (none): give a reason="..."`, 2},
		{"the default network after none", "network=none", "network=default", "RUN x", `network=default is more than the options say (none): give a reason="..."`, 2},
		{"less network", "", "network=none", "RUN x", "", 0},
		{"host after none", "network=none", "", "RUN --network=host x", "--network=host is more than network=none: a directive above the RUN can say `# sworn: network=default reason=\"...\"`", 3},
		{"host with a reason", "network=none", "network=default reason=x", "RUN --network=host x", "", 0},
		{"more than the RUN's own none", "", "network=record reason=x", "RUN --network=none x", "network=record is wider than --network=none of the RUN itself", 2},
		{"the RUN's own none", "network=record", "", "RUN --network=none x", "", 0},
		{"patterns that do nothing", "", "allow=a.test", "RUN x", "allow does nothing without network=record", 2},
		{"patterns that restrict", "network=record", "allow=a.test", "RUN x", "", 0},
		{"patterns that add", "network=record allow=b.test", "allow=a.test", "RUN x", `allow adds to what the options allow: give a reason="..."`, 2},
		{"a rule that is accepted", "", "accept=UnexplainedFile", "RUN x", `accept=UnexplainedFile silences a rule: give a reason="..."`, 2},
		{"nothing to record with", "network=record", "", "RUN --security=insecure x", "network=record: the step runs with security=insecure and could change its own record; a directive above the RUN can say `# sworn: network=default reason=\"...\"`", 3},
		{"nothing to record in", "network=record statements=off", "", "RUN x", "network=record: with statements=off nothing is recorded", 3},
		{"a reserved secret", "", "", "RUN --mount=type=secret,id=sworn.key x", `the RUN asks for "sworn.key": ids of secrets and ssh sockets that begin with "sworn." are reserved`, 3},
		{"a reserved variable", "harden=off statements=off", "", "RUN --mount=type=secret,id=sworn.key,env=A x", `the RUN asks for "sworn.key": ids of secrets and ssh sockets that begin with "sworn." are reserved`, 3},
		{"a reserved ssh socket", "", "", "RUN --mount=type=ssh,id=sworn.a x", `the RUN asks for "sworn.a": ids of secrets and ssh sockets that begin with "sworn." are reserved`, 3},
		{"a mark of one's own", "", "", "RUN --mount=type=tmpfs,target=/dev/.sworn/mark/x-1 x", "", 0},
		{"a mark of one's own under strict", "harden=strict", "root=yes reason=x", "RUN --mount=type=tmpfs,target=/dev/.sworn/mark/x-1 x", "harden=strict: the step mounts something over /dev/.sworn; a directive above the RUN can say `# sworn: harden=off reason=\"...\"`", 3},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.above != "" {
				c.above = "sworn: " + c.above
			}
			f := newGateway(t, "FROM registry.test/debian:12\n# "+c.above+"\n"+c.run+"\n", map[string]string{"cmdline": "ref " + c.options})
			_, err := Frontend{}.Build(t.Context(), f)
			if c.want == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			if err == nil || !strings.HasSuffix(err.Error(), c.want) {
				t.Fatalf("%v, want ...%s", err, c.want)
			}
			src := errdefs.Sources(err)
			if len(src) == 0 || len(src[0].Ranges) == 0 || int(src[0].Ranges[0].Start.Line) != c.line {
				t.Errorf("the error points at %v, want line %d", src, c.line)
			}
		})
	}
}
