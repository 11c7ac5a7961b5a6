package llb

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/moby/buildkit/solver/pb"
	digest "github.com/opencontainers/go-digest"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"

	"github.com/sworn-build/sworn/step"
)

// eachDefinition runs a property on the corpus and on random definitions.
func eachDefinition(t *testing.T, property func(*testing.T, *pb.Definition)) {
	for _, c := range dockerfiles() {
		t.Run(c.name, func(t *testing.T) { property(t, convert(t, c)) })
	}
	for seed := range uint64(randomGraphs) {
		t.Run(fmt.Sprintf("seed%d", seed), func(t *testing.T) { property(t, randomDefinition(t, seed)) })
	}
}

// eachBuild runs a property on what the passes make of every definition.
func eachBuild(t *testing.T, property func(*testing.T, *built, Tools)) {
	tools := testTools(t)
	eachDefinition(t, func(t *testing.T, def *pb.Definition) {
		property(t, passes(t, decode(t, def), tools, nil), tools)
	})
}

// dump writes down everything that a graph holds, map order aside.
func dump(t testing.TB, g *Graph) string {
	t.Helper()
	var b strings.Builder
	text := func(m proto.Message) []byte {
		raw, err := proto.MarshalOptions{Deterministic: true}.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		return raw
	}
	for v := range g.Vertices() {
		cfg, err := json.Marshal(v.Runner)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&b, "%s %s\n raw %x\n op %x\n meta %x\n runner %s refused %q\n", v.Digest, v.Original, v.raw, text(v.Op), text(v.Meta), cfg, v.Refused)
		for _, l := range v.Locations {
			fmt.Fprintf(&b, " at %x\n", text(l))
		}
	}
	fmt.Fprintf(&b, "target %v terminal %x vertices %d\n", g.target, text(g.terminal), len(g.vertices))
	for _, i := range g.infos {
		fmt.Fprintf(&b, "info %x\n", text(i))
	}
	return b.String()
}

func encode(t testing.TB, g *Graph, e Edge) *pb.Definition {
	t.Helper()
	def, err := g.Encode(e)
	if err != nil {
		t.Fatal(err)
	}
	return def
}

func TestDecodeAfterEncodeIsTheIdentity(t *testing.T) {
	eachDefinition(t, func(t *testing.T, def *pb.Definition) {
		g := decode(t, def)
		got := encode(t, g, g.Target())
		if g.Target().IsScratch() {
			if len(got.Def) != 0 {
				t.Errorf("scratch encodes to %d ops", len(got.Def))
			}
			return
		}
		want := def.CloneVT()
		for d, l := range want.Source.Locations {
			if len(l.Locations) == 0 { // the client lists ops without a location as well
				delete(want.Source.Locations, d)
			}
		}
		if !proto.Equal(want, got) { // cmp takes long
			d := cmp.Diff(want, got, protocmp.Transform())
			t.Errorf("definition changed (-want +got):\n%s", d)
		}
		if before, after := dump(t, g), dump(t, decode(t, got)); before != after {
			d := cmp.Diff(before, after)
			t.Errorf("graph changed (-want +got):\n%s", d)
		}
	})
}

func TestDecodeTakesOpsInAnyOrder(t *testing.T) {
	def := convert(t, dockerfile{name: "multistage"})
	want := encode(t, decode(t, def), decode(t, def).Target())
	n := len(def.Def) - 1 // the terminal stays last
	for i := range n / 2 {
		def.Def[i], def.Def[n-1-i] = def.Def[n-1-i], def.Def[i]
	}
	g := decode(t, def)
	seen := map[digest.Digest]bool{}
	for v := range g.Vertices() {
		for _, in := range v.Inputs() {
			if !seen[in.Vertex] {
				t.Errorf("%s comes before its input", v.Name())
			}
		}
		seen[v.Digest] = true
	}
	if got := encode(t, g, g.Target()); len(got.Def) != len(want.Def) {
		t.Errorf("%d ops after reversal, want %d", len(got.Def), len(want.Def))
	}
}

func TestPassesAreDeterministic(t *testing.T) {
	tools := testTools(t)
	eachDefinition(t, func(t *testing.T, def *pb.Definition) {
		var want []byte
		for range 20 {
			b := passes(t, decode(t, def), tools, nil)
			got, err := proto.MarshalOptions{Deterministic: true}.Marshal(encode(t, b.bound, b.check))
			if err != nil {
				t.Fatal(err)
			}
			if want == nil {
				want = got
			}
			if !bytes.Equal(want, got) {
				t.Fatal("two runs of the passes differ")
			}
		}
	})
}

func TestPassesLeaveTheirInputAlone(t *testing.T) {
	tools := testTools(t)
	toolsBefore := dump(t, tools.Def)
	eachDefinition(t, func(t *testing.T, def *pb.Definition) {
		g := decode(t, def)
		same := func(name string, before string, g *Graph) {
			if d := cmp.Diff(before, dump(t, g)); d != "" {
				t.Errorf("%s changed its input (-before +after):\n%s", name, d)
			}
		}
		decoded := dump(t, g)
		pinned, _, err := Pin(g, pinsFor(g, nil))
		if err != nil {
			t.Fatal(err)
		}
		same("Pin", decoded, g)
		before := dump(t, pinned)
		hardened := Harden(pinned, HardenOpt{Arch: "amd64", Profile: step.Profile{Harden: step.HardenBaseline}})
		same("Harden", before, pinned)
		before = dump(t, hardened)
		recorded, _, records, err := Record(hardened, tools)
		if err != nil {
			t.Fatal(err)
		}
		same("Record", before, hardened)
		before = dump(t, recorded)
		described, layout, err := Describe(recorded, tools, records)
		if err != nil {
			t.Fatal(err)
		}
		same("Describe", before, recorded)
		before = dump(t, described)
		assembled, out, err := Assemble(described, tools, layout, []byte("{}"))
		if err != nil {
			t.Fatal(err)
		}
		same("Assemble", before, described)
		before = dump(t, assembled)
		carried, out, err := Carry(assembled, layout, out)
		if err != nil {
			t.Fatal(err)
		}
		same("Carry", before, assembled)
		before = dump(t, carried)
		if _, _, err := Bind(carried, tools, out, 1); err != nil {
			t.Fatal(err)
		}
		same("Bind", before, carried)
		same("a pass", toolsBefore, tools.Def)
	})
}

func TestPinIsIdempotent(t *testing.T) {
	eachBuild(t, func(t *testing.T, b *built, _ Tools) {
		if left := b.pinned.Mutable(nil); len(left) > 0 {
			t.Fatalf("%d sources are still mutable", len(left))
		}
		again, m, err := Pin(b.pinned, pinsFor(b.pinned, nil))
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(dump(t, b.pinned), dump(t, again)); d != "" {
			t.Errorf("a second Pin changed the graph:\n%s", d)
		}
		for from, to := range m {
			if from != to {
				t.Errorf("a second Pin moved %s", from)
			}
		}
	})
}

func TestRecordWithoutChosenExecsIsTheIdentity(t *testing.T) {
	eachBuild(t, func(t *testing.T, b *built, tools Tools) {
		// Nothing is chosen in a graph that was never hardened, nor in one recorded.
		for _, g := range []*Graph{b.pinned, b.recorded} {
			n, _, records, err := Record(g, tools)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(dump(t, g), dump(t, n)); d != "" || len(records) > 0 {
				t.Errorf("Record changed a graph without chosen execs (%d records):\n%s", len(records), d)
			}
		}
	})
}
