package llb

import (
	"testing"

	"github.com/moby/buildkit/solver/pb"
	digest "github.com/opencontainers/go-digest"
)

func TestParent(t *testing.T) {
	a, b := Edge{Vertex: digest.FromString("a")}, Edge{Vertex: digest.FromString("b"), Output: 2}
	skip := int64(pb.SkipOutput)
	exec := func(mounts ...*pb.Mount) *pb.Op { return execOp(&pb.ExecOp{Mounts: mounts}) }
	file := func(actions ...*pb.FileAction) *pb.Op {
		return &pb.Op{Op: &pb.Op_File{File: &pb.FileOp{Actions: actions}}}
	}
	for _, c := range []struct {
		name   string
		op     *pb.Op
		output int64
		want   Edge
	}{
		{"the root", exec(&pb.Mount{Input: 0, Dest: "/"}, &pb.Mount{Input: 1, Dest: "/b", Output: 1}), 0, a},
		{"a writable bind", exec(&pb.Mount{Input: 0, Dest: "/"}, &pb.Mount{Input: 1, Dest: "/b", Output: 1}), 1, b},
		{
			"a secret before what makes the state",
			exec(&pb.Mount{Input: 0, Dest: "/", Output: skip}, &pb.Mount{Input: -1, Dest: "/a", MountType: pb.MountType_SECRET}, &pb.Mount{Input: 1, Dest: "/b"}), 0, b,
		},
		{
			"an ssh socket before what makes the state",
			exec(&pb.Mount{Input: 0, Dest: "/", Output: skip}, &pb.Mount{Input: -1, Dest: "/a", MountType: pb.MountType_SSH}, &pb.Mount{Input: 1, Dest: "/b"}), 0, b,
		},
		{"an output that no mount has", exec(&pb.Mount{Input: 0, Dest: "/"}), 7, Edge{}},
		{"an empty root", exec(&pb.Mount{Input: -1, Dest: "/"}), 0, Edge{}},
		{"one action", file(&pb.FileAction{Input: 1}), 0, b},
		{"an action on nothing", file(&pb.FileAction{Input: -1}), 0, Edge{}},
		{"a chain of actions", file(&pb.FileAction{Input: 0, Output: skip}, &pb.FileAction{Input: 2, Output: skip}, &pb.FileAction{Input: 3}), 0, a},
		{"an action on itself", file(&pb.FileAction{Input: 2}), 0, Edge{}},
		{"an action on a later one", file(&pb.FileAction{Input: 3}, &pb.FileAction{Input: 0, Output: skip}), 0, Edge{}},
		{"a merge", &pb.Op{Op: &pb.Op_Merge{Merge: &pb.MergeOp{Inputs: []*pb.MergeInput{{Input: 1}, {Input: 0}}}}}, 0, b},
		{"an empty merge", &pb.Op{Op: &pb.Op_Merge{Merge: &pb.MergeOp{}}}, 0, Edge{}},
		{"a diff", &pb.Op{Op: &pb.Op_Diff{Diff: &pb.DiffOp{Lower: &pb.LowerDiffInput{Input: 0}, Upper: &pb.UpperDiffInput{Input: 1}}}}, 0, Edge{}},
		{"a passthrough", &pb.Op{Op: &pb.Op_Passthrough{Passthrough: &pb.PassthroughOp{Outputs: []int64{1, 0}}}}, 1, a},
		{"a passthrough with too few outputs", &pb.Op{Op: &pb.Op_Passthrough{Passthrough: &pb.PassthroughOp{}}}, 1, Edge{}},
		{"a source", &pb.Op{Op: &pb.Op_Source{Source: &pb.SourceOp{}}}, 0, Edge{}},
	} {
		c.op.Inputs = []*pb.Input{pbInput(a), pbInput(b)}
		v := &Vertex{Digest: digest.FromString(c.name), Op: c.op}
		g := &Graph{vertices: map[digest.Digest]*Vertex{v.Digest: v}}
		if got := g.Parent(Edge{Vertex: v.Digest, Output: c.output}); got != c.want {
			t.Errorf("%s: parent %v, want %v", c.name, got, c.want)
		}
	}
}
