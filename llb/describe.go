package llb

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/moby/buildkit/solver/pb"
	digest "github.com/opencontainers/go-digest"

	"github.com/sworn-build/sworn/step"
)

// Layout tells where [Describe] put the evidence.
type Layout struct {
	// Evidence are the states that the describe and digest containers write, in
	// order: step.Place.Segment indexes it.
	Evidence []Edge
	// Places leads from a described state or local source to its item.
	Places map[Edge]step.Place
}

// Describe adds the containers that describe every state that the target is built
// from, the base of the target and all local sources. recorded are the records that
// [Record] made. The target stays the same.
func Describe(g *Graph, tools Tools, recorded Recorded) (*Graph, Layout, error) {
	n := g.clone()
	l := Layout{Places: map[Edge]step.Place{}}
	var bases []Edge
	if b := g.describedBase(); !b.IsScratch() {
		bases = append(bases, b)
	}
	segs := segments(g, g.States(), bases)
	first, number := 1, len(g.States())
	for i, s := range segs {
		name := "describe the base"
		if !s.base.IsScratch() || i >= len(bases) {
			name = fmt.Sprintf("describe states %d-%d of %d", first, first+len(s.states)-1, number)
			first += len(s.states)
		}
		out, err := describeSegment(n, tools, s, recorded, name)
		if err != nil {
			return nil, Layout{}, err
		}
		for k, state := range s.states {
			l.Places[state] = step.Place{Segment: len(l.Evidence), Item: k + 1}
		}
		l.Evidence = append(l.Evidence, out)
	}
	if err := digestLocals(n, tools, &l); err != nil {
		return nil, Layout{}, err
	}
	return n, l, nil
}

func describeSegment(n *Graph, tools Tools, s segment, recorded Recorded, name string) (Edge, error) {
	c := newContainer(n, tools, "describe")
	c.mount(s.base, "", numbered(step.StateDir, 0), pb.MountContentCache_OFF)
	for i, after := range s.states {
		k := i + 1
		c.mount(after, "", numbered(step.StateDir, k), pb.MountContentCache_OFF)
		if rec, ok := recorded[after.Vertex]; ok && n.IsRoot(after) {
			c.mount(rec, recordPath, numbered(step.RecordDirIn, k), pb.MountContentCache_OFF)
		}
	}
	return c.build(name)
}

// describedBase returns the source that the target begins with, whose contents are
// described whole; scratch when there is none, or a local one, which digestLocals sees
// to.
func (g *Graph) describedBase() Edge {
	b := g.BaseOf(g.target)
	if b.IsScratch() {
		return b
	}
	if scheme, _ := g.vertices[b.Vertex].Scheme(); scheme == schemeLocal {
		return Edge{}
	}
	return b
}

// IsRoot reports whether a state is the root file system of the exec that made it.
func (g *Graph) IsRoot(e Edge) bool {
	for _, m := range g.vertices[e.Vertex].Op.GetExec().GetMounts() {
		if m.Output == e.Output && makesState(m) {
			return m.Dest == pb.RootMount
		}
	}
	return false
}

// digestLocals adds one container that digests the local sources of the target. It
// is cached by their content: they have no other identity.
func digestLocals(n *Graph, tools Tools, l *Layout) error {
	in := n.closure(n.target)
	c := newContainer(n, tools, "digest")
	item := 0
	for _, d := range n.order {
		v := n.vertices[d]
		if scheme, _ := v.Scheme(); scheme != schemeLocal || !in[d] || v.Original == "" {
			continue // not used, or where our own tools come from
		}
		item++
		e := Edge{Vertex: d}
		c.mount(e, "", numbered(step.SourceDir, item), pb.MountContentCache_ON)
		l.Places[e] = step.Place{Segment: len(l.Evidence), Item: item}
	}
	if item == 0 {
		return nil
	}
	out, err := c.build("digest local sources")
	if err != nil {
		return err
	}
	l.Evidence = append(l.Evidence, out)
	return nil
}

// Assemble adds the container that folds the evidence and the plan into the
// statements and the ledger, and returns its output.
func Assemble(g *Graph, tools Tools, l Layout, plan []byte) (*Graph, Edge, error) {
	n := g.clone()
	file := &pb.Op{Op: &pb.Op_File{File: &pb.FileOp{Actions: []*pb.FileAction{{
		Input: int64(pb.Empty), SecondaryInput: int64(pb.Empty),
		Action: &pb.FileAction_Mkfile{Mkfile: &pb.FileActionMkFile{
			Path: "/" + step.PlanFile, Mode: 0o644, Data: plan,
		}},
	}}}}}
	d, err := n.newVertex(file, internalMeta("write the plan", string(pb.CapFileBase)))
	if err != nil {
		return nil, Edge{}, err
	}
	c := newContainer(n, tools, "assemble")
	c.mount(Edge{Vertex: d}, "", step.PlanDir, pb.MountContentCache_OFF)
	for i, e := range l.Evidence {
		c.mount(e, "", numbered(step.EvidenceDir, i), pb.MountContentCache_OFF)
	}
	out, err := c.build("assemble statements")
	return n, out, err
}

// Carry adds the state that is attached to the image: the statements, merged over all
// evidence. Whoever exports the cache of it exports the evidence too, even where
// BuildKit exports results alone (mode=min): a merged state's layers are those of its
// inputs, and inputs whose layers exist are exported with it.
func Carry(g *Graph, l Layout, statements Edge) (*Graph, Edge, error) {
	n := g.clone()
	op, merge := &pb.Op{}, &pb.MergeOp{}
	ignore := false
	for _, e := range append(slices.Clone(l.Evidence), statements) {
		merge.Inputs = append(merge.Inputs, &pb.MergeInput{Input: int64(len(op.Inputs))})
		op.Inputs = append(op.Inputs, pbInput(e))
		ignore = ignore || n.Tainted(e)
	}
	if len(merge.Inputs) == 1 { // nothing to merge: BuildKit refuses it
		return n, statements, nil
	}
	op.Op = &pb.Op_Merge{Merge: merge}
	meta := internalMeta("carry the evidence", string(pb.CapMergeOp))
	meta.IgnoreCache = ignore
	d, err := n.newVertex(op, meta)
	return n, Edge{Vertex: d}, err
}

// Bind adds the check, never cached, that the target is what the ledger in the
// carried output says its steps made of its base, and returns an output that exists only if it passed. attempt
// counts from 1: within a build, BuildKit gives a failed check's answer again to the
// same op.
func Bind(g *Graph, tools Tools, carried Edge, attempt int) (*Graph, Edge, error) {
	n := g.clone()
	c := newContainer(n, tools, "bind")
	if attempt > 1 {
		c.exec.Meta.Env = append(c.exec.Meta.Env, "ATTEMPT="+strconv.Itoa(attempt))
	}
	c.mount(n.target, "", step.RootfsDir, pb.MountContentCache_OFF)
	c.mount(n.describedBase(), "", step.BaseDir, pb.MountContentCache_OFF)
	c.mount(carried, "", step.LedgerDir, pb.MountContentCache_OFF)
	// The output is the ledger itself, read-only: a check that runs in every build must
	// not leave a state behind each time.
	c.exec.Mounts[len(c.exec.Mounts)-1].Output = 0
	c.ignoreCache = true
	out, err := c.vertex("bind statements to the image")
	return n, out, err
}

func numbered(dir string, k int) string { return dir + "/" + strconv.Itoa(k) }

// container builds an exec of the evidence tool. It runs without network in a file
// system that holds nothing else, is read-only and leaves no state: BuildKit keeps one
// for every output of an exec, asked for or not.
type container struct {
	g           *Graph
	op          *pb.Op
	exec        *pb.ExecOp
	inputs      map[Edge]int64
	ignoreCache bool
}

func newContainer(g *Graph, tools Tools, verb string) *container {
	c := &container{g: g, op: &pb.Op{}, inputs: map[Edge]int64{}}
	c.exec = &pb.ExecOp{
		Meta: &pb.Meta{
			Args: []string{step.EvidencePath, verb}, Cwd: "/",
			Env: []string{"PATH=/"},
		},
		Network: pb.NetMode_NONE,
	}
	c.mount(g.merge(tools.Def), tools.Evidence, step.EvidenceToolDir, pb.MountContentCache_ON)
	return c
}

// mount adds a read-only mount; scratch is left out.
func (c *container) mount(e Edge, selector, dest string, cache pb.MountContentCache) {
	if e.IsScratch() {
		return
	}
	in, ok := c.inputs[e]
	if !ok {
		in = int64(len(c.op.Inputs))
		c.inputs[e] = in
		c.op.Inputs = append(c.op.Inputs, pbInput(e))
	}
	c.exec.Mounts = append(c.exec.Mounts, &pb.Mount{
		Input: in, Selector: selector, Dest: dest, Output: int64(pb.SkipOutput), Readonly: true, ContentCache: cache,
	})
}

// build adds the exec; its output is the folder that the tool writes to.
func (c *container) build(name string) (Edge, error) {
	c.exec.Mounts = append(c.exec.Mounts, &pb.Mount{Input: int64(pb.Empty), Dest: step.OutDir, Output: 0})
	return c.vertex(name)
}

// vertex adds the exec as it is; its output is the one that a mount has.
func (c *container) vertex(name string) (Edge, error) {
	// A root without output needs an input; no tool reads it.
	root, err := recordScratch(c.g)
	if err != nil {
		return Edge{}, err
	}
	c.mount(root, "", pb.RootMount, pb.MountContentCache_OFF)
	c.op.Op = &pb.Op_Exec{Exec: c.exec}
	meta := internalMeta(name,
		string(pb.CapExecMetaBase), string(pb.CapExecMetaNetwork), string(pb.CapExecMountBind),
		string(pb.CapExecMountSelector), string(pb.CapExecMountContentCache))
	meta.IgnoreCache = c.ignoreCache
	for _, in := range c.op.Inputs {
		e := Edge{Vertex: digest.Digest(in.Digest), Output: in.Index}
		meta.IgnoreCache = meta.IgnoreCache || c.g.Tainted(e)
	}
	d, err := c.g.newVertex(c.op, meta)
	return Edge{Vertex: d}, err
}

// Command returns the words of an exec as a user knows them: without the runner.
func (v *Vertex) Command() string {
	args := v.Op.GetExec().GetMeta().GetArgs()
	if len(args) > 0 && (args[0] == RunnerArg || args[0] == step.RunnerPath) {
		args = args[1:]
	}
	return strings.Join(args, " ")
}
