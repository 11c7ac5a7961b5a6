package llb

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/moby/buildkit/solver/pb"
	digest "github.com/opencontainers/go-digest"

	"github.com/sworn-build/sworn/step"
)

func TestHardenRefusals(t *testing.T) {
	const over = "the step mounts something over /dev/.sworn"
	at := func(dest, cwd string) *pb.Op {
		return execOp(&pb.ExecOp{
			Meta: &pb.Meta{Args: []string{"x"}, Cwd: cwd},
			Mounts: []*pb.Mount{
				{Input: int64(pb.Empty), Dest: pb.RootMount},
				{Input: int64(pb.Empty), Dest: dest, Output: int64(pb.SkipOutput), MountType: pb.MountType_TMPFS},
			},
		})
	}
	on := func(os, arch string) *pb.Op {
		op := at("/tmp", "/")
		op.Platform = &pb.Platform{OS: os, Architecture: arch}
		return op
	}
	insecure := at("/tmp", "/")
	insecure.GetExec().Security = pb.SecurityMode_INSECURE
	for _, c := range []struct {
		name string
		op   *pb.Op
		want string // empty: it runs under the runner
	}{
		{"plain", at("/tmp", "/"), ""},
		{"the runner's platform", on("linux", "amd64"), ""},
		{"windows", on("windows", "amd64"), "the step runs on windows"},
		{"emulated", on("linux", "arm64"), "the step runs on arm64, the runner on amd64, and the builder's kernel does not start programs of both"},
		{"emulated by the kernel", on("linux", "riscv64"), ""},
		{"insecure", insecure, "the step runs with security=insecure and could change its own record"},
		{"no arguments", execOp(&pb.ExecOp{Meta: &pb.Meta{Cwd: "/"}}), "the step has no command"},
		{"no meta", execOp(&pb.ExecOp{}), "the step has no command"},
		{"/dev", at("/dev", "/"), over},
		{"/dev/ with a slash", at("/dev/", "/"), over},
		{"/dev by a detour", at("/proc/../dev", "/"), over},
		{"dev below /", at("dev", "/"), over},
		{"our folder", at("/dev/.sworn", "/"), over},
		{"in our folder", at("/dev/.sworn/record", "/"), over},
		{"our folder from the working directory", at(".sworn", "/dev"), over},
		{"beside our folder", at("/dev/.sworn2", "/"), ""},
		{"in /dev", at("/dev/shm", "/"), ""},
		{"another dev", at("/srv/dev", "/"), ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			n := Harden(execGraph(t, c.op, nil), HardenOpt{Arch: "amd64", Starts: func(p *pb.Platform) bool { return p.Architecture == "riscv64" }})
			v := n.Vertex(n.Target().Vertex)
			if v.Refused != c.want {
				t.Errorf("refused %q, want %q", v.Refused, c.want)
			}
			if (v.Runner == nil) != (c.want != "") {
				t.Errorf("runner %v although refused %q", v.Runner, v.Refused)
			}
		})
	}
}

func TestHardenTellsTheRunnerOfMounts(t *testing.T) {
	skip := int64(pb.SkipOutput)
	g := execGraph(t, execOp(&pb.ExecOp{
		Meta: &pb.Meta{Args: []string{"x"}, Cwd: "/work"},
		Mounts: []*pb.Mount{
			{Input: -1, Dest: "/"},
			{Input: -1, Dest: "/z/ro", Output: skip, Readonly: true},
			{Input: -1, Dest: "rw", Output: skip},
			{Input: -1, Dest: "/cache/", Output: skip, MountType: pb.MountType_CACHE},
			{Input: -1, Dest: "/run/secret", MountType: pb.MountType_SECRET},
			{Input: -1, Dest: "/run/ssh", MountType: pb.MountType_SSH},
			{Input: -1, Dest: "/tmp", Output: skip, MountType: pb.MountType_TMPFS},
		},
	}), nil)
	n := Harden(g, HardenOpt{Arch: "amd64", Profile: step.Profile{Harden: step.HardenBaseline}})
	want := &step.Config{Version: step.ConfigVersion, Harden: step.HardenBaseline, Mounts: []step.ConfigMount{
		{Target: "/cache", Shared: true},
		{Target: "/run/secret", Ignore: true},
		{Target: "/run/ssh", Ignore: true},
		{Target: "/tmp", Ignore: true},
		{Target: "/work/rw"},
		{Target: "/z/ro", Shared: true},
	}}
	if d := cmp.Diff(want, n.Vertex(n.Target().Vertex).Runner); d != "" {
		t.Errorf("configuration (-want +got):\n%s", d)
	}
}

func TestHardenLeavesExternalStepsAlone(t *testing.T) {
	g := execGraph(t, execOp(&pb.ExecOp{Meta: &pb.Meta{Args: []string{"x"}, Cwd: "/"}}), nil)
	d := g.Target().Vertex
	n := Harden(g, HardenOpt{Arch: "amd64", External: map[digest.Digest]bool{d: true}})
	if v := n.Vertex(d); v.Runner != nil || v.Refused != "" {
		t.Errorf("an external step got runner %v, refused %q", v.Runner, v.Refused)
	}
}
