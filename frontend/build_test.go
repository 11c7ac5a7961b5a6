package frontend

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/moby/buildkit/client/llb"
	"github.com/moby/buildkit/frontend/gateway/client"
	gwpb "github.com/moby/buildkit/frontend/gateway/pb"
	"github.com/moby/buildkit/solver/pb"
	"github.com/moby/buildkit/solver/result"
	capspb "github.com/moby/buildkit/util/apicaps/pb"
	"google.golang.org/grpc/codes"

	graph "github.com/sworn-build/sworn/llb"
	"github.com/sworn-build/sworn/provenance"
	"github.com/sworn-build/sworn/step"
)

func TestBuildAttachesStatementsAndCarriesEvidence(t *testing.T) {
	f := newGateway(t, readDockerfile(t, "multistage"), nil)
	res, err := (Frontend{}).Build(t.Context(), f)
	if err != nil {
		t.Fatal(err)
	}
	if len(res.Attestations) != 1 {
		t.Fatalf("attestations of %d platforms", len(res.Attestations))
	}
	type statement struct{ Path, Type string }
	var statements []statement
	attached := map[client.Reference]bool{}
	for _, a := range res.Attestations["linux/amd64"] {
		if string(a.Metadata[result.AttestationInlineOnlyKey]) != "true" || a.Metadata[result.AttestationSBOMCore] != nil {
			t.Errorf("metadata %q of %s", a.Metadata, a.Path)
		}
		if len(a.InToto.Subjects) > 0 {
			t.Errorf("%s has subjects of its own", a.Path)
		}
		if a.Kind != gwpb.AttestationKind_InToto {
			t.Errorf("%s is of kind %s", a.Path, a.Kind)
		}
		statements = append(statements, statement{a.Path, a.InToto.PredicateType})
		attached[a.Ref] = true
	}
	want := []statement{
		{step.SPDXFile, provenance.SPDXType}, {step.SPDX3File, provenance.SPDX3Type}, {step.ContentsFile, provenance.ContentsType}, {step.StepsFile, provenance.StepsType},
	}
	if d := cmp.Diff(want, statements); d != "" {
		t.Errorf("statements (-want +got):\n%s", d)
	}
	if len(attached) != 1 {
		t.Fatalf("statements lie in %d results, want one", len(attached))
	}
	// The base, 4 segments and the context have evidence, and all of it is merged below
	// the statements: what exports the cache of the one exports the other.
	for ref := range attached {
		g := ref.(*fakeRef).g
		merged := g.Vertex(g.Target().Vertex)
		var verbs []string
		for _, in := range merged.Inputs() {
			verb := g.Vertex(in.Vertex).Op.GetExec().GetMeta().GetArgs()[1]
			verbs = append(verbs, verb)
		}
		want := []string{"describe", "describe", "describe", "describe", "describe", "digest", "assemble"}
		if d := cmp.Diff(want, verbs); d != "" || merged.Op.GetMerge() == nil {
			t.Errorf("attached is a merge: %t, of (-want +got):\n%s", merged.Op.GetMerge() != nil, d)
		}
	}
}

func TestBuildChecksBeforeItHandsOutTheImage(t *testing.T) {
	f := newGateway(t, readDockerfile(t, "multistage"), nil)
	res, err := (Frontend{}).Build(t.Context(), f)
	if err != nil {
		t.Fatal(err)
	}
	bound, image := -1, -1
	for i, ref := range f.refs {
		if v := ref.g.Vertex(ref.g.Target().Vertex); evidence("bind")(v) {
			bound = i
			if !f.solved[i].Evaluate {
				t.Error("the check is not evaluated")
			}
			records := 0
			for v := range ref.g.Vertices() {
				if strings.HasPrefix(v.Command(), "/bin/sh") {
					records++
				}
			}
			if records != 3 {
				t.Errorf("%d steps in the solve of the check, want 3: outputs of a step must be requested together", records)
			}
		}
		if ref == res.Ref {
			image = i
		}
	}
	if bound < 0 || image < bound {
		t.Errorf("check is solve %d, the image %d", bound, image)
	}
}

func TestBuildOfTwoPlatforms(t *testing.T) {
	f := newGateway(t, readDockerfile(t, "cross"), map[string]string{"platform": "linux/amd64,linux/arm64"})
	res, err := (Frontend{}).Build(t.Context(), f)
	if err != nil {
		t.Fatal(err)
	}
	var refs, attested, plans []string
	for id := range res.Refs {
		refs = append(refs, id)
	}
	for id := range res.Attestations {
		attested = append(attested, id)
	}
	for id := range f.plans(t) {
		plans = append(plans, id)
	}
	want := []string{"linux/amd64", "linux/arm64"}
	for _, got := range [][]string{refs, attested, plans} {
		slices.Sort(got)
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("platforms (-want +got):\n%s", d)
		}
	}
}

func TestStatementsOffStillHardens(t *testing.T) {
	f := newGateway(t, readDockerfile(t, "multistage"), map[string]string{"build-arg:SWORN_STATEMENTS": "off"})
	res, err := (Frontend{}).Build(t.Context(), f)
	if err != nil {
		t.Fatal(err)
	}
	if len(res.Attestations) != 0 || len(f.plans(t)) != 0 {
		t.Errorf("%d attestations, %d plans", len(res.Attestations), len(f.plans(t)))
	}
	n := 0
	for v := range res.Ref.(*fakeRef).g.Vertices() {
		exec := v.Op.GetExec()
		if args := exec.GetMeta().GetArgs(); len(args) == 0 || args[0] != graph.RunnerArg {
			continue
		}
		n++
		for _, m := range exec.Mounts {
			if m.Dest == step.RecordDir {
				t.Error("a record is kept: its file system could be met with another one")
			}
		}
		if env := strings.Join(exec.Meta.Env, " "); !strings.Contains(env, `"harden":"baseline","noRecord":true`) {
			t.Errorf("configuration in %s", env)
		}
	}
	if n != 3 {
		t.Errorf("%d of 3 steps run under the runner", n)
	}
}

// TestAllOffIsUpstreamsBuild: nothing for us to do, and not a vertex differs.
func TestAllOffIsUpstreamsBuild(t *testing.T) {
	f := newGateway(t, readDockerfile(t, "multistage"), map[string]string{
		"build-arg:SWORN_STATEMENTS": "off", "build-arg:SWORN_HARDEN": "off",
	})
	res, err := (Frontend{}).Build(t.Context(), f)
	if err != nil {
		t.Fatal(err)
	}
	execs := 0
	for v := range res.Ref.(*fakeRef).g.Vertices() {
		if exec := v.Op.GetExec(); exec != nil {
			execs++
			if exec.Meta.Args[0] == graph.RunnerArg || strings.Contains(strings.Join(exec.Meta.Env, " "), step.ConfigEnv) {
				t.Errorf("%s was rewritten", v.Name())
			}
		}
	}
	if execs != 3 || len(res.Attestations) != 0 {
		t.Errorf("%d steps, %d attestations", execs, len(res.Attestations))
	}
}

// ignores lists the kinds of vertices of a solve that ignore the cache.
func ignores(g *graph.Graph) (steps, evidence int) {
	for v := range g.Vertices() {
		switch {
		case !v.Meta.IgnoreCache:
		case strings.Contains(v.Name(), "[internal] sworn: "):
			evidence++
		default:
			steps++
		}
	}
	return steps, evidence
}

// TestCacheMountsAreEmptiedOnce: BuildKit empties the cache mounts of steps that
// ignore the cache whenever it loads them.
func TestCacheMountsAreEmptiedOnce(t *testing.T) {
	f := newGateway(t, readDockerfile(t, "mounts"), map[string]string{"no-cache": ""})
	if _, err := (Frontend{}).Build(t.Context(), f); err != nil {
		t.Fatal(err)
	}
	loads := 0
	for _, ref := range f.refs {
		if steps, _ := ignores(ref.g); steps > 0 {
			loads++
		}
	}
	if loads != 1 {
		t.Errorf("%d solves have steps that ignore the cache, want the first alone", loads)
	}
}

// TestStaleEvidenceIsMadeAgainOnce: the cache had evidence of another run. When new
// evidence is refused as well, the cache had files of another run, and the steps run
// again, once.
func TestStaleEvidenceIsMadeAgainOnce(t *testing.T) {
	const never = 0
	for _, verb := range []string{"bind", "assemble"} {
		for accepted, want := range map[int]int{1: 1, 2: 2, 3: 3, never: 3} {
			f := newGateway(t, readDockerfile(t, "multistage"), nil)
			refuse := failOn(t, evidence(verb), 1, codes.Unknown)
			tries := 0
			f.fail = func(g *graph.Graph) error {
				if !evidence("bind")(g.Vertex(g.Target().Vertex)) {
					return nil
				}
				tries++
				steps, ours := ignores(g)
				if fresh := ours > 1; fresh != (tries >= 2) || (steps != 0) != (tries == 3) {
					t.Errorf("%s: try %d has %d steps and %d of ours without the cache", verb, tries, steps, ours)
				}
				if tries != accepted {
					return refuse(g)
				}
				return nil
			}
			_, err := (Frontend{}).Build(t.Context(), f)
			if (err != nil) != (accepted == never) || tries != want {
				t.Errorf("%s, accepted in try %d: %d tries, error %v", verb, accepted, tries, err)
			}
		}
	}
}

// TestInputsOfOtherBuildsKeepTheirDigests: rewritten, their steps would run again.
func TestInputsOfOtherBuildsKeepTheirDigests(t *testing.T) {
	input := llb.Image("registry.test/input:1", llb.LinuxAmd64).Run(llb.Shlex("other build")).Root()
	f := newGateway(t, "FROM base\nRUN ours\n", map[string]string{"context:base": "input:base"})
	f.inputs = map[string]llb.State{"base": input}
	def, err := input.Marshal(t.Context(), llb.LinuxAmd64)
	if err != nil {
		t.Fatal(err)
	}
	theirs, err := graph.Decode(def.ToPB())
	if err != nil {
		t.Fatal(err)
	}
	p, err := step.DecodePlan(buildPlan(t, f))
	if err != nil {
		t.Fatal(err)
	}
	last := f.refs[len(f.refs)-1].g
	for v := range theirs.Vertices() {
		found := false
		for _, ref := range f.refs {
			found = found || ref.g.Vertex(v.Digest) != nil
		}
		if !found {
			t.Errorf("%s %q was rewritten (last graph has %d vertices)", v.Kind(), v.Command(), last.Len())
		}
	}
	var got []string
	for _, s := range p.Steps {
		got = append(got, strings.Join(s.Exec.Args, " ")+": "+s.Unobserved)
	}
	want := []string{"other build: the step came with an input of the frontend", "/bin/sh -c ours: "}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("steps (-want +got):\n%s", d)
	}
}

func TestOlderDaemonsAreToldWhatTheyLack(t *testing.T) {
	without := func(id string) func(*fakeGateway) {
		return func(f *fakeGateway) {
			all := pb.Caps.All()
			all = slices.DeleteFunc(all, func(c *capspb.APICap) bool { return string(c.ID) == id })
			f.llbCaps = pb.Caps.CapSet(all)
		}
	}
	for _, c := range []struct {
		name   string
		opts   map[string]string
		daemon func(*fakeGateway)
		want   string // the error's beginning; empty: it builds
	}{
		{"content cache", nil, without(string(pb.CapExecMountContentCache)), "this builder does not know mounts cached by content, which BuildKit 0.12 has: "},
		{"merge", nil, without(string(pb.CapMergeOp)), "this builder does not know merges of file systems, which BuildKit 0.10 has: "},
		{"merge, statements off", map[string]string{"build-arg:SWORN_STATEMENTS": "off"}, without(string(pb.CapMergeOp)), ""},
		{"its own image", nil, func(f *fakeGateway) { f.image = nil }, "find the runner: the builder does not tell frontends their own image; BuildKit 0.12 or later does"},
	} {
		f := newGateway(t, "FROM registry.test/a:1\nRUN true\n", c.opts)
		c.daemon(f)
		_, err := (Frontend{}).Build(t.Context(), f)
		if (err == nil) != (c.want == "") || err != nil && !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%s: error %v, want %s", c.name, err, c.want)
		}
		for _, ref := range f.refs {
			if err != nil && !strings.HasPrefix(scheme(ref.g), "local") {
				t.Errorf("%s: something ran although the daemon cannot do it all", c.name)
			}
		}
	}
}

func scheme(g *graph.Graph) string {
	s, _ := g.Vertex(g.Target().Vertex).Scheme()
	return s
}

func TestNoDockerfile(t *testing.T) {
	f := newGateway(t, "", nil)
	f.opts["filename"] = "Absent"
	_, err := (Frontend{}).Build(t.Context(), f)
	if err == nil || !strings.Contains(err.Error(), "failed to read dockerfile") {
		t.Errorf("error %v", err)
	}
	f = newGateway(t, "FROM scratch\n", nil)
	f.fail = func(*graph.Graph) error { return errors.New("connection refused") }
	if _, err := (Frontend{}).Build(t.Context(), f); err == nil || !strings.Contains(err.Error(), "connection refused") {
		t.Errorf("error %v", err)
	}
}
