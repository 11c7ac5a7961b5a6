package llb

import (
	"slices"
	"strings"

	"github.com/moby/buildkit/solver/pb"
	digest "github.com/opencontainers/go-digest"

	"github.com/sworn-build/sworn/step"
)

// Unrecord undoes what [Record] did to the steps of other builds, so that they appear
// as the user wrote them; [Record] then makes the same vertices again, and their
// records can be asked for. external are the vertices of frontend inputs, by original
// digest.
//
// A step is taken for a recorded one only when recording what is left of it gives its
// very digest: then it ran under this runner, configured as Sworn does it. Any other
// step stays as it is.
func Unrecord(g *Graph, tools Tools, external map[digest.Digest]bool) (*Graph, error) {
	n, _, err := g.rewrite(func(c *change) (bool, error) {
		if !external[c.v.Original] {
			return false, nil
		}
		cfg, ok := recordedHere(c.v, tools)
		if !ok {
			return false, nil
		}
		c.op, _, _ = unrecord(c.op)
		c.runner = cfg
		return true, nil
	})
	if err != nil {
		return nil, err
	}
	return n.prune(), nil
}

// UserExec returns an exec as the user wrote it, without mark and whatever Sworn's
// runner made it.
func (v *Vertex) UserExec() *pb.ExecOp {
	if op, _, ok := unrecord(v.Op); ok {
		return op.GetExec()
	}
	return unmarked(v.Op, v.mark).GetExec()
}

// recordedHere returns the configuration under which a step was recorded, if it was,
// with these tools.
func recordedHere(v *Vertex, tools Tools) (*step.Config, bool) {
	op, cfg, ok := unrecord(v.Op)
	if !ok {
		return nil, false
	}
	opt := HardenOpt{Observe: cfg.Observe, NoRecord: cfg.NoRecord, Starts: func(*pb.Platform) bool { return true }}
	if refuse(op, opt) != "" {
		return nil, false
	}
	plain := *v
	plain.Runner = runnerConfig(op.GetExec(), profileOf(cfg), opt)
	again := &change{g: &Graph{vertices: map[digest.Digest]*Vertex{}}, v: &plain, op: op.CloneVT(), meta: v.Meta.CloneVT()}
	if recordExec(again, tools, freeOutput(op.GetExec())) != nil {
		return nil, false
	}
	raw, err := marshalOp(again.op)
	return plain.Runner, err == nil && digest.FromBytes(raw) == v.Digest
}

// profileOf returns the profile that a configuration was made of, as far as the runner
// sees to it. What the builder sees to is in the op.
func profileOf(cfg step.Config) step.Profile {
	p := step.Profile{Harden: cfg.Harden, Root: cfg.Root}
	if cfg.Network != nil {
		p.Network, p.Allow = step.NetworkRecord, cfg.Network.Allow
	}
	return p
}

// unrecord takes the runner, its mounts and its configuration out of an op that looks
// like one that was recorded. It is the reverse of recordExec.
func unrecord(recorded *pb.Op) (*pb.Op, step.Config, bool) {
	meta := recorded.GetExec().GetMeta()
	if len(meta.GetArgs()) < 2 || meta.Args[0] != RunnerArg && meta.Args[0] != step.RunnerPath || len(meta.Env) == 0 {
		return nil, step.Config{}, false
	}
	text, ok := strings.CutPrefix(meta.Env[len(meta.Env)-1], step.ConfigEnv+"=")
	if !ok {
		return nil, step.Config{}, false
	}
	cfg, err := step.DecodeConfig(text)
	if err != nil {
		return nil, step.Config{}, false
	}
	op := recorded.CloneVT()
	exec := op.GetExec()
	ours := []string{step.RunnerDir}
	if hasRoots(cfg) {
		ours = append(ours, step.RootsDir)
	}
	if !cfg.NoRecord {
		ours = append(ours, step.RecordDir)
	}
	mounts, inputs := len(exec.Mounts)-len(ours), len(op.Inputs)-len(ours)
	if mounts < 0 || inputs < 0 {
		return nil, step.Config{}, false
	}
	for i, dest := range ours {
		if m := exec.Mounts[mounts+i]; m.Dest != dest || m.Input != int64(inputs+i) {
			return nil, step.Config{}, false
		}
	}
	exec.Mounts, op.Inputs = exec.Mounts[:mounts], op.Inputs[:inputs]
	exec.Meta.Args = exec.Meta.Args[1:]
	exec.Meta.Env = exec.Meta.Env[:len(exec.Meta.Env)-1]
	for i, kv := range exec.Meta.Env {
		if cfg.PathEnv != nil && strings.HasPrefix(kv, "PATH="+step.RunnerDir+":") {
			exec.Meta.Env[i] = "PATH=" + *cfg.PathEnv
		}
	}
	exec.Meta.Env = append(exec.Meta.Env, cfg.Env...)
	return op, cfg, true
}

// prune returns a graph of the vertices that the target depends on.
func (g *Graph) prune() *Graph {
	n := g.clone()
	in := g.closure(g.target)
	n.order = slices.DeleteFunc(n.order, func(d digest.Digest) bool { return !in[d] })
	for d := range g.vertices {
		if !in[d] {
			delete(n.vertices, d)
		}
	}
	return n
}
