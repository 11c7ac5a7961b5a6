package llb

import (
	"errors"
	"testing"

	"github.com/moby/buildkit/solver/pb"
	digest "github.com/opencontainers/go-digest"
)

// seeds are the definitions of the corpus and the hostile ones, as bytes.
func seeds(f *testing.F) {
	f.Helper()
	add := func(def *pb.Definition) {
		b, err := def.MarshalVT()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	for _, c := range dockerfiles() {
		add(convert(f, c))
	}
	for _, c := range hostile(f) {
		if len(c.def.Def) < 100 && c.name != "a nil location" { // has no encoding
			add(c.def)
		}
	}
	for _, op := range crazyOps() {
		add(terminated(f, op))
	}
}

// FuzzDecode: outside bytes are a graph or ErrMalformed, never a panic, and what is
// a graph survives another round.
func FuzzDecode(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		var def pb.Definition
		if def.UnmarshalVT(data) != nil {
			return
		}
		g, err := Decode(&def)
		if err != nil {
			if !errors.Is(err, ErrMalformed) {
				t.Fatalf("error %v is no ErrMalformed", err)
			}
			return
		}
		for _, e := range append(g.States(), g.Target()) {
			g.Parent(e)
			g.BaseOf(e)
		}
		once := encode(t, g, g.Target())
		twice := encode(t, decode(t, once), g.Target())
		if !once.EqualVT(twice) {
			t.Error("a second round changed the definition")
		}
	})
}

// FuzzPasses: whatever decodes goes through all passes without a panic.
func FuzzPasses(f *testing.F) {
	seeds(f)
	tools := testTools(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		var def pb.Definition
		if def.UnmarshalVT(data) != nil {
			return
		}
		g, err := Decode(&def)
		if err != nil {
			return
		}
		b, err := runPasses(g, tools, nil)
		if err != nil {
			return
		}
		out := encode(t, b.bound, b.check)
		if n := decode(t, out); n.Target() != b.check {
			t.Errorf("target %v, want %v", n.Target(), b.check)
		}
		for v := range b.hardened.Vertices() {
			b.hardened.Lines(v)
			v.Command()
			v.Evidence()
		}
	})
}

func terminated(t testing.TB, op *pb.Op) *pb.Definition {
	t.Helper()
	source, err := marshalOp(&pb.Op{Op: &pb.Op_Source{Source: &pb.SourceOp{Identifier: "docker-image://x"}}})
	if err != nil {
		t.Fatal(err)
	}
	op.Inputs = []*pb.Input{{Digest: digest.FromBytes(source).String()}}
	raw, err := marshalOp(op)
	if err != nil {
		t.Fatal(err)
	}
	last, err := marshalOp(&pb.Op{Inputs: []*pb.Input{{Digest: digest.FromBytes(raw).String()}}})
	if err != nil {
		t.Fatal(err)
	}
	return &pb.Definition{Def: [][]byte{source, raw, last}}
}

// crazyOps are well-formed as protobuf and senseless as ops.
func crazyOps() []*pb.Op {
	const most, least = 1<<63 - 1, -1 << 63
	file := func(actions ...*pb.FileAction) *pb.Op {
		return &pb.Op{Op: &pb.Op_File{File: &pb.FileOp{Actions: actions}}}
	}
	exec := func(mounts ...*pb.Mount) *pb.Op {
		return &pb.Op{Op: &pb.Op_Exec{Exec: &pb.ExecOp{Meta: &pb.Meta{Args: []string{"x"}}, Mounts: mounts}}}
	}
	return []*pb.Op{
		exec(),
		exec(&pb.Mount{}),
		exec(&pb.Mount{Input: most, Output: most, Dest: "/"}),
		exec(&pb.Mount{Input: least, Output: least, Dest: "/"}),
		exec(&pb.Mount{Input: 1, Output: 0, Dest: "/"}, &pb.Mount{Dest: "/", Output: 0}),
		exec(&pb.Mount{Input: 0, Output: 0, Dest: "../..", MountType: 99, ContentCache: 99}),
		{Op: &pb.Op_Exec{Exec: &pb.ExecOp{}}},
		{Op: &pb.Op_Exec{Exec: &pb.ExecOp{Meta: &pb.Meta{Args: []string{"x"}, Env: []string{"", "=", "PATH"}}}}},
		file(),
		file(&pb.FileAction{}),
		file(&pb.FileAction{Input: 1, Output: 0}),
		file(&pb.FileAction{Input: 2, Output: -1}, &pb.FileAction{Input: 1, Output: 0}),
		file(&pb.FileAction{Input: most, SecondaryInput: most, Output: 0}),
		file(&pb.FileAction{Input: least, SecondaryInput: least, Output: 0}),
		{Op: &pb.Op_Merge{Merge: &pb.MergeOp{}}},
		{Op: &pb.Op_Merge{Merge: &pb.MergeOp{Inputs: []*pb.MergeInput{{Input: most}}}}},
		{Op: &pb.Op_Diff{Diff: &pb.DiffOp{}}},
		{Op: &pb.Op_Build{Build: &pb.BuildOp{}}},
		{Op: &pb.Op_Passthrough{Passthrough: &pb.PassthroughOp{Outputs: []int64{most, least}}}},
		{Op: &pb.Op_Source{Source: &pb.SourceOp{Identifier: "git://"}}},
	}
}

// TestCrazyOpsPass is what the fuzz targets' seeds are for, under their own names:
// senseless ops are for the daemon to refuse, not for the passes to fall over.
func TestCrazyOpsPass(t *testing.T) {
	tools := testTools(t)
	for i, op := range crazyOps() {
		g := decode(t, terminated(t, op))
		b, err := runPasses(g, tools, nil)
		if err != nil {
			t.Errorf("op %d (%v): %v", i, op, err)
			continue
		}
		for _, s := range b.recorded.States() {
			if _, ok := b.layout.Places[s]; !ok {
				t.Errorf("op %d (%v): state %v has no place", i, op, s)
			}
		}
	}
}
