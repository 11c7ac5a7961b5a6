package llb

import (
	"fmt"
	"slices"
	"strings"

	"github.com/moby/buildkit/solver/pb"
	"github.com/moby/buildkit/util/system"
	digest "github.com/opencontainers/go-digest"
	"github.com/sworn-build/sworn/step"
	"github.com/sworn-build/sworn/step/roots"
)

// Tools is where Sworn's binaries come from: usually the frontend's own image, as
// BuildKit refers to it, so that it is not a second material of the build.
type Tools struct {
	// Def is the definition of the file system that holds them.
	Def *Graph
	// Runner, Recorder and Evidence are folders in it: of the runner, named
	// step.RunnerName, of the runner that records the network as well, named the same,
	// and of the evidence tool, named as in step.EvidencePath.
	Runner, Recorder, Evidence string
	// Roots are the authorities that recorders of the network trust beside those of their
	// containers. They are part of the cache key of steps whose network is recorded.
	Roots roots.Set
	// Arch is the architecture of the programs, as in GOARCH.
	Arch string
}

// Recorded tells where [Record] put things: by the digest that an exec has in the
// new graph, the edge of its record.
type Recorded map[digest.Digest]Edge

// recordPath is the folder in a record's state that is mounted into the step.
const recordPath = "/record"

// Record rewrites every exec that [Harden] chose: the runner becomes its first
// argument, found through PATH; its configuration an environment variable; a mount
// at step.RecordDir an additional output. What of a profile the builder sees to, network
// and read-only mounts, holds for execs without runner as well.
//
// Root and record must be requested in the same solve: outputs of a step are
// separate cache edges, and only requested ones are kept.
func Record(g *Graph, tools Tools) (*Graph, Mapping, Recorded, error) {
	outs := map[digest.Digest]int64{} // by old digest
	n, m, err := g.rewrite(func(c *change) (bool, error) {
		changed := applyProfile(c)
		if c.v.Runner == nil {
			return changed, nil
		}
		out := freeOutput(c.op.GetExec())
		if err := recordExec(c, tools, out); err != nil {
			return false, fmt.Errorf("record %s: %w", c.v.Name(), err)
		}
		if !c.v.Runner.NoRecord {
			outs[c.v.Digest] = out
		}
		return true, nil
	})
	if err != nil {
		return nil, nil, nil, err
	}
	rec := make(Recorded, len(outs))
	for old, out := range outs {
		rec[m[old]] = Edge{Vertex: m[old], Output: out}
	}
	return n, m, rec, nil
}

// applyProfile takes the mark of an exec away and gives it what of its profile the
// builder sees to. It reports whether anything changed.
func applyProfile(c *change) bool {
	if c.v.Profile == nil {
		return false
	}
	c.op = unmarked(c.op, c.v.mark)
	changed := c.v.mark != ""
	exec := c.op.GetExec()
	if c.v.Profile.Network == step.NetworkNone && exec.Network != pb.NetMode_NONE {
		exec.Network = pb.NetMode_NONE
		addCaps(c.meta, string(pb.CapExecMetaNetwork))
		changed = true
	}
	if c.v.Profile.Harden != step.HardenStrict {
		return changed
	}
	for _, m := range exec.Mounts {
		if m.MountType == pb.MountType_BIND && m.Dest != pb.RootMount && !m.Readonly {
			m.Readonly, changed = true, true
		}
	}
	return changed
}

func recordExec(c *change, tools Tools, out int64) error {
	exec := c.op.GetExec()
	if c.v.Name() == "" {
		describe(c.meta, strings.Join(exec.Meta.Args, " "))
	}
	cfg := withRoots(*c.v.Runner, tools)
	argv0 := RunnerArg
	if secretPath(exec) {
		argv0 = step.RunnerPath
	}
	if err := recordEnv(exec, &cfg); err != nil {
		return err
	}
	exec.Meta.Args = append([]string{argv0}, exec.Meta.Args...)

	// By content: another image with the same runner re-runs nothing.
	runner := tools.Runner
	if cfg.Network != nil {
		runner = tools.Recorder
	}
	addMount(c.op, c.g.merge(tools.Def), &pb.Mount{
		Selector: runner, Dest: step.RunnerDir, Output: int64(pb.SkipOutput), Readonly: true, ContentCache: pb.MountContentCache_ON,
	})
	addCaps(c.meta, string(pb.CapExecMountBind), string(pb.CapExecMountSelector), string(pb.CapExecMountContentCache))
	if hasRoots(cfg) {
		e, err := rootsState(c.g, tools.Roots)
		if err != nil {
			return err
		}
		addMount(c.op, e, &pb.Mount{
			Dest: step.RootsDir, Output: int64(pb.SkipOutput), Readonly: true, ContentCache: pb.MountContentCache_ON,
		})
	}
	if cfg.NoRecord {
		return nil
	}
	scratch, err := recordScratch(c.g)
	if err != nil {
		return err
	}
	addMount(c.op, scratch, &pb.Mount{Selector: recordPath, Dest: step.RecordDir, Output: out})
	return nil
}

// addMount adds an input and its mount to an exec.
func addMount(op *pb.Op, e Edge, m *pb.Mount) {
	m.Input = int64(len(op.Inputs))
	op.Inputs = append(op.Inputs, pbInput(e))
	op.GetExec().Mounts = append(op.GetExec().Mounts, m)
}

// RunnerArg is argv[0] of a recorded exec.
const RunnerArg = step.RunnerName

// recordEnv puts the runner's folder first in PATH, takes away the variables that
// would change the runner itself and adds its configuration.
func recordEnv(exec *pb.ExecOp, cfg *step.Config) error {
	env := make([]string, 0, len(exec.Meta.Env)+2)
	at := -1
	for _, kv := range exec.Meta.Env {
		k, v, _ := strings.Cut(kv, "=")
		switch {
		case step.Reserved(k):
			cfg.Env = append(cfg.Env, kv)
		case k == "PATH" && !secretPath(exec):
			if at < 0 {
				at = len(env)
				env = append(env, "")
			}
			cfg.PathEnv = &v // the last one counts, as for runc
		default:
			env = append(env, kv)
		}
	}
	if at < 0 && !secretPath(exec) {
		at = len(env)
		env = append(env, "")
		def := system.DefaultPathEnvUnix
		cfg.PathEnv = &def // what BuildKit adds when there is no PATH
	}
	if at >= 0 {
		env[at] = "PATH=" + step.RunnerDir + ":" + *cfg.PathEnv
	}
	s, err := step.EncodeConfig(*cfg)
	if err != nil {
		return err
	}
	exec.Meta.Env = append(env, step.ConfigEnv+"="+s)
	return nil
}

// secretPath reports whether PATH is a secret: it comes last, hides ours and is the
// one that the command gets.
func secretPath(exec *pb.ExecOp) bool {
	return slices.ContainsFunc(exec.Secretenv, func(s *pb.SecretEnv) bool { return s.Name == "PATH" })
}

// recordScratch is what a record's state starts from: a folder that any user of a
// step can write. It is also the root of our own containers.
func recordScratch(g *Graph) (Edge, error) {
	op := &pb.Op{Op: &pb.Op_File{File: &pb.FileOp{Actions: []*pb.FileAction{{
		Input: int64(pb.Empty), SecondaryInput: int64(pb.Empty), Action: &pb.FileAction_Mkdir{
			Mkdir: &pb.FileActionMkDir{Path: recordPath, Mode: 0o1777, Timestamp: 0},
		},
	}}}}}
	d, err := g.newVertex(op, internalMeta("prepare records", string(pb.CapFileBase)))
	return Edge{Vertex: d}, err
}

// freeOutput is one more than the highest output index of an exec.
func freeOutput(exec *pb.ExecOp) int64 {
	n := int64(0)
	for _, m := range exec.Mounts {
		n = max(n, m.Output+1)
	}
	return n
}

func pbInput(e Edge) *pb.Input { return &pb.Input{Digest: string(e.Vertex), Index: e.Output} }

func describe(md *pb.OpMetadata, name string) {
	if md.Description == nil {
		md.Description = map[string]string{}
	}
	md.Description[customName] = name
}

// internalGroup folds our own vertices into one line of the build's progress.
const internalGroup = "sworn.evidence"

func internalMeta(name string, caps ...string) *pb.OpMetadata {
	md := &pb.OpMetadata{ProgressGroup: &pb.ProgressGroup{Id: internalGroup, Name: "[internal] sworn: evidence"}}
	describe(md, "[internal] sworn: "+name)
	addCaps(md, caps...)
	return md
}
