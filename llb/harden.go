package llb

import (
	"path"
	"slices"
	"strings"

	"github.com/moby/buildkit/solver/pb"
	digest "github.com/opencontainers/go-digest"
	"github.com/sworn-build/sworn/step"
)

// HardenOpt says which execs run under the runner and what it does to them.
type HardenOpt struct {
	// Arch is the architecture of the runner (GOARCH).
	Arch string
	// Starts reports whether the builder's kernel starts programs of a platform,
	// emulated or not. Then a step for another architecture runs under the runner as
	// well: the runner is static and its command a process of its own. Nil: it starts
	// those of Arch alone.
	Starts func(*pb.Platform) bool
	// External are original digests that are left alone: vertices of frontend inputs
	// belong to other builds, whose steps would run again.
	External map[digest.Digest]bool
	// Profile is how execs run; those with a mark (see [MarkFlag]) as Marked says.
	Profile step.Profile
	Marked  map[string]step.Profile
	// Observe and NoRecord go to the runner's Config.
	Observe, NoRecord bool
}

// Harden decides for every exec how it runs ([Vertex.Profile]), and whether under the
// runner ([Vertex.Runner]) or why not ([Vertex.Refused]). Digests stay the same until
// [Record]; marks are gone from names already.
func Harden(g *Graph, opt HardenOpt) *Graph {
	n := g.clone()
	for d, old := range g.vertices {
		exec := old.Op.GetExec()
		if exec == nil || opt.External[old.Original] {
			continue
		}
		v := *old
		profile := opt.Profile
		if v.mark = markOf(exec, opt.Marked); v.mark != "" {
			profile = opt.Marked[v.mark]
			v.Meta = old.Meta.CloneVT()
			describe(v.Meta, strings.Replace(v.Name(), " "+MarkFlag(v.mark), "", 1))
		}
		if exec.Network == pb.NetMode_NONE {
			profile.Network, profile.Allow = step.NetworkNone, nil
		}
		v.Profile = &profile
		op := unmarked(old.Op, v.mark)
		if v.Refused = refuse(op, opt); v.Refused == "" {
			v.Runner = runnerConfig(op.GetExec(), profile, opt)
		}
		n.vertices[d] = &v
	}
	return n
}

// refuse says why an exec cannot run under the runner.
func refuse(op *pb.Op, opt HardenOpt) string {
	exec := op.GetExec()
	p := op.Platform
	switch {
	case p != nil && p.OS != "linux":
		return "the step runs on " + p.OS
	case p != nil && p.Architecture != opt.Arch && (opt.Starts == nil || !opt.Starts(p)):
		// BuildKit may have an emulator of its own, which would get the runner to run.
		return "the step runs on " + p.Architecture + ", the runner on " + opt.Arch + ", and the builder's kernel does not start programs of both"
	case exec.Security == pb.SecurityMode_INSECURE:
		return "the step runs with security=insecure and could change its own record"
	case exec.Meta == nil || len(exec.Meta.Args) == 0:
		return "the step has no command"
	}
	for _, m := range exec.Mounts {
		t := mountTarget(exec, m)
		if t == "/dev" || t == step.Dir || strings.HasPrefix(t, step.Dir+"/") || strings.HasPrefix(step.Dir, t+"/") && t != "/" {
			return "the step mounts something over " + step.Dir
		}
	}
	return ""
}

// mountTarget is where BuildKit puts a mount: relative targets are below the
// working directory.
func mountTarget(exec *pb.ExecOp, m *pb.Mount) string {
	t := m.Dest
	if !path.IsAbs(t) {
		t = path.Join("/", exec.GetMeta().GetCwd(), t)
	}
	return path.Clean(t)
}

func runnerConfig(exec *pb.ExecOp, profile step.Profile, opt HardenOpt) *step.Config {
	c := &step.Config{
		Version: step.ConfigVersion, Observe: opt.Observe && !opt.NoRecord, Harden: profile.Harden, NoRecord: opt.NoRecord,
		Root: profile.Root && profile.Harden == step.HardenStrict,
	}
	if profile.Network == step.NetworkRecord {
		c.Network = &step.ConfigNetwork{Allow: profile.Allow}
	}
	for _, m := range exec.Mounts {
		t := mountTarget(exec, m)
		if t == pb.RootMount {
			continue
		}
		cm := step.ConfigMount{Target: t}
		switch m.MountType {
		case pb.MountType_SECRET, pb.MountType_SSH, pb.MountType_TMPFS:
			cm.Ignore = true
		case pb.MountType_CACHE:
			cm.Shared = true
		case pb.MountType_BIND:
			cm.Shared = m.Readonly || profile.Harden == step.HardenStrict // which makes it read-only
		}
		c.Mounts = append(c.Mounts, cm)
	}
	slices.SortStableFunc(c.Mounts, func(a, b step.ConfigMount) int { return strings.Compare(a.Target, b.Target) })
	return c
}
