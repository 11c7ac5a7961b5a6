// Package llb reads a BuildKit definition (pb.Definition) into a [Graph] and
// changes it by passes: [Pin], [Harden], [Record] and [Describe]. A pass takes a
// graph and returns another; it never changes the one it was given, and it leaves
// vertices that it has nothing to do with byte for byte as they were.
//
// The package knows ops and edges, not images, packages or statements. It
// refuses definitions that are not a well-formed DAG.
//
//	g, err := llb.Decode(def)
//	g, err = llb.Record(llb.Harden(g, llb.HardenOpt{Arch: "amd64", Observe: true}), tools)
//	def, err = g.Encode(g.Target())
//
// LLB: https://github.com/moby/buildkit/blob/master/solver/pb/ops.proto
package llb
