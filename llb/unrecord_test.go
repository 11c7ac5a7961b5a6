package llb

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/moby/buildkit/solver/pb"
	digest "github.com/opencontainers/go-digest"

	"github.com/sworn-build/sworn/step"
)

// asInput is a graph's target as another build gets it, every vertex external.
func asInput(t *testing.T, g *Graph) (*Graph, map[digest.Digest]bool) {
	t.Helper()
	def, err := g.Encode(g.Target())
	if err != nil {
		t.Fatal(err)
	}
	in := decode(t, def)
	external := map[digest.Digest]bool{}
	for v := range in.Vertices() {
		external[v.Digest] = true
	}
	return in, external
}

// commands are the execs that the target depends on: who runs what, and under which
// configuration.
func commands(t *testing.T, g *Graph) []string {
	t.Helper()
	var out []string
	for _, v := range g.ByLine() {
		exec := v.Op.GetExec()
		if exec == nil {
			continue
		}
		var cfg string
		if v.Runner != nil {
			var err error
			if cfg, err = step.EncodeConfig(*v.Runner); err != nil {
				t.Fatal(err)
			}
		}
		env := slices.Sorted(slices.Values(exec.GetMeta().GetEnv()))
		env = slices.DeleteFunc(env, func(kv string) bool { return strings.HasPrefix(kv, "PATH=") })
		out = append(out, strings.Join(exec.GetMeta().GetArgs(), " ")+"|"+strings.Join(env, " ")+"|"+cfg)
	}
	slices.Sort(out)
	return out
}

// What another build recorded appears as its user wrote it, and recording it again
// gives the very vertices that the other build has, with their records.
func TestUnrecordIsTheReverseOfRecord(t *testing.T) {
	eachBuild(t, func(t *testing.T, b *built, tools Tools) {
		in, external := asInput(t, b.recorded)
		plain, err := Unrecord(in, tools, external)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(commands(t, b.hardened), commands(t, plain)); d != "" {
			t.Errorf("commands (-before +after):\n%s", d)
		}
		hardened := Harden(plain, HardenOpt{Arch: "amd64", External: external, Profile: step.Profile{Harden: step.HardenOff}, Observe: false})
		again, _, records, err := Record(hardened, tools)
		if err != nil {
			t.Fatal(err)
		}
		if again.Target() != b.recorded.Target() {
			t.Errorf("the target is %v, want %v", again.Target(), b.recorded.Target())
		}
		reached := b.recorded.closure(b.recorded.Target())
		want := Recorded{}
		for d, e := range b.records {
			if reached[d] {
				want[d] = e
			}
		}
		if d := cmp.Diff(want, records); d != "" {
			t.Errorf("records (-want +got):\n%s", d)
		}
		for v := range plain.Vertices() {
			if v.Name() == "[internal] sworn: prepare records" {
				t.Error("what records start from is a step of the other build")
			}
		}
	})
}

// A step that only looks like a recorded one is not taken for one: whatever ran it
// could have written any record.
func TestUnrecordRefusesWhatItsOwnPassDidNotMake(t *testing.T) {
	tools := testTools(t)
	secret := &pb.Mount{Dest: "/run/s", MountType: pb.MountType_SECRET, SecretOpt: &pb.SecretOpt{ID: "s"}}
	v, _, _ := recordOne(t, &pb.ExecOp{
		Meta:   &pb.Meta{Args: []string{"make"}, Env: []string{"A=1", "PATH=/bin"}, Cwd: "/"},
		Mounts: []*pb.Mount{{Input: int64(pb.Empty), Dest: pb.RootMount}, secret},
	})
	g := Harden(execGraph(t, execOp(&pb.ExecOp{
		Meta:   &pb.Meta{Args: []string{"make"}, Env: []string{"A=1", "PATH=/bin"}, Cwd: "/"},
		Mounts: []*pb.Mount{{Input: int64(pb.Empty), Dest: pb.RootMount}, secret},
	}), nil), HardenOpt{Arch: "amd64", Profile: step.Profile{Harden: step.HardenBaseline}, Observe: true})
	recorded, _, _, err := Record(g, tools)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		edit func(*pb.Op)
		want bool
	}{
		{"untouched", func(*pb.Op) {}, true},
		{"another runner", func(op *pb.Op) { op.GetExec().Mounts[2].Selector = "/evil" }, false},
		{"a runner that can be written", func(op *pb.Op) { op.GetExec().Mounts[2].Readonly = false }, false},
		{"another record folder", func(op *pb.Op) { op.GetExec().Mounts[3].Selector = "/" }, false},
		{"nothing but the names", func(op *pb.Op) { op.Inputs, op.GetExec().Mounts = nil, op.GetExec().Mounts[:2] }, false},
		{"a program of that name", func(op *pb.Op) { op.GetExec().Meta.Env[1] = "PATH=/evil:" + op.GetExec().Meta.Env[1][5:] }, false},
		{"a mount over it", func(op *pb.Op) { op.GetExec().Mounts[1].Dest = step.Dir }, false},
		{"a mount that is not told of", func(op *pb.Op) { op.GetExec().Mounts[1].MountType = pb.MountType_CACHE }, false},
		{"insecure", func(op *pb.Op) { op.GetExec().Security = pb.SecurityMode_INSECURE }, false},
		{"no configuration", func(op *pb.Op) { op.GetExec().Meta.Env = op.GetExec().Meta.Env[:2] }, false},
		{"another configuration", func(op *pb.Op) { op.GetExec().Meta.Env[2] = step.ConfigEnv + `={"version":1,"observe":true}` }, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			n, m, err := recorded.rewrite(func(ch *change) (bool, error) {
				if ch.v.Digest != v.Digest {
					return false, nil
				}
				c.edit(ch.op)
				return true, nil
			})
			if err != nil {
				t.Fatal(err)
			}
			in, external := asInput(t, n)
			out, err := Unrecord(in, tools, external)
			if err != nil {
				t.Fatal(err)
			}
			target := out.Vertex(out.Target().Vertex)
			if got := target.Runner != nil; got != c.want {
				t.Fatalf("taken for a recorded step: %v, want %v (%v)", got, c.want, m)
			}
			if !c.want && target.Digest != in.Target().Vertex {
				t.Error("the step was changed all the same")
			}
			if c.want && target.Command() != "make" {
				t.Errorf("command %q", target.Command())
			}
		})
	}
	t.Run("not external", func(t *testing.T) {
		in, _ := asInput(t, recorded)
		out, err := Unrecord(in, tools, nil)
		if err != nil || out.Target() != in.Target() {
			t.Errorf("changed: %v", err)
		}
	})
}
