package llb

import (
	"bytes"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/moby/buildkit/solver/pb"
	digest "github.com/opencontainers/go-digest"
	"google.golang.org/protobuf/testing/protocmp"
)

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
