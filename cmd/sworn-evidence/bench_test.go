package main

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/sworn-build/sworn/sbom"
	"github.com/sworn-build/sworn/sbom/treetest"
	"github.com/sworn-build/sworn/step"
)

// twentyThousand are files of 8 KiB, as many as a distribution with a compiler has.
func twentyThousand() []string {
	content := make([]byte, 8<<10)
	for i := range content {
		content[i] = 'x'
	}
	var out []string
	for i := range 20000 {
		out = append(out, fmt.Sprintf("file 0644 /usr/lib/d%d/e/f%d %d%s", i%500, i, i, content))
	}
	return out
}

func BenchmarkDescribeABaseOf20000Files(b *testing.B) {
	dir := container(b)
	treetest.Make(b, filepath.Join(dir, step.StateDir, "1"), twentyThousand()...)
	for b.Loop() {
		must(b, dir, "describe")
	}
}

func BenchmarkDescribeAStepOver20000Files(b *testing.B) {
	dir := container(b)
	was, now := filepath.Join(dir, step.StateDir, "0"), filepath.Join(dir, step.StateDir, "1")
	treetest.Make(b, was, twentyThousand()...)
	treetest.Make(b, now, append(twentyThousand(), "file 0644 /made x")...)
	treetest.Share(b, was, now)
	for _, observed := range []bool{false, true} {
		if observed {
			r := aRecord()
			r.Observation.Inputs = []step.Input{}
			rec, err := step.EncodeRecord(r)
			if err != nil {
				b.Fatal(err)
			}
			treetest.Make(b, filepath.Join(dir, step.RecordDirIn, "1"), "file 0644 /"+step.RecordFile+" "+string(rec), `file 0644 /`+step.MarkFile+` {"version":1,"files":[]}`)
		}
		b.Run(fmt.Sprintf("observed=%t", observed), func(b *testing.B) {
			for b.Loop() {
				must(b, dir, "describe")
			}
		})
	}
}

// BenchmarkDescribe20000SmallFiles is a step that writes files of a few bytes: what
// each file costs, not its bytes.
func BenchmarkDescribe20000SmallFiles(b *testing.B) {
	dir := container(b)
	var files []string
	for i := range 20000 {
		files = append(files, fmt.Sprintf("file 0644 /data/%d/%d %d", i/1000, i, i))
	}
	treetest.Make(b, filepath.Join(dir, step.StateDir, "0"), "dir 0755 /etc")
	treetest.Make(b, filepath.Join(dir, step.StateDir, "1"), append(files, "dir 0755 /etc")...)
	for b.Loop() {
		must(b, dir, "describe")
	}
}

func BenchmarkBind20000Files(b *testing.B) {
	dir := bound(b, twentyThousand(), func(string) {})
	for b.Loop() {
		must(b, dir, "bind")
	}
	l, err := os.ReadFile(filepath.Join(dir, step.LedgerDir, step.LedgerFile))
	if err != nil {
		b.Fatal(err)
	}
	decoded, err := decodeLedger(l)
	if err != nil {
		b.Fatal(err)
	}
	hashed := 0
	for _, e := range decoded.Entries {
		if e.Type == sbom.TypeFile && e.SHA256 != "" {
			hashed++
		}
	}
	if hashed != 20000 {
		b.Errorf("%d files are hashed", hashed)
	}
}
