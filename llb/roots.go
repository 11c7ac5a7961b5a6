package llb

import (
	"github.com/moby/buildkit/solver/pb"

	"github.com/sworn-build/sworn/step"
	"github.com/sworn-build/sworn/step/roots"
)

// withRoots tells a runner that records the network of the tools' authorities.
func withRoots(cfg step.Config, tools Tools) step.Config {
	if d := tools.Roots.Digest(); cfg.Network != nil && d != "" {
		n := *cfg.Network
		n.Roots = d
		cfg.Network = &n
	}
	return cfg
}

// hasRoots reports whether a step gets a mount with authorities.
func hasRoots(cfg step.Config) bool { return cfg.Network != nil && cfg.Network.Roots != "" }

// rootsState is a state with the file of authorities, the same vertex in every build.
func rootsState(g *Graph, set roots.Set) (Edge, error) {
	op := &pb.Op{Op: &pb.Op_File{File: &pb.FileOp{Actions: []*pb.FileAction{{
		Input: int64(pb.Empty), SecondaryInput: int64(pb.Empty), Action: &pb.FileAction_Mkfile{
			Mkfile: &pb.FileActionMkFile{Path: "/" + step.RootsName, Mode: 0o644, Data: set.PEM(), Timestamp: 0},
		},
	}}}}}
	d, err := g.newVertex(op, internalMeta("authorities for recorders", string(pb.CapFileBase)))
	return Edge{Vertex: d}, err
}
