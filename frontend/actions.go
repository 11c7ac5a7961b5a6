package frontend

import (
	"fmt"
	"strings"

	"github.com/moby/buildkit/solver/pb"

	graph "github.com/sworn-build/sworn/llb"
	"github.com/sworn-build/sworn/step"
)

// actions writes a file op's actions as lines: "copy source1:/src /dst".
func (p *planner) actions(v *graph.Vertex, op *pb.FileOp) []string {
	var out []string
	for _, a := range op.Actions {
		switch act := a.Action.(type) {
		case *pb.FileAction_Copy:
			out = append(out, fmt.Sprintf("copy %s:%s %s", p.actionInput(v, a.SecondaryInput), act.Copy.Src, act.Copy.Dest))
		case *pb.FileAction_Mkfile:
			out = append(out, "mkfile "+act.Mkfile.Path)
		case *pb.FileAction_Mkdir:
			out = append(out, "mkdir "+act.Mkdir.Path)
		case *pb.FileAction_Rm:
			out = append(out, "rm "+act.Rm.Path)
		case *pb.FileAction_Symlink:
			out = append(out, fmt.Sprintf("symlink %s %s", act.Symlink.Oldpath, act.Symlink.Newpath))
		}
	}
	return out
}

// copies are the copy actions that read what a step made: evidence of both ends is
// compared.
func (p *planner) copies(v *graph.Vertex, op *pb.FileOp) []step.Copy {
	in := v.Inputs()
	var out []step.Copy
	for _, a := range op.Actions {
		c := a.GetCopy()
		if c == nil || a.SecondaryInput < 0 || a.SecondaryInput >= int64(len(in)) {
			continue
		}
		from := in[a.SecondaryInput]
		if fv := p.g.Vertex(from.Vertex); fv == nil || fv.Kind() == graph.KindSource {
			continue
		}
		out = append(out, step.Copy{
			From: p.ids[from], Src: c.Src, Dest: c.Dest,
			Pattern:  c.AllowWildcard && strings.ContainsAny(c.Src, `*?[\`),
			Contents: c.DirCopyContents,
			Filtered: len(c.IncludePatterns)+len(c.ExcludePatterns) > 0,
			Unpack:   c.AttemptUnpackDockerCompatibility,
		})
	}
	return out
}

// actionInput names where an action reads from: an input of the op, an earlier action
// of the same op, or nothing.
func (p *planner) actionInput(v *graph.Vertex, i int64) string {
	in := v.Inputs()
	switch {
	case i < 0:
		return "scratch"
	case i < int64(len(in)):
		return p.ids[in[i]]
	}
	return fmt.Sprintf("action%d", i-int64(len(in)))
}
