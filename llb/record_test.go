package llb

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/moby/buildkit/solver/pb"
	"github.com/moby/buildkit/util/system"
	digest "github.com/opencontainers/go-digest"

	"github.com/sworn-build/sworn/step"
)

// execGraph is a graph of one exec on an empty root.
func execGraph(t testing.TB, op *pb.Op, meta *pb.OpMetadata) *Graph {
	t.Helper()
	raw, err := marshalOp(op)
	if err != nil {
		t.Fatal(err)
	}
	d := digest.FromBytes(raw).String()
	last, err := marshalOp(&pb.Op{Inputs: []*pb.Input{{Digest: d}}})
	if err != nil {
		t.Fatal(err)
	}
	return decode(t, &pb.Definition{Def: [][]byte{raw, last}, Metadata: map[string]*pb.OpMetadata{d: meta}})
}

func execOp(x *pb.ExecOp) *pb.Op {
	if len(x.Mounts) == 0 {
		x.Mounts = []*pb.Mount{{Input: int64(pb.Empty), Dest: pb.RootMount}}
	}
	return &pb.Op{Op: &pb.Op_Exec{Exec: x}}
}

// recordOne hardens and records the exec and returns it with its runner's
// configuration.
func recordOne(t *testing.T, x *pb.ExecOp) (*Vertex, Edge, step.Config) {
	t.Helper()
	g := Harden(execGraph(t, execOp(x), nil), HardenOpt{Arch: "amd64", Profile: step.Profile{Harden: step.HardenBaseline}, Observe: true})
	n, _, records, err := Record(g, testTools(t))
	if err != nil {
		t.Fatal(err)
	}
	v := n.Vertex(n.Target().Vertex)
	env := v.Op.GetExec().Meta.Env
	value, ok := strings.CutPrefix(env[len(env)-1], step.ConfigEnv+"=")
	if !ok {
		t.Fatalf("the last variable is %q, not the configuration", env[len(env)-1])
	}
	cfg, err := step.DecodeConfig(value)
	if err != nil {
		t.Fatal(err)
	}
	return v, records[v.Digest], cfg
}

func TestRecordEnvironment(t *testing.T) {
	const own = "PATH=" + step.RunnerDir + ":"
	for _, c := range []struct {
		name    string
		env     []string
		want    []string // less the configuration
		path    string   // that the command gets
		given   bool     // the command gets the PATH that the builder gives
		moved   []string
		secrets []*pb.SecretEnv
		argv0   string
	}{
		{
			name: "no environment: the PATH that BuildKit would add",
			want: []string{own + system.DefaultPathEnvUnix}, path: system.DefaultPathEnvUnix,
		},
		{
			name: "PATH keeps its place",
			env:  []string{"A=1", "PATH=/bin", "B=2"},
			want: []string{"A=1", own + "/bin", "B=2"}, path: "/bin",
		},
		{
			name: "the last of two PATHs counts",
			env:  []string{"PATH=/one", "A=1", "PATH=/two"},
			want: []string{own + "/two", "A=1"}, path: "/two",
		},
		{
			name: "an empty PATH stays empty for the command",
			env:  []string{"PATH="},
			want: []string{own}, path: "",
		},
		{
			name: "variables of the runner's own runtime travel in the configuration",
			env:  []string{"GODEBUG=x=1", "A=1", "OTEL_X=y", "TRACEPARENT=z", "GOMAXPROCS=2", "PATH=/bin", step.ConfigEnv + "=mine"},
			want: []string{"A=1", own + "/bin"}, path: "/bin",
			moved: []string{"GODEBUG=x=1", "OTEL_X=y", "TRACEPARENT=z", "GOMAXPROCS=2", step.ConfigEnv + "=mine"},
		},
		{
			name: "a secret PATH reaches the command, and the runner has its full name",
			env:  []string{"PATH=/bin"}, secrets: []*pb.SecretEnv{{ID: "p", Name: "PATH"}},
			want: []string{"PATH=/bin"}, given: true, argv0: step.RunnerPath,
		},
		{
			name: "a secret PATH alone",
			env:  []string{"A=1"}, secrets: []*pb.SecretEnv{{ID: "p", Name: "PATH"}},
			want: []string{"A=1"}, given: true, argv0: step.RunnerPath,
		},
		{
			name: "names that only begin like PATH or Go's are left alone",
			env:  []string{"PATHS=/x", "GODEBUGGER=1", "SWORN_STEPS=1"},
			want: []string{"PATHS=/x", "GODEBUGGER=1", "SWORN_STEPS=1", own + system.DefaultPathEnvUnix}, path: system.DefaultPathEnvUnix,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			v, _, cfg := recordOne(t, &pb.ExecOp{
				Meta: &pb.Meta{Args: []string{"make", "all"}, Env: slices.Clone(c.env), Cwd: "/"}, Secretenv: c.secrets,
			})
			meta := v.Op.GetExec().Meta
			if d := cmp.Diff(c.want, meta.Env[:len(meta.Env)-1]); d != "" {
				t.Errorf("environment (-want +got):\n%s", d)
			}
			want := &c.path
			if c.given {
				want = nil
			}
			if d := cmp.Diff(want, cfg.PathEnv); d != "" {
				t.Errorf("the command's PATH (-want +got):\n%s", d)
			}
			if d := cmp.Diff(c.moved, cfg.Env); d != "" {
				t.Errorf("moved variables (-want +got):\n%s", d)
			}
			if c.argv0 == "" {
				c.argv0 = step.RunnerName
			}
			if d := cmp.Diff([]string{c.argv0, "make", "all"}, meta.Args); d != "" {
				t.Errorf("arguments (-want +got):\n%s", d)
			}
			if v.Command() != "make all" {
				t.Errorf("command %q, want the user's", v.Command())
			}
			if v.Name() != "make all" {
				t.Errorf("a step without a name is called %q, want its command", v.Name())
			}
		})
	}
}

func TestRecordMountsAndOutput(t *testing.T) {
	skip := int64(pb.SkipOutput)
	root := &pb.Mount{Input: int64(pb.Empty), Dest: "/"}
	for _, c := range []struct {
		name   string
		mounts []*pb.Mount
		output int64
	}{
		{"root alone", []*pb.Mount{root}, 1},
		{"a writable bind", []*pb.Mount{root, {Input: -1, Dest: "/b", Output: 1}}, 2},
		{"a secret's zero", []*pb.Mount{root, {Input: -1, Dest: "/s", MountType: pb.MountType_SECRET}}, 1},
		{"mounts without output", []*pb.Mount{root, {Input: -1, Dest: "/t", Output: skip, MountType: pb.MountType_TMPFS}}, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			v, rec, _ := recordOne(t, &pb.ExecOp{Meta: &pb.Meta{Args: []string{"x"}, Cwd: "/"}, Mounts: c.mounts})
			if want := (Edge{Vertex: v.Digest, Output: c.output}); rec != want {
				t.Errorf("record %v, want %v", rec, want)
			}
			mounts := v.Op.GetExec().Mounts
			if len(mounts) != len(c.mounts)+2 {
				t.Fatalf("%d mounts, want two more than %d", len(mounts), len(c.mounts))
			}
			runner, record := mounts[len(mounts)-2], mounts[len(mounts)-1]
			if runner.Dest != step.RunnerDir || runner.Selector != "/runner" || !runner.Readonly ||
				runner.Output != skip || runner.ContentCache != pb.MountContentCache_ON {
				t.Errorf("runner mount %v", runner)
			}
			if record.Dest != step.RecordDir || record.Selector != recordPath || record.Readonly || record.Output != c.output {
				t.Errorf("record mount %v", record)
			}
			in := v.Inputs()
			if in[runner.Input] != testTools(t).Def.Target() {
				t.Errorf("the runner comes from %v", in[runner.Input])
			}
		})
	}
}

func TestRecordScratchHasWhatRecordsNeed(t *testing.T) {
	g := Harden(execGraph(t, execOp(&pb.ExecOp{Meta: &pb.Meta{Args: []string{"x"}, Cwd: "/"}}), nil), HardenOpt{Arch: "amd64"})
	n, _, records, err := Record(g, testTools(t))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for v := range n.Vertices() {
		for _, a := range v.Op.GetFile().GetActions() {
			got = append(got, actionLine(a))
		}
	}
	want := []string{"mkdir /record 1777 (base -1, from -1, output 0)"}
	if d := cmp.Diff(want, got); d != "" || len(records) != 1 {
		t.Errorf("%d records, actions (-want +got):\n%s", len(records), d)
	}
}

func TestRecordRefusesAnEnvironmentThatExecveCannotTake(t *testing.T) {
	x := &pb.ExecOp{Meta: &pb.Meta{Args: []string{"x"}, Env: []string{"PATH=" + strings.Repeat("a", 128<<10)}, Cwd: "/"}}
	meta := &pb.OpMetadata{Description: map[string]string{customName: "[2/2] RUN x"}}
	g := Harden(execGraph(t, execOp(x), meta), HardenOpt{Arch: "amd64"})
	_, _, _, err := Record(g, testTools(t))
	if err == nil || !strings.HasPrefix(err.Error(), "record [2/2] RUN x: encode runner config: ") {
		t.Errorf("error %v", err)
	}
}

func TestToolsThatTheUserBuildsFromKeepTheirPlace(t *testing.T) {
	tools := testTools(t)
	// The exec comes before the user's own use of the tools' image.
	b := passes(t, decode(t, graphOnTools(t, tools)), tools, nil)
	v := b.bound.Vertex(tools.Def.Target().Vertex)
	if v.Original == "" || v.Name() != "FROM sworn" || len(v.Locations) != 1 {
		t.Errorf("the user's vertex became %q of %q with %d locations", v.Name(), v.Original, len(v.Locations))
	}
}

// graphOnTools copies from the tools' image after an exec that does not use it.
func graphOnTools(t *testing.T, tools Tools) *pb.Definition {
	t.Helper()
	image := tools.Def.Vertex(tools.Def.Target().Vertex)
	run, err := marshalOp(execOp(&pb.ExecOp{Meta: &pb.Meta{Args: []string{"x"}, Cwd: "/"}}))
	if err != nil {
		t.Fatal(err)
	}
	copyOp, err := marshalOp(&pb.Op{
		Inputs: []*pb.Input{{Digest: digest.FromBytes(run).String()}, {Digest: string(image.Digest)}},
		Op: &pb.Op_File{File: &pb.FileOp{Actions: []*pb.FileAction{{
			Input: 0, SecondaryInput: 1, Action: &pb.FileAction_Copy{Copy: &pb.FileActionCopy{Src: "/a", Dest: "/b"}},
		}}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	last, err := marshalOp(&pb.Op{Inputs: []*pb.Input{{Digest: digest.FromBytes(copyOp).String()}}})
	if err != nil {
		t.Fatal(err)
	}
	at := []*pb.Location{{Ranges: []*pb.Range{{Start: &pb.Position{Line: 1}, End: &pb.Position{Line: 1}}}}}
	return &pb.Definition{
		Def:      [][]byte{run, image.raw, copyOp, last},
		Metadata: map[string]*pb.OpMetadata{string(image.Digest): {Description: map[string]string{customName: "FROM sworn"}}},
		Source: &pb.Source{
			Infos:     []*pb.SourceInfo{{Filename: "Dockerfile"}},
			Locations: map[string]*pb.Locations{string(image.Digest): {Locations: at}},
		},
	}
}

func TestLocalToolsAreNoSourceOfTheBuild(t *testing.T) {
	tools := testTools(t)
	src, err := marshalOp(&pb.Op{Op: &pb.Op_Source{Source: &pb.SourceOp{Identifier: "local://sworn-tools"}}})
	if err != nil {
		t.Fatal(err)
	}
	last, err := marshalOp(&pb.Op{Inputs: []*pb.Input{{Digest: digest.FromBytes(src).String()}}})
	if err != nil {
		t.Fatal(err)
	}
	tools.Def = decode(t, &pb.Definition{Def: [][]byte{src, last}})
	b := passes(t, decode(t, convert(t, dockerfile{name: "heredoc"})), tools, nil)
	for e := range b.layout.Places {
		if scheme, _ := b.described.Vertex(e.Vertex).Scheme(); scheme == schemeLocal {
			t.Errorf("the tools' own source %s has a place", e.Vertex)
		}
	}
	for v := range b.described.Vertices() {
		if verb, ok := v.Evidence(); ok && verb == "digest" {
			t.Errorf("a container digests the tools")
		}
	}
}
