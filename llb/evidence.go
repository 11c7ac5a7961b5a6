package llb

import (
	"slices"

	"github.com/moby/buildkit/solver/pb"

	"github.com/sworn-build/sworn/step"
)

// Evidence reports whether a vertex is one of the evidence tool's containers, and
// its verb.
func (v *Vertex) Evidence() (verb string, ok bool) {
	args := v.Op.GetExec().GetMeta().GetArgs()
	if v.Original != "" || len(args) != 2 || args[0] != step.EvidencePath {
		return "", false
	}
	return args[1], true
}

// Describes returns the states that a describe container makes evidence of, in order;
// none for any other vertex.
func (v *Vertex) Describes() []Edge {
	if verb, _ := v.Evidence(); verb != "describe" {
		return nil
	}
	var out []Edge
	for k := 1; ; k++ {
		i := slices.IndexFunc(v.Op.GetExec().Mounts, func(m *pb.Mount) bool { return m.Dest == numbered(step.StateDir, k) })
		if i < 0 {
			return out
		}
		if e, ok := v.input(v.Op.GetExec().Mounts[i].Input); ok {
			out = append(out, e)
		}
	}
}
