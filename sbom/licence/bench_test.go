package licence

import (
	"os"
	"testing"
)

// BenchmarkNewScanner is what a process pays before it reads its first text.
func BenchmarkNewScanner(b *testing.B) {
	for b.Loop() {
		newScanner()
	}
}

// BenchmarkRead reads the copyright file of a package anew, with all patterns compiled that
// it needs.
func BenchmarkRead(b *testing.B) {
	for _, name := range []string{"adduser", "base-files", "dash", "fakeroot"} {
		text, err := os.ReadFile("testdata/" + name)
		if err != nil {
			b.Fatal(err)
		}
		b.Run(name, func(b *testing.B) {
			s := newScanner()
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				r := &Reader{scanner: func() *scanner { return s }}
				r.Copyright(text)
			}
		})
	}
}
