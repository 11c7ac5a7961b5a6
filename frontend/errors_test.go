package frontend

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	gwpb "github.com/moby/buildkit/frontend/gateway/pb"
	"github.com/moby/buildkit/solver/errdefs"
	"github.com/moby/buildkit/solver/pb"
	"github.com/moby/buildkit/util/grpcerrors"
	digest "github.com/opencontainers/go-digest"
	"google.golang.org/grpc/codes"

	graph "github.com/sworn-build/sworn/llb"
	"github.com/sworn-build/sworn/step"
)

// failOn makes a vertex fail as the daemon reports it over gRPC: with its digest, a
// source range and BuildKit's text.
func failOn(t *testing.T, pick func(*graph.Vertex) bool, line int32, code codes.Code) func(*graph.Graph) error {
	return func(g *graph.Graph) error {
		for v := range g.Vertices() {
			if !pick(v) {
				continue
			}
			args := v.Op.GetExec().GetMeta().GetArgs()
			err := fmt.Errorf("process %q did not complete successfully: exit code: 3", strings.Join(args, " "))
			err = errdefs.WithSource(err, &errdefs.Source{
				Info:   &pb.SourceInfo{Filename: "Dockerfile", Data: []byte("FROM x\n")},
				Ranges: []*pb.Range{{Start: &pb.Position{Line: line}, End: &pb.Position{Line: line}}},
			})
			return overTheWire(t, grpcerrors.WrapCode(errdefs.WrapVertex(err, v.Digest), code))
		}
		return nil
	}
}

// overTheWire is what is left of an error at the other end of a gRPC call.
func overTheWire(t *testing.T, err error) error {
	t.Helper()
	return grpcerrors.FromGRPC(grpcerrors.ToGRPC(t.Context(), err))
}

func runs(command string) func(*graph.Vertex) bool {
	return func(v *graph.Vertex) bool { return v.Op.GetExec() != nil && strings.Contains(v.Command(), command) }
}

func evidence(verb string) func(*graph.Vertex) bool {
	return func(v *graph.Vertex) bool {
		args := v.Op.GetExec().GetMeta().GetArgs()
		return len(args) == 2 && args[0] == step.EvidencePath && args[1] == verb
	}
}

func TestFailingStepNamesTheUsersCommandAndLine(t *testing.T) {
	for _, c := range []struct{ dockerfile, pick, command string }{
		{"FROM registry.test/a:1\nRUN exit 3\n", "exit 3", "/bin/sh -c exit 3"},
		{"FROM registry.test/a:1\nRUN echo \"a\" && exit 3\n", "exit 3", `/bin/sh -c echo "a" && exit 3`},
		{"FROM registry.test/a:1\nRUN <<EOF\necho ä\nexit 3\nEOF\n", "exit 3", "/bin/sh -c echo ä\nexit 3\n"},
		{"FROM registry.test/a:1\nRUN [\"/bin/tool\", \"a b\"]\n", "tool", "/bin/tool a b"},
	} {
		f := newGateway(t, c.dockerfile, nil)
		f.fail = failOn(t, runs(c.pick), 2, codes.Unknown)
		_, err := (Frontend{}).Build(t.Context(), f)
		want := fmt.Sprintf("process %q did not complete successfully: exit code: 3", c.command)
		for where, err := range map[string]error{"in the frontend": err, "at the client": overTheWire(t, err)} {
			if err == nil || err.Error() != want {
				t.Errorf("%s: error %v, want %s", where, err, want)
				continue
			}
			src := errdefs.Sources(err)
			if len(src) != 1 || src[0].Ranges[0].Start.Line != 2 {
				t.Errorf("%s: the Dockerfile line is lost: %v", where, src)
			}
			var ve *errdefs.VertexError
			if !errors.As(err, &ve) || digest.Digest(ve.Digest).Validate() != nil {
				t.Errorf("%s: the vertex is lost", where)
			}
		}
		if strings.Contains(err.Error(), step.Dir) || strings.Contains(err.Error(), `"RUN `) {
			t.Errorf("error %q names the runner", err)
		}
	}
}

func TestFailureKeepsItsCode(t *testing.T) {
	f := newGateway(t, "FROM registry.test/a:1\nRUN exit 3\n", nil)
	f.fail = failOn(t, runs("exit 3"), 2, codes.ResourceExhausted)
	_, err := (Frontend{}).Build(t.Context(), f)
	if c := grpcerrors.Code(overTheWire(t, err)); c != codes.ResourceExhausted {
		t.Errorf("code %s, want ResourceExhausted", c)
	}
}

func TestFailureOfOurOwnContainersSaysWhatItMeans(t *testing.T) {
	for verb, want := range map[string]string{
		"describe": "describe: the evidence tool failed (see the log of this build): ",
		"assemble": "assemble statements: the evidence does not fit together (the log of this build says what); build once more with --no-cache",
		"digest":   "digest: the evidence tool failed (see the log of this build): ",
		"bind":     "bind statements to the image: the evidence is not of this image (the differences are in the log of this build); build once more with --no-cache",
	} {
		f := newGateway(t, readDockerfile(t, "multistage"), nil)
		f.fail = failOn(t, evidence(verb), 1, codes.Unknown)
		_, err := (Frontend{}).Build(t.Context(), f)
		if err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s: error %v, want %s", verb, err, want)
			continue
		}
		if d := cmp.Diff(err.Error(), overTheWire(t, err).Error()); d != "" {
			t.Errorf("%s: another text at the client (-frontend +client):\n%s", verb, d)
		}
		var ee *EvidenceError
		if !errors.As(err, &ee) || ee.Verb != verb {
			t.Errorf("%s: EvidenceError is %v", verb, ee)
		}
	}
}

// Other evidence would say the same, so none is made.
func TestNamesThatNoLayerHoldsFailTheBuildAtOnce(t *testing.T) {
	f := newGateway(t, readDockerfile(t, "multistage"), nil)
	solves := 0
	f.fail = func(g *graph.Graph) error {
		for v := range g.Vertices() {
			if evidence("assemble")(v) {
				solves++
				exit := &gwpb.ExitError{ExitCode: step.ExitUnfit, Err: errors.New("exit code: 3")}
				return overTheWire(t, errdefs.WrapVertex(exit, v.Digest))
			}
		}
		return nil
	}
	_, err := (Frontend{}).Build(t.Context(), f)
	want := "assemble statements: the image has more or other files than statements or layers can hold (the log of this build says which); with statements=off it is built without"
	if err == nil || overTheWire(t, err).Error() != want || solves != 1 {
		t.Errorf("after %d solves: error %v, want %s", solves, err, want)
	}
}

// BuildKit's own message does not say what there is too much of.
func TestTooManyLayersAreCounted(t *testing.T) {
	for steps, want := range map[int]string{
		500: "mount options is too long (it starts from 500 layers and those of its base; a builder mounts some 480 at once, so put several commands into one RUN)",
		3:   "mount options is too long",
	} {
		f := newGateway(t, "FROM registry.test/a:1\n"+strings.Repeat("COPY a /a\n", steps-1)+"RUN last\n", nil)
		f.fail = func(g *graph.Graph) error {
			for v := range g.Vertices() {
				if runs("last")(v) {
					return overTheWire(t, errdefs.WrapVertex(errors.New("mount options is too long"), v.Digest))
				}
			}
			return nil
		}
		_, err := (Frontend{}).Build(t.Context(), f)
		if err == nil || overTheWire(t, err).Error() != want {
			t.Errorf("%d steps: error %v, want %s", steps, err, want)
		}
	}
}

func TestExplainLeavesOtherErrorsAlone(t *testing.T) {
	g, err := graph.Decode(nil)
	if err != nil {
		t.Fatal(err)
	}
	plain := errors.New("no space left on device")
	for _, err := range []error{nil, plain, errdefs.WrapVertex(plain, digest.FromString("of another build"))} {
		if got := explain(err, g); got != err {
			t.Errorf("%v became %v", err, got)
		}
	}
}

func TestSyntaxErrorPointsAtItsLine(t *testing.T) {
	f := newGateway(t, "FROM registry.test/a:1\nRUN true\nNOSUCH x\n", nil)
	_, err := (Frontend{}).Build(t.Context(), f)
	src := errdefs.Sources(overTheWire(t, err))
	if err == nil || !strings.Contains(err.Error(), "unknown instruction: NOSUCH") || len(src) != 1 || src[0].Ranges[0].Start.Line != 3 {
		t.Errorf("error %v at %v", err, src)
	}
}

func TestUnknownOptionPointsAtTheSyntaxLine(t *testing.T) {
	const dockerfile = "\n# syntax=registry.test/sworn:1 speed=fast\nFROM scratch\n"
	f := newGateway(t, "# syntax=registry.test/sworn:1 speed=fast\nFROM scratch\n", map[string]string{"cmdline": "registry.test/sworn:1 speed=fast"})
	_, err := (Frontend{}).Build(t.Context(), f)
	want := `syntax line: unknown option "speed"; valid: accept, allow, base, harden, licences, network, observe, organization, rules, sbom, sources, statements`
	if src := errdefs.Sources(err); err == nil || err.Error() != want || len(src) != 1 || src[0].Ranges[0].Start.Line != 1 {
		t.Errorf("error %v at %v, want %s", err, src, want)
	}
	f = newGateway(t, dockerfile, map[string]string{"build-arg:SWORN_SPEED": "fast"})
	_, err = (Frontend{}).Build(t.Context(), f)
	want = `build arg SWORN_SPEED: unknown option "speed"; valid: accept, allow, base, harden, licences, network, observe, organization, rules, sbom, sources, statements`
	if err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
	if len(f.refs) > 2 {
		t.Errorf("%d solves although an option is wrong", len(f.refs))
	}
}

func TestFailureToDescribeAStepNamesItsLines(t *testing.T) {
	f := newGateway(t, "FROM busybox\nRUN one\nCOPY a /a\nRUN two\nRUN three\n", nil)
	f.fail = func(g *graph.Graph) error {
		for v := range g.Vertices() {
			for _, m := range v.Op.GetExec().GetMounts() {
				if m.Dest == step.StateDir+"/2" { // no other segment has two states
					return errdefs.WrapVertex(errors.New("exit code: 1"), v.Digest)
				}
			}
		}
		return nil
	}
	_, err := (Frontend{}).Build(t.Context(), f)
	if err == nil {
		t.Fatal("no error")
	}
	var lines []int32
	for _, s := range errdefs.Sources(overTheWire(t, err)) {
		for _, r := range s.Ranges {
			lines = append(lines, r.Start.Line)
		}
	}
	if d := cmp.Diff([]int32{3, 4}, lines); d != "" {
		t.Errorf("lines (-want +got):\n%s", d)
	}
}
