package llb

import (
	"fmt"
	"testing"

	bk "github.com/moby/buildkit/client/llb"
	"github.com/moby/buildkit/solver/pb"

	"github.com/sworn-build/sworn/step"
)

// runs is the definition of a build of n RUNs.
func runs(b testing.TB, n int) *pb.Definition {
	b.Helper()
	st := bk.Image("registry.test/base:1")
	for i := range n {
		st = st.Run(bk.Args([]string{"/bin/sh", "-c", fmt.Sprintf("echo %d > /file%d", i, i)})).Root()
	}
	def, err := st.Marshal(b.Context(), bk.LinuxAmd64)
	if err != nil {
		b.Fatal(err)
	}
	return def.ToPB()
}

// BenchmarkPasses is what the frontend does with a definition before it asks for the
// build: it grows with the steps, not with their square.
func BenchmarkPasses(b *testing.B) {
	for _, n := range []int{50, 200, 1000} {
		b.Run(fmt.Sprintf("steps=%d", n), func(b *testing.B) {
			def, tools := runs(b, n), testTools(b)
			for b.Loop() {
				g, err := Decode(def)
				if err != nil {
					b.Fatal(err)
				}
				hardened := Harden(g, HardenOpt{Arch: "amd64", Profile: step.Profile{Harden: step.HardenBaseline}, Observe: true})
				recorded, _, records, err := Record(hardened, tools)
				if err != nil {
					b.Fatal(err)
				}
				described, layout, err := Describe(recorded, tools, records)
				if err != nil {
					b.Fatal(err)
				}
				if len(layout.Places) != n+1 {
					b.Fatalf("%d states are described, want %d", len(layout.Places), n+1)
				}
				assembled, statements, err := Assemble(described, tools, layout, nil)
				if err != nil {
					b.Fatal(err)
				}
				carried, out, err := Carry(assembled, layout, statements)
				if err != nil {
					b.Fatal(err)
				}
				bound, check, err := Bind(carried, tools, out, 1)
				if err != nil {
					b.Fatal(err)
				}
				if _, err := bound.Encode(check); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/step")
		})
	}
}
