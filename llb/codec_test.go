package llb

import (
	"errors"
	"strings"
	"testing"

	"github.com/moby/buildkit/solver/pb"
	digest "github.com/opencontainers/go-digest"
)

// hostile are definitions that no client makes. want is the error's text after
// "decode definition: malformed definition: ".
func hostile(t testing.TB) []struct {
	name string
	def  *pb.Definition
	want string
} {
	t.Helper()
	raw := func(op *pb.Op) []byte {
		b, err := marshalOp(op)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	source := raw(&pb.Op{Op: &pb.Op_Source{Source: &pb.SourceOp{Identifier: "local://x"}}})
	d := digest.FromBytes(source).String()
	absent := digest.FromString("absent").String()
	last := raw(&pb.Op{Inputs: []*pb.Input{{Digest: d}}})
	user := func(in *pb.Input) []byte {
		return raw(&pb.Op{Inputs: []*pb.Input{in}, Op: &pb.Op_Merge{Merge: &pb.MergeOp{}}})
	}
	located := func(l *pb.Location) *pb.Definition {
		return &pb.Definition{Def: [][]byte{source, last}, Source: &pb.Source{
			Infos:     []*pb.SourceInfo{{Filename: "Dockerfile"}},
			Locations: map[string]*pb.Locations{d: {Locations: []*pb.Location{l}}},
		}}
	}
	const nowhere = "op 0: source location points nowhere"
	const terminal = "the last op is not a terminal with one input"
	return []struct {
		name string
		def  *pb.Definition
		want string
	}{
		{"garbage", &pb.Definition{Def: [][]byte{[]byte("\xff\xff\xff\xff"), last}}, "op 0: "},
		{"a truncated op", &pb.Definition{Def: [][]byte{source[:len(source)-1], last}}, "op 0: "},
		{"a nil op", &pb.Definition{Def: [][]byte{nil, source, last}}, "op " + digest.FromBytes(nil).String() + " has no type"},
		{"only a nil op", &pb.Definition{Def: [][]byte{nil}}, terminal},
		{"no terminal", &pb.Definition{Def: [][]byte{source}}, terminal},
		{"a terminal without input", &pb.Definition{Def: [][]byte{source, raw(&pb.Op{Platform: &pb.Platform{OS: "linux"}})}}, terminal},
		{"a terminal with two inputs", &pb.Definition{Def: [][]byte{source, raw(&pb.Op{Inputs: []*pb.Input{{Digest: d}, {Digest: d}}})}}, terminal},
		{"a terminal in the middle", &pb.Definition{Def: [][]byte{last, source, last}}, "op " + digest.FromBytes(last).String() + " has no type"},
		{"a missing target", &pb.Definition{Def: [][]byte{source, raw(&pb.Op{Inputs: []*pb.Input{{Digest: absent}}})}}, "target " + absent + " is missing"},
		{"a missing input", &pb.Definition{Def: [][]byte{source, user(&pb.Input{Digest: absent}), last}}, "input " + absent + " of "},
		{"an input without digest", &pb.Definition{Def: [][]byte{source, user(&pb.Input{}), last}}, "input  of "},
		{"a negative output", &pb.Definition{Def: [][]byte{source, user(&pb.Input{Digest: d, Index: -1}), last}}, "op 1: negative output index"},
		{"a negative target", &pb.Definition{Def: [][]byte{source, raw(&pb.Op{Inputs: []*pb.Input{{Digest: d, Index: -9}}})}}, "op 1: negative output index"},
		{"too many ops", &pb.Definition{Def: make([][]byte, maxOps+1)}, "200001 ops, more than 200000"},
		{"a location in no file", located(&pb.Location{SourceIndex: 1}), nowhere},
		{"a location before all files", located(&pb.Location{SourceIndex: -1}), nowhere},
		{"a nil location", located(nil), nowhere},
	}
}

func TestDecodeRefusesMalformedDefinitions(t *testing.T) {
	for _, c := range hostile(t) {
		t.Run(c.name, func(t *testing.T) {
			g, err := Decode(c.def)
			if !errors.Is(err, ErrMalformed) || g != nil {
				t.Fatalf("graph %v, error %v, want ErrMalformed", g != nil, err)
			}
			if want := "decode definition: malformed definition: " + c.want; !strings.HasPrefix(err.Error(), want) {
				t.Errorf("error %q, want %q", err, want)
			}
		})
	}
}

func TestDecodeTakesHarmlessOddities(t *testing.T) {
	def := convert(t, dockerfile{name: "multistage"})
	want := dump(t, decode(t, def))
	def.Def = append([][]byte{def.Def[0], def.Def[0]}, def.Def...) // ops may be listed twice
	def.Metadata["sha256:of-nothing"] = nil
	def.Source.Locations["sha256:of-nothing"] = nil
	if got := dump(t, decode(t, def)); got != want {
		t.Error("a repeated op changed the graph")
	}
	for _, def := range []*pb.Definition{nil, {}, {Metadata: map[string]*pb.OpMetadata{"x": {}}}} {
		if g := decode(t, def); !g.Target().IsScratch() || g.Len() != 0 || g.States() != nil {
			t.Errorf("an empty definition is %v", g)
		}
	}
}

func TestDecodeSharedInputsDoNotMultiply(t *testing.T) {
	// Each merge uses the one before twice: 2^200 paths lead to the source.
	g := &generator{def: &pb.Definition{Metadata: map[string]*pb.OpMetadata{}}}
	raw := g.marshal(t, &pb.Op{Op: &pb.Op_Source{Source: &pb.SourceOp{Identifier: "local://x"}}})
	g.def.Def = append(g.def.Def, raw)
	for range 200 {
		in := pbInput(Edge{Vertex: digest.FromBytes(raw)})
		raw = g.marshal(t, &pb.Op{
			Inputs: []*pb.Input{in, in},
			Op:     &pb.Op_Merge{Merge: &pb.MergeOp{Inputs: []*pb.MergeInput{{Input: 0}, {Input: 1}}}},
		})
		g.def.Def = append(g.def.Def, raw)
	}
	g.def.Def = append(g.def.Def, g.marshal(t, &pb.Op{Inputs: []*pb.Input{pbInput(Edge{Vertex: digest.FromBytes(raw)})}}))
	b := passes(t, decode(t, g.def), testTools(t), nil)
	if n := b.decoded.Len(); n != 201 {
		t.Errorf("%d vertices, want 201", n)
	}
}

func TestEncodeRefusesAnUnknownVertex(t *testing.T) {
	g := decode(t, convert(t, dockerfile{name: "heredoc"}))
	d := digest.FromString("absent")
	if _, err := g.Encode(Edge{Vertex: d}); err == nil || err.Error() != "encode definition: no vertex "+d.String() {
		t.Errorf("error %v", err)
	}
}
