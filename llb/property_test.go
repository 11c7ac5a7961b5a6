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
		hardened := Harden(pinned, HardenOpt{Arch: "amd64", Harden: true})
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
		if _, _, err := Bind(assembled, tools, out); err != nil {
			t.Fatal(err)
		}
		same("Bind", before, assembled)
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

// TestUntouchedStepsAreByteIdentical: what lies above every pinned source and
// recorded exec keeps its bytes, its name and its lines.
func TestUntouchedStepsAreByteIdentical(t *testing.T) {
	eachBuild(t, func(t *testing.T, b *built, _ Tools) {
		touched := map[digest.Digest]bool{}
		for v := range b.hardened.Vertices() {
			for _, in := range v.Inputs() {
				touched[v.Digest] = touched[v.Digest] || touched[in.Vertex]
			}
			touched[v.Digest] = touched[v.Digest] || v.Runner != nil
			after := b.recorded.Vertex(b.moved[v.Digest])
			if same := bytes.Equal(v.raw, after.raw); same == touched[v.Digest] {
				t.Errorf("%s %q: bytes kept %v, touched %v", v.Kind(), v.Name(), same, touched[v.Digest])
			}
		}
	})
}

func TestNamesLinesAndIdentitySurvive(t *testing.T) {
	eachBuild(t, func(t *testing.T, b *built, _ Tools) {
		for v := range b.decoded.Vertices() {
			after := b.bound.Vertex(b.moved[b.pins[v.Digest]])
			if after == nil {
				t.Fatalf("%s %q is lost", v.Kind(), v.Name())
			}
			if after.Original != v.Digest {
				t.Errorf("%q is now of %s", v.Name(), after.Original)
			}
			if v.Name() != "" && after.Name() != v.Name() {
				t.Errorf("%q is now called %q", v.Name(), after.Name())
			}
			if d := cmp.Diff(b.decoded.Lines(v), b.bound.Lines(after)); d != "" {
				t.Errorf("%q has other lines:\n%s", v.Name(), d)
			}
			if v.Meta.IgnoreCache != after.Meta.IgnoreCache {
				t.Errorf("%q ignores the cache: %v, before %v", v.Name(), after.Meta.IgnoreCache, v.Meta.IgnoreCache)
			}
		}
		def := encode(t, b.bound, b.check)
		if d := cmp.Diff(b.decoded.infos, def.Source.Infos, protocmp.Transform()); d != "" {
			t.Errorf("source files differ:\n%s", d)
		}
		for v := range b.decoded.Vertices() {
			if d := b.moved[b.pins[v.Digest]]; len(v.Locations) != len(def.Source.Locations[string(d)].GetLocations()) {
				t.Errorf("%q lost its source location", v.Name())
			}
		}
	})
}

func TestEncodeHoldsTheClosureAlone(t *testing.T) {
	eachBuild(t, func(t *testing.T, b *built, _ Tools) {
		for v := range b.bound.Vertices() {
			def := encode(t, b.bound, Edge{Vertex: v.Digest})
			want := b.bound.closure(Edge{Vertex: v.Digest})
			if len(def.Def) != len(want)+1 || len(def.Metadata) != len(want)+1 {
				t.Fatalf("%d ops and %d metadata for a closure of %d", len(def.Def), len(def.Metadata), len(want))
			}
			for _, raw := range def.Def[:len(def.Def)-1] {
				if !want[digest.FromBytes(raw)] {
					t.Errorf("op %s is not needed", digest.FromBytes(raw))
				}
			}
			for d := range def.Source.Locations {
				if !want[digest.Digest(d)] {
					t.Errorf("location of %s is not needed", d)
				}
			}
		}
	})
}

func TestExternalVerticesKeepTheirBytes(t *testing.T) {
	tools := testTools(t)
	eachDefinition(t, func(t *testing.T, def *pb.Definition) {
		g := decode(t, def)
		external := map[digest.Digest]bool{}
		for v := range g.Vertices() {
			external[v.Digest] = true
		}
		b := passes(t, g, tools, external)
		for v := range g.Vertices() {
			if b.bound.Vertex(v.Digest) == nil {
				t.Errorf("external %q was rewritten", v.Name())
			}
		}
		if len(b.records) != 0 {
			t.Errorf("%d external execs are recorded", len(b.records))
		}
	})
}

func TestSegmentsHoldEveryStateOnce(t *testing.T) {
	eachBuild(t, func(t *testing.T, b *built, _ Tools) {
		want := map[Edge]bool{}
		seen := map[Edge]bool{}
		for _, s := range b.hardened.States() {
			if seen[s] {
				t.Errorf("state %v twice", s)
			}
			seen[s] = true
			if p := b.hardened.Parent(s); !p.IsScratch() && b.hardened.Vertex(p.Vertex).Kind() != KindSource && !seen[p] {
				t.Errorf("state %v comes before its parent", s)
			}
			want[b.moved.Edge(s)] = true
		}
		locals := 0
		for v := range b.hardened.Vertices() {
			if scheme, _ := v.Scheme(); scheme == schemeLocal {
				want[Edge{Vertex: b.moved[v.Digest]}] = true
				locals++
			}
		}
		base := b.recorded.BaseOf(b.recorded.Target())
		if !base.IsScratch() {
			want[base] = true
		}
		items := map[step.Place]Edge{}
		for e, pl := range b.layout.Places {
			if !want[e] {
				t.Errorf("%v has a place and should not", e)
			}
			delete(want, e)
			if other, ok := items[pl]; ok {
				t.Errorf("%v and %v share place %v", e, other, pl)
			}
			items[pl] = e
			if pl.Segment >= len(b.layout.Evidence) || pl.Item < 1 {
				t.Errorf("place %v is nowhere", pl)
			}
			if pl.Item > step.MaxSegment && locals <= step.MaxSegment {
				t.Errorf("place %v: more items than %d", pl, step.MaxSegment)
			}
		}
		for e := range want {
			t.Errorf("%v has no place", e)
		}
	})
}

func TestIgnoredCacheReachesTheEvidence(t *testing.T) {
	eachBuild(t, func(t *testing.T, b *built, _ Tools) {
		for v := range b.bound.Vertices() {
			if v.Original != "" || v.Op.GetSource() != nil {
				continue
			}
			want := false
			for _, in := range v.Inputs() {
				for d := range b.bound.closure(in) {
					want = want || b.bound.Vertex(d).Meta.IgnoreCache
				}
			}
			verb, _ := v.Evidence()
			if want = want || verb == "bind"; v.Meta.IgnoreCache != want {
				t.Errorf("%q ignores the cache: %v, want %v", v.Name(), v.Meta.IgnoreCache, want)
			}
		}
	})
}

func TestToolsAreTheVertexThatTheyWere(t *testing.T) {
	eachBuild(t, func(t *testing.T, b *built, tools Tools) {
		want := tools.Def.Target()
		users := 0
		for v := range b.bound.Vertices() {
			for _, in := range v.Inputs() {
				if in == want {
					users++
				}
			}
		}
		if b.bound.Vertex(want.Vertex) == nil || users != len(b.records)+len(b.layout.Evidence)+2 {
			t.Errorf("the tools' vertex %s has %d users, want %d", want.Vertex, users, len(b.records)+len(b.layout.Evidence)+2)
		}
	})
}

// TestRootAndRecordAreOfOneOp: outputs of different vertices could be of different
// runs of a step.
func TestRootAndRecordAreOfOneOp(t *testing.T) {
	eachBuild(t, func(t *testing.T, b *built, _ Tools) {
		n := 0
		for v := range b.hardened.Vertices() {
			if v.Runner == nil {
				continue
			}
			n++
			d := b.moved[v.Digest]
			rec, ok := b.records[d]
			if !ok || rec.Vertex != d {
				t.Errorf("the record of %q is %v", v.Name(), rec)
			}
			for _, m := range v.Op.GetExec().Mounts {
				if m.Output == rec.Output && makesState(m) {
					t.Errorf("%q: output %d is the record and %s", v.Name(), m.Output, m.Dest)
				}
			}
		}
		if n != len(b.records) {
			t.Errorf("%d records of %d execs", len(b.records), n)
		}
	})
}
