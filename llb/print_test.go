package llb

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/moby/buildkit/solver/pb"
	digest "github.com/opencontainers/go-digest"
)

// printer writes a graph as text. Vertices are numbered in order, so digests, which
// change with every byte, appear only where a source has one.
type printer struct {
	g   *Graph
	ids map[digest.Digest]int
	b   strings.Builder
}

func newPrinter(g *Graph) *printer {
	p := &printer{g: g, ids: map[digest.Digest]int{}}
	for v := range g.Vertices() {
		p.ids[v.Digest] = len(p.ids) + 1
	}
	return p
}

func (p *printer) edge(e Edge) string {
	if e.IsScratch() {
		return "scratch"
	}
	return fmt.Sprintf("v%d:%d", p.ids[e.Vertex], e.Output)
}

func (p *printer) line(format string, args ...any) { fmt.Fprintf(&p.b, format+"\n", args...) }

// String is the whole graph; it can be called once.
func (p *printer) String() string {
	for v := range p.g.Vertices() {
		p.vertex(v)
	}
	p.line("target %s, made from %s", p.edge(p.g.Target()), p.edge(p.g.BaseOf(p.g.Target())))
	for _, e := range p.g.States() {
		p.line("state %s, parent %s", p.edge(e), p.edge(p.g.Parent(e)))
	}
	return p.b.String()
}

func (p *printer) vertex(v *Vertex) {
	p.line("v%d %s", p.ids[v.Digest], v.Kind())
	if v.Name() != "" {
		p.line("  name %s", v.Name())
	}
	if l := p.g.Lines(v); len(l) > 0 {
		p.line("  lines %v", l)
	}
	if v.Original == "" {
		p.line("  added")
	}
	if v.Meta.IgnoreCache {
		p.line("  ignores the cache")
	}
	for i, e := range v.Inputs() {
		p.line("  input %d: %s", i, p.edge(e))
	}
	switch op := v.Op.Op.(type) {
	case *pb.Op_Source:
		p.line("  %s", op.Source.Identifier)
		for _, k := range slices.Sorted(maps.Keys(op.Source.Attrs)) {
			p.line("  attr %s=%s", k, op.Source.Attrs[k])
		}
	case *pb.Op_Exec:
		p.exec(op.Exec)
	case *pb.Op_File:
		for i, a := range op.File.Actions {
			p.line("  action %d: %s", len(v.Op.Inputs)+i, actionLine(a))
		}
	case *pb.Op_Merge:
		p.line("  merge %d inputs", len(op.Merge.Inputs))
	case *pb.Op_Diff:
		p.line("  diff %d..%d", op.Diff.Lower.Input, op.Diff.Upper.Input)
	}
}

func (p *printer) exec(x *pb.ExecOp) {
	p.line("  args %q", x.Meta.Args)
	for _, kv := range x.Meta.Env {
		p.line("  env %s", kv)
	}
	p.line("  cwd %s user %q network %s security %s", x.Meta.Cwd, x.Meta.User, x.Network, x.Security)
	for _, s := range x.Secretenv {
		p.line("  secret env %s=%s", s.Name, s.ID)
	}
	for _, m := range x.Mounts {
		ro := ""
		if m.Readonly {
			ro = " ro"
		}
		p.line("  mount %s %s: input %d %q output %d%s cache %s", m.MountType, m.Dest, m.Input, m.Selector, m.Output, ro, m.ContentCache)
	}
}

func actionLine(a *pb.FileAction) string {
	what := ""
	switch x := a.Action.(type) {
	case *pb.FileAction_Copy:
		what = fmt.Sprintf("copy %s %s", x.Copy.Src, x.Copy.Dest)
	case *pb.FileAction_Mkfile:
		what = fmt.Sprintf("mkfile %s %o %q", x.Mkfile.Path, x.Mkfile.Mode, x.Mkfile.Data)
	case *pb.FileAction_Mkdir:
		what = fmt.Sprintf("mkdir %s %o", x.Mkdir.Path, x.Mkdir.Mode)
	case *pb.FileAction_Rm:
		what = "rm " + x.Rm.Path
	}
	return fmt.Sprintf("%s (base %d, from %d, output %d)", what, a.Input, a.SecondaryInput, a.Output)
}

// layoutText says where each state's evidence lies.
func layoutText(p *printer, b *built) string {
	var out strings.Builder
	for i, e := range b.layout.Evidence {
		fmt.Fprintf(&out, "evidence %d is %s\n", i, p.edge(e))
	}
	places := slices.SortedFunc(maps.Keys(b.layout.Places), func(x, y Edge) int {
		a, c := b.layout.Places[x], b.layout.Places[y]
		return (a.Segment-c.Segment)*1000 + a.Item - c.Item
	})
	for _, e := range places {
		pl := b.layout.Places[e]
		fmt.Fprintf(&out, "place %d/%d: %s\n", pl.Segment, pl.Item, p.edge(e))
	}
	return out.String()
}
