package llb

import (
	"errors"
	"fmt"

	"github.com/moby/buildkit/solver/pb"
	digest "github.com/opencontainers/go-digest"
	"google.golang.org/protobuf/proto"
)

// Bounds on a definition. BuildKit's own gRPC messages end at 16 MiB, so a larger
// graph cannot have come from a client.
const (
	maxOps     = 200_000
	maxOpBytes = 64 << 20
)

// Errors of [Decode].
var (
	// ErrMalformed: the definition is no well-formed DAG of ops.
	ErrMalformed = errors.New("malformed definition")
)

func malformed(format string, args ...any) error {
	return fmt.Errorf("decode definition: %w: %s", ErrMalformed, fmt.Sprintf(format, args...))
}

// Decode reads a definition. The order of its ops does not matter. Errors wrap
// [ErrMalformed].
func Decode(def *pb.Definition) (*Graph, error) {
	g := &Graph{vertices: map[digest.Digest]*Vertex{}, terminal: &pb.OpMetadata{}}
	if def == nil || len(def.Def) == 0 {
		return g, nil
	}
	if len(def.Def) > maxOps {
		return nil, malformed("%d ops, more than %d", len(def.Def), maxOps)
	}
	if def.Source != nil {
		g.infos = def.Source.Infos
	}
	listed := make([]*Vertex, 0, len(def.Def))
	for i, raw := range def.Def {
		v, err := decodeVertex(def, raw, len(g.infos))
		if err != nil {
			return nil, malformed("op %d: %v", i, err)
		}
		listed = append(listed, v)
	}
	last := listed[len(listed)-1]
	if last.Op.Op != nil || len(last.Op.Inputs) != 1 {
		return nil, malformed("the last op is not a terminal with one input")
	}
	g.terminal = last.Meta
	for _, v := range listed[:len(listed)-1] {
		if v.Op.Op == nil {
			return nil, malformed("op %s has no type", v.Digest)
		}
		g.vertices[v.Digest] = v
	}
	if err := g.sort(listed[:len(listed)-1]); err != nil {
		return nil, err
	}
	t := last.Inputs()[0]
	if g.vertices[t.Vertex] == nil {
		return nil, malformed("target %s is missing", t.Vertex)
	}
	g.target = t
	return g, nil
}

func decodeVertex(def *pb.Definition, raw []byte, infos int) (*Vertex, error) {
	if len(raw) > maxOpBytes {
		return nil, fmt.Errorf("%d bytes, more than %d", len(raw), maxOpBytes)
	}
	var op pb.Op
	if err := op.UnmarshalVT(raw); err != nil {
		return nil, err
	}
	d := digest.FromBytes(raw)
	for _, in := range op.Inputs {
		if in == nil || in.Index < 0 {
			return nil, errors.New("negative output index")
		}
	}
	v := &Vertex{Digest: d, Original: d, Op: &op, Meta: def.Metadata[string(d)], raw: raw}
	if v.Meta == nil {
		v.Meta = &pb.OpMetadata{}
	}
	if def.Source != nil {
		for _, l := range def.Source.Locations[string(d)].GetLocations() {
			if l == nil || l.SourceIndex < 0 || int(l.SourceIndex) >= infos {
				return nil, errors.New("source location points nowhere")
			}
			v.Locations = append(v.Locations, l)
		}
	}
	return v, nil
}

// sort sets g.order: inputs first, otherwise as listed. A digest cannot be part of
// a cycle, so only a missing input can go wrong.
func (g *Graph) sort(listed []*Vertex) error {
	done := map[digest.Digest]bool{}
	type frame struct {
		v    *Vertex
		next int
	}
	for _, v := range listed {
		stack := []frame{{v: v}}
		for len(stack) > 0 {
			f := &stack[len(stack)-1]
			if done[f.v.Digest] {
				stack = stack[:len(stack)-1]
				continue
			}
			if f.next < len(f.v.Op.Inputs) {
				d := digest.Digest(f.v.Op.Inputs[f.next].Digest)
				f.next++
				in := g.vertices[d]
				if in == nil {
					return malformed("input %s of %s is missing", d, f.v.Digest)
				}
				if !done[d] {
					stack = append(stack, frame{v: in})
				}
				continue
			}
			done[f.v.Digest] = true
			g.order = append(g.order, f.v.Digest)
			stack = stack[:len(stack)-1]
		}
	}
	return nil
}

// Encode returns the definition of one state of the graph: its vertices alone,
// inputs before users. Encoding scratch gives an empty definition. The same graph
// and edge always give the same bytes.
func (g *Graph) Encode(e Edge) (*pb.Definition, error) {
	def, err := g.EncodeOps(e)
	if err != nil || len(def.Def) == 0 {
		return def, err
	}
	def.Metadata = map[string]*pb.OpMetadata{}
	def.Source = &pb.Source{Locations: map[string]*pb.Locations{}, Infos: g.infos}
	for _, raw := range def.Def {
		d := digest.FromBytes(raw)
		v := g.vertices[d]
		if v == nil {
			def.Metadata[string(d)] = g.terminal
			continue
		}
		def.Metadata[string(d)] = v.Meta
		if len(v.Locations) > 0 {
			def.Source.Locations[string(d)] = &pb.Locations{Locations: v.Locations}
		}
	}
	return def, nil
}

// EncodeOps is [Graph.Encode] without metadata and source locations: a short way to
// ask for a state again that the same build has made already. Nothing in it ignores
// the cache.
func (g *Graph) EncodeOps(e Edge) (*pb.Definition, error) {
	def := &pb.Definition{}
	if e.IsScratch() {
		return def, nil
	}
	if g.vertices[e.Vertex] == nil {
		return nil, fmt.Errorf("encode definition: no vertex %s", e.Vertex)
	}
	in := g.closure(e)
	for _, d := range g.order {
		if in[d] {
			def.Def = append(def.Def, g.vertices[d].raw)
		}
	}
	raw, err := marshalOp(&pb.Op{Inputs: []*pb.Input{{Digest: string(e.Vertex), Index: e.Output}}})
	if err != nil {
		return nil, err
	}
	def.Def = append(def.Def, raw)
	return def, nil
}

func marshalOp(op *pb.Op) ([]byte, error) {
	b, err := proto.MarshalOptions{Deterministic: true}.Marshal(op)
	if err != nil {
		return nil, fmt.Errorf("encode op: %w", err)
	}
	return b, nil
}
