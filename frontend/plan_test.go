package frontend

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sworn-build/sworn/step"
)

var update = flag.Bool("update", false, "write the golden files of this package")

// buildPlan builds a Dockerfile up to the plan of its one platform.
func buildPlan(t *testing.T, f *fakeGateway) []byte {
	t.Helper()
	if _, err := (Frontend{}).Build(t.Context(), f); err != nil {
		t.Fatal(err)
	}
	plans := f.plans(t)
	if len(plans) != 1 {
		t.Fatalf("%d plans, want one", len(plans))
	}
	for _, p := range plans {
		return p
	}
	return nil
}

// planCases are the Dockerfiles of package llb with the options of a client.
func planCases() map[string]map[string]string {
	return map[string]map[string]string{
		"multistage": {"build-arg:SOURCE_DATE_EPOCH": "1700000000"},
		"heredoc":    {"build-arg:SWORN_OBSERVE": "off"},
		"mounts":     {},
		"link":       {},
		"remote":     {"build-arg:SWORN_HARDEN": "off"},
		"user":       {},
		"scratch":    {"platform": "linux/amd64"},
		"empty":      {},
		"target":     {"target": "release"},
		"network":    {"add-hosts": "db=10.0.0.9"},
		"cross":      {"platform": "linux/arm64"},
		"nopath":     {"no-cache": ""},
	}
}

func TestGoldenPlansOfDockerfiles(t *testing.T) {
	if runtime.GOARCH != "amd64" {
		t.Skip("the goldens are of a runner for amd64")
	}
	for name, opts := range planCases() {
		t.Run(name, func(t *testing.T) {
			raw := buildPlan(t, newGateway(t, readDockerfile(t, name), opts))
			var got bytes.Buffer
			if err := json.Indent(&got, raw, "", "  "); err != nil {
				t.Fatal(err)
			}
			file := filepath.Join("testdata", "plan-"+name+".json")
			if *update {
				if err := os.WriteFile(file, got.Bytes(), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatalf("%v (run with -update to write it)", err)
			}
			if d := cmp.Diff(string(want), got.String()); d != "" {
				t.Errorf("%s differs (-want +got):\n%s", file, d)
			}
		})
	}
}

// TestPlanIsTheSameForEveryClient: it is part of the statements' cache key, so
// nothing of the client's session may be in it.
func TestPlanIsTheSameForEveryClient(t *testing.T) {
	for name, opts := range planCases() {
		t.Run(name, func(t *testing.T) {
			var first []byte
			for i := range 5 {
				f := newGateway(t, readDockerfile(t, name), opts)
				f.session = fmt.Sprintf("session-%d", i)
				f.opts["local-sessionid:context"] = fmt.Sprintf("other-session-%d", i)
				plan := buildPlan(t, f)
				if first == nil {
					first = plan
				}
				if !bytes.Equal(first, plan) {
					t.Fatalf("another session made another plan:\n%s", cmp.Diff(string(first), string(plan)))
				}
				if bytes.Contains(plan, []byte("session-")) {
					t.Error("the plan names a session")
				}
				for _, ref := range f.refs {
					for v := range ref.g.Vertices() {
						if scheme, _ := v.Scheme(); scheme == "local" && bytes.Contains(plan, []byte(v.Digest.Encoded())) {
							t.Errorf("the plan has the digest of %s", v.Name())
						}
					}
				}
			}
		})
	}
}

// TestPlanRefersToWhatItHas: every id in a plan is one of its own, defined before it
// is used, and every step and base has evidence.
func TestPlanRefersToWhatItHas(t *testing.T) {
	output := regexp.MustCompile(`^(step\d+)\.\d+$`)
	for name, opts := range planCases() {
		t.Run(name, func(t *testing.T) {
			p, err := step.DecodePlan(buildPlan(t, newGateway(t, readDockerfile(t, name), opts)))
			if err != nil {
				t.Fatal(err)
			}
			known := map[string]bool{"": true}
			places := map[step.Place]string{}
			place := func(id string, pl *step.Place) {
				if other, ok := places[*pl]; ok {
					t.Errorf("%s and %s share %v", id, other, *pl)
				}
				places[*pl] = id
			}
			for i, s := range p.Sources {
				if want := fmt.Sprintf("source%d", i+1); s.ID != want {
					t.Errorf("source %s, want %s", s.ID, want)
				}
				known[s.ID] = true
				if s.Evidence != nil {
					place(s.ID, s.Evidence)
				} else if s.Kind == step.SourceLocal {
					t.Errorf("local source %s has no evidence", s.ID)
				}
			}
			for _, s := range p.Steps {
				if m := output.FindStringSubmatch(s.ID); known[s.ID] || m != nil && !known[m[1]] {
					t.Errorf("step %s out of order", s.ID)
				}
				for _, id := range append([]string{s.Parent}, s.Reads...) {
					if !known[id] {
						t.Errorf("%s uses %q, which is not there yet", s.ID, id)
					}
				}
				if s.Exec != nil {
					for _, m := range s.Exec.Mounts {
						if !known[m.From] {
							t.Errorf("%s mounts %q, which is not there yet", s.ID, m.From)
						}
					}
				}
				known[s.ID] = true
				if s.Evidence == nil {
					t.Errorf("step %s has no evidence", s.ID)
					continue
				}
				place(s.ID, s.Evidence)
			}
			if !known[p.Image] {
				t.Errorf("image %q is no state of the plan", p.Image)
			}
		})
	}
}

func TestPlanShowsTheUsersCommandNotTheRunner(t *testing.T) {
	for name, opts := range planCases() {
		raw := string(buildPlan(t, newGateway(t, readDockerfile(t, name), opts)))
		for _, word := range []string{step.Dir, step.ConfigEnv + "=", "sworn-step", "prepare records", "[internal] sworn"} {
			if strings.Contains(raw, word) {
				t.Errorf("the plan of %s has %q in it", name, word)
			}
		}
	}
}

func TestPlanNamesWhyAStepIsNotObserved(t *testing.T) {
	if runtime.GOARCH != "amd64" {
		t.Skip("the expectation is of a runner for amd64")
	}
	want := map[string][]string{
		"network": {"", "", "the step runs with security=insecure and could change its own record", ""},
		"cross":   {"", "the step runs on arm64, the runner on amd64, and the builder's kernel does not start programs of both"},
	}
	for name := range want {
		p, err := step.DecodePlan(buildPlan(t, newGateway(t, readDockerfile(t, name), planCases()[name])))
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, s := range p.Steps {
			if s.Kind == step.KindExec {
				got = append(got, s.Unobserved)
			}
		}
		if d := cmp.Diff(want[name], got); d != "" {
			t.Errorf("%s (-want +got):\n%s", name, d)
		}
	}
}

func TestSourceThatDoesNotResolveIsNotCalledPinned(t *testing.T) {
	f := newGateway(t, readDockerfile(t, "remote"), nil)
	f.unresolved = []string{"https://user:secret@example.test/loose.tgz"}
	p, err := step.DecodePlan(buildPlan(t, f))
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]bool{}
	for _, s := range p.Sources {
		got[s.URI] = s.Pinned && len(s.Digest) == 1
		if s.Pinned != (len(s.Digest) > 0) {
			t.Errorf("%s: pinned %v with digest %v", s.URI, s.Pinned, s.Digest)
		}
	}
	want := map[string]bool{
		"pkg:docker/registry.test/debian@12?platform=linux%2Famd64": true,
		"git+https://github.com/example/tool.git#v1.2.3:sub":        true,
		"https://example.test/pinned.tgz":                           true,
		"https://example.test/loose.tgz":                            false,
		"git+example.test:team/repo.git":                            true,
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("pinned sources (-want +got):\n%s", d)
	}
}
