package frontend

import (
	"fmt"
	"strings"
	"testing"
)

// BenchmarkBuild is the frontend's own work for a build of n instructions: from the
// Dockerfile to the definitions that it hands to the builder, which here answers at
// once.
func BenchmarkBuild(b *testing.B) {
	for _, instruction := range []string{"RUN echo %d > /f", "COPY f%d /d/"} {
		kind, _, _ := strings.Cut(instruction, " ")
		for _, n := range []int{10, 100, 1000} {
			var dockerfile strings.Builder
			dockerfile.WriteString("FROM busybox\n")
			for i := range n {
				fmt.Fprintf(&dockerfile, instruction+"\n", i)
			}
			b.Run(fmt.Sprintf("%s-%d", kind, n), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if _, err := (Frontend{}).Build(b.Context(), newGateway(b, dockerfile.String(), nil)); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
