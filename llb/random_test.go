package llb

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/moby/buildkit/solver/pb"
	digest "github.com/opencontainers/go-digest"
)

// randomGraphs is how many random definitions a property is tried on; the seed of
// one that fails is its number.
const randomGraphs = 60

// generator makes well-formed definitions of every op, out of a seed.
type generator struct {
	r     *rand.Rand
	def   *pb.Definition
	edges []Edge
}

// randomDefinition returns a definition that needs all of its ops.
func randomDefinition(t testing.TB, seed uint64) *pb.Definition {
	t.Helper()
	g := &generator{r: rand.New(rand.NewPCG(seed, 7)), def: &pb.Definition{
		Metadata: map[string]*pb.OpMetadata{},
		Source: &pb.Source{
			Locations: map[string]*pb.Locations{},
			Infos:     []*pb.SourceInfo{{Filename: "Dockerfile", Data: []byte("FROM x\n")}, {Filename: "other"}},
		},
	}}
	for range 1 + g.r.IntN(3) {
		g.source(t)
	}
	for range g.r.IntN(40) {
		[]func(testing.TB){g.source, g.exec, g.exec, g.file, g.file, g.file, g.merge, g.diff}[g.r.IntN(8)](t)
	}
	last := g.edges[len(g.edges)-1]
	raw := g.marshal(t, &pb.Op{Inputs: []*pb.Input{pbInput(last)}})
	g.def.Def = append(g.def.Def, raw)
	g.def.Metadata[digest.FromBytes(raw).String()] = &pb.OpMetadata{Caps: map[string]bool{"constraints": true}}
	return g.prune(t, last)
}

// prune leaves out what the last op does not need.
func (g *generator) prune(t testing.TB, last Edge) *pb.Definition {
	t.Helper()
	graph := decode(t, g.def)
	def, err := graph.Encode(last)
	if err != nil {
		t.Fatal(err)
	}
	return def
}

func (g *generator) marshal(t testing.TB, op *pb.Op) []byte {
	t.Helper()
	raw, err := marshalOp(op)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// add appends an op with random metadata and makes its outputs available.
func (g *generator) add(t testing.TB, op *pb.Op, outputs ...int64) {
	raw := g.marshal(t, op)
	d := digest.FromBytes(raw)
	if _, ok := g.def.Metadata[string(d)]; ok {
		return
	}
	g.def.Def = append(g.def.Def, raw)
	md := &pb.OpMetadata{IgnoreCache: g.r.IntN(12) == 0, Caps: map[string]bool{"x": true}}
	if g.r.IntN(4) > 0 {
		md.Description = map[string]string{customName: fmt.Sprintf("step %d", len(g.def.Def))}
	}
	g.def.Metadata[string(d)] = md
	if g.r.IntN(3) > 0 {
		line := int32(1 + g.r.IntN(50))
		g.def.Source.Locations[string(d)] = &pb.Locations{Locations: []*pb.Location{{
			SourceIndex: int32(g.r.IntN(2)),
			Ranges:      []*pb.Range{{Start: &pb.Position{Line: line}, End: &pb.Position{Line: line + int32(g.r.IntN(3))}}},
		}}}
	}
	for _, o := range outputs {
		g.edges = append(g.edges, Edge{Vertex: d, Output: o})
	}
}

// pick returns an input number of op for a random state, adding it as needed.
func (g *generator) pick(op *pb.Op) int64 {
	if g.r.IntN(8) == 0 {
		return int64(pb.Empty)
	}
	return g.pickState(op)
}

// pickState is pick without scratch; it prefers recent states, so that chains arise.
func (g *generator) pickState(op *pb.Op) int64 {
	n := len(g.edges)
	e := g.edges[n-1-g.r.IntN(min(n, 1+g.r.IntN(n)))]
	for i, in := range op.Inputs {
		if in.Digest == string(e.Vertex) && in.Index == e.Output {
			return int64(i)
		}
	}
	op.Inputs = append(op.Inputs, pbInput(e))
	return int64(len(op.Inputs) - 1)
}

func (g *generator) source(t testing.TB) {
	n := g.r.IntN(1 << 20)
	ids := []string{
		fmt.Sprintf("docker-image://registry.test/i%d@%s", n, digest.FromString(fmt.Sprint(n))),
		fmt.Sprintf("git://example.test/r%d.git#main", n),
		fmt.Sprintf("https://example.test/f%d", n),
		fmt.Sprintf("local://l%d", n),
	}
	g.add(t, &pb.Op{Op: &pb.Op_Source{Source: &pb.SourceOp{Identifier: ids[g.r.IntN(len(ids))]}}}, 0)
}

func (g *generator) exec(t testing.TB) {
	op := &pb.Op{}
	if g.r.IntN(6) == 0 {
		op.Platform = &pb.Platform{OS: []string{"linux", "windows"}[g.r.IntN(2)], Architecture: []string{"amd64", "arm64"}[g.r.IntN(2)]}
	}
	x := &pb.ExecOp{Meta: &pb.Meta{
		Args: []string{"/bin/sh", "-c", fmt.Sprintf("command %d", g.r.IntN(1<<20))},
		Env:  [][]string{nil, {"PATH=/bin"}, {"A=1", "PATH=/bin", "GODEBUG=x=1"}}[g.r.IntN(3)],
		Cwd:  "/",
	}}
	x.Mounts = []*pb.Mount{{Input: g.pick(op), Dest: pb.RootMount, Output: 0}}
	outputs := []int64{0}
	for i := range g.r.IntN(4) {
		m := &pb.Mount{Input: g.pick(op), Dest: fmt.Sprintf("/m%d", i), Output: int64(pb.SkipOutput)}
		switch g.r.IntN(5) {
		case 0:
			m.Readonly = true
		case 1:
			m.Output = int64(len(outputs))
			outputs = append(outputs, m.Output)
		case 2:
			m.MountType, m.Input = pb.MountType_CACHE, int64(pb.Empty)
		case 3:
			m.MountType, m.Input, m.Output = pb.MountType_SECRET, int64(pb.Empty), 0
		case 4:
			m.MountType, m.Input = pb.MountType_TMPFS, int64(pb.Empty)
		}
		x.Mounts = append(x.Mounts, m)
	}
	if g.r.IntN(15) == 0 {
		x.Security = pb.SecurityMode_INSECURE
	}
	op.Op = &pb.Op_Exec{Exec: x}
	g.add(t, op, outputs...)
}

// file makes a chain of actions: each builds on an input or on the one before.
func (g *generator) file(t testing.TB) {
	op := &pb.Op{}
	base := g.pick(op)
	from := g.pickState(op)
	f := &pb.FileOp{}
	n := 1 + g.r.IntN(4)
	for i := range n {
		a := &pb.FileAction{Input: base, SecondaryInput: int64(pb.Empty), Output: int64(pb.SkipOutput)}
		if i > 0 {
			a.Input = int64(len(op.Inputs) + i - 1)
		}
		if i == n-1 {
			a.Output = 0
		}
		if g.r.IntN(2) == 0 {
			a.SecondaryInput = from
			a.Action = &pb.FileAction_Copy{Copy: &pb.FileActionCopy{Src: "/a", Dest: fmt.Sprintf("/b%d", g.r.IntN(1<<20))}}
		} else {
			a.Action = &pb.FileAction_Mkdir{Mkdir: &pb.FileActionMkDir{Path: fmt.Sprintf("/d%d", g.r.IntN(1<<20)), Mode: 0o755}}
		}
		f.Actions = append(f.Actions, a)
	}
	op.Op = &pb.Op_File{File: f}
	g.add(t, op, 0)
}

func (g *generator) merge(t testing.TB) {
	op := &pb.Op{}
	m := &pb.MergeOp{}
	for range 2 + g.r.IntN(3) {
		m.Inputs = append(m.Inputs, &pb.MergeInput{Input: g.pickState(op)})
	}
	op.Op = &pb.Op_Merge{Merge: m}
	g.add(t, op, 0)
}

func (g *generator) diff(t testing.TB) {
	op := &pb.Op{}
	d := &pb.DiffOp{Lower: &pb.LowerDiffInput{Input: g.pick(op)}, Upper: &pb.UpperDiffInput{Input: g.pickState(op)}}
	op.Op = &pb.Op_Diff{Diff: d}
	g.add(t, op, 0)
}
