package main

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sworn-build/sworn/provenance"
	"github.com/sworn-build/sworn/sbom"
	"github.com/sworn-build/sworn/step"
)

// TestStepsTooLargeOmitTheLongestLists uses a limit that a test can reach.
func TestStepsTooLargeOmitTheLongestLists(t *testing.T) {
	evidence := describeBuild(t)
	g, err := newGraph(aPlan(), func(p step.Place) ([]byte, error) { return evidence[p], nil })
	if err != nil {
		t.Fatal(err)
	}
	full, err := g.predicate()
	if err != nil {
		t.Fatal(err)
	}
	whole, err := json.Marshal(full)
	if err != nil {
		t.Fatal(err)
	}
	encode := func(limit int) func(provenance.Steps) ([]byte, error) {
		return func(s provenance.Steps) ([]byte, error) {
			b, err := json.Marshal(s)
			if len(b) > limit {
				return nil, &provenance.SizeError{Bytes: len(b)}
			}
			return b, err
		}
	}
	b, err := encodeWithin(full, encode(len(whole)-1))
	if err != nil {
		t.Fatal(err)
	}
	slim, err := provenance.DecodeSteps(b)
	if err != nil {
		t.Fatal(err)
	}
	o := slim.Steps[0].Outputs
	if diff := cmp.Diff(&provenance.Omitted{Added: 2, Changed: 3, Removed: 1}, o.Omitted); diff != "" {
		t.Errorf("omitted (-want +got):\n%s", diff)
	}
	if want := (func() map[string]string { p, _ := g.predicate(); return p.Steps[0].Outputs.Digest })(); !cmp.Equal(want, o.Digest) || slim.Steps[0].Inputs.OmittedFiles != 4 {
		t.Errorf("digest %v, want %v; %d inputs omitted", o.Digest, want, slim.Steps[0].Inputs.OmittedFiles)
	}
	if n := slim.Steps[0].Network; n.OmittedRequests != 5 || len(n.Requests) > 0 || len(n.Downloads) != 1 {
		t.Errorf("network without requests: %+v", n)
	}
	if slim.Steps[1].Outputs.Omitted != nil {
		t.Error("more was omitted than was needed")
	}
	p, _ := g.predicate()
	if _, err := encodeWithin(p, encode(10)); err == nil || !strings.HasPrefix(err.Error(), "steps: encode predicate: ") {
		t.Errorf("got %v, want an error that says how large it is", err)
	}
}

// TestBinaryIsSmallAndAlone holds the tool's imports and size.
func TestBinaryIsSmallAndAlone(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", ".").Output()
	if err != nil {
		t.Skipf("skipped: go list: %v", err)
	}
	taken := []string{
		"golang.org/x/sys/",
		"github.com/github/go-spdx/v2/spdxexp/spdxlicenses", // ids of licences, no code
		"github.com/google/licensecheck",                    // texts of licences; no imports
		"github.com/transparency-dev/merkle/",               // hashes of RFC 6962
	}
	for _, dep := range strings.Fields(string(out)) {
		host, _, _ := strings.Cut(dep, "/")
		ours := strings.HasPrefix(dep, "github.com/sworn-build/sworn/")
		network := dep == "net" || strings.HasPrefix(dep, "net/") && dep != "net/url" && dep != "net/netip" // those two are text
		if network || !ours && strings.Contains(host, ".") && !slices.ContainsFunc(taken, func(module string) bool { return strings.HasPrefix(dep, module) }) {
			t.Errorf("imports %s", dep)
		}
		if ours && strings.HasSuffix(dep, "treetest") {
			t.Errorf("imports %s, which is for tests", dep)
		}
	}
	bin := filepath.Join(t.TempDir(), "sworn-evidence")
	cmd := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w", "-o", bin, ".")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if b, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, b)
	}
	st, err := os.Stat(bin)
	if err != nil {
		t.Fatal(err)
	}
	const limit = 12 << 20
	if st.Size() > limit {
		t.Errorf("%d bytes, more than %d", st.Size(), limit)
	}
}

// TestCollectionsAreAsUsualAfterTheFirst: memory must stay linear in what is in use.
func TestCollectionsAreAsUsualAfterTheFirst(t *testing.T) {
	percent, limit := debug.SetGCPercent(100), debug.SetMemoryLimit(-1)
	t.Cleanup(func() { debug.SetGCPercent(percent); debug.SetMemoryLimit(limit) })
	collectLate()
	if got := debug.SetMemoryLimit(-1); got != firstCollection {
		t.Errorf("the first collection is at %d bytes", got)
	}
	runtime.GC()
	for end := time.Now().Add(10 * time.Second); debug.SetMemoryLimit(-1) != math.MaxInt64; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("a collection changed nothing")
		}
	}
	if got := debug.SetGCPercent(100); got != 100 {
		t.Errorf("GOGC is %d", got)
	}
}

func FuzzDecodeLedger(f *testing.F) {
	b, err := os.ReadFile("testdata/ledger.json")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Fuzz(func(t *testing.T, b []byte) {
		l, err := decodeLedger(b)
		if err != nil {
			return
		}
		var same binding
		if err := same.compare(l.Entries, l.Entries); err != nil || len(same.diffs) > 0 {
			t.Errorf("a ledger differs from itself: %q, %v", same.diffs, err)
		}
		same.comparePaths(l.Removed, l.Removed)
		if len(same.diffs) > 0 {
			t.Errorf("removed paths differ from themselves: %q", same.diffs)
		}
	})
}

// FuzzAssemble feeds one plan and one evidence to every place: whatever comes out
// without an error can be decoded.
func FuzzAssemble(f *testing.F) {
	p, err := step.EncodePlan(aPlan())
	if err != nil {
		f.Fatal(err)
	}
	for _, name := range []string{"evidence-0-1.json", "evidence-1-1.json"} {
		b, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(p, b)
	}
	one := step.Plan{
		Platform: "linux/amd64", Options: map[string]string{}, Image: "step1",
		Steps: []step.Step{{ID: "step1", Kind: step.KindFile, Evidence: &step.Place{}}},
	}
	if p, err = step.EncodePlan(one); err != nil {
		f.Fatal(err)
	}
	b, err := os.ReadFile("testdata/evidence-0-1.json")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(p, b)
	one.Steps = append(one.Steps, step.Step{
		ID: "step2", Kind: step.KindFile, Reads: []string{"step1"}, Evidence: &step.Place{Item: 1},
		Actions: []string{"copy step1:/e*/motd /etc/", "copy step1:/usr /usr", "mkfile /x"},
		Copies:  []step.Copy{{From: "step1", Src: "/e*/motd", Dest: "/etc/", Pattern: true}, {From: "step1", Src: "/usr", Dest: "/usr", Contents: true}},
	})
	if p, err = step.EncodePlan(one); err != nil {
		f.Fatal(err)
	}
	f.Add(p, b)
	f.Fuzz(func(t *testing.T, planJSON, evidenceJSON []byte) {
		plan, err := step.DecodePlan(planJSON)
		if err != nil {
			return
		}
		out, err := statements(plan, func(step.Place) ([]byte, error) { return evidenceJSON, nil })
		if err != nil {
			return
		}
		if _, err := provenance.DecodeContents(out[1].data); err != nil {
			t.Error(err)
		}
		if _, err := decodeLedger(out[2].data); err != nil {
			t.Error(err)
		}
	})
}

// TestLargeContentsGoWithoutPathsAtOrigins: all else is there, and what does not fit then is
// refused.
func TestLargeContentsGoWithoutPathsAtOrigins(t *testing.T) {
	long := strings.Repeat("x", 3000)
	entries := func(n int) []sbom.Held {
		var out []sbom.Held
		for i := range n {
			p := step.Path(fmt.Sprintf("/%05d%s", i, long))
			out = append(out, sbom.Held{
				Entry: sbom.Entry{Path: p, Type: sbom.TypeDir, Mode: "0755"}, Step: "step1",
				Origin: sbom.Origin{Class: sbom.OriginContext, From: "source1", Path: p + "y"},
			})
		}
		return out
	}
	for n, paths := range map[int]int{100: 100, 7000: 0} {
		b, err := encodeContents(contentsOf("linux/amd64", entries(n)))
		if err != nil {
			t.Fatal(err)
		}
		c, err := provenance.DecodeContents(b)
		if err != nil {
			t.Fatal(err)
		}
		with := 0
		for _, f := range c.Files {
			if f.OriginPath != "" {
				with++
			}
		}
		if len(c.Files) != n || with != paths {
			t.Errorf("%d files, %d of them with a path; want %d and %d", len(c.Files), with, n, paths)
		}
	}
	if _, err := encodeContents(contentsOf("linux/amd64", entries(14000))); err == nil || !strings.HasPrefix(err.Error(), "contents of 14000 files: encode predicate: ") {
		t.Errorf("got %v", err)
	}
}
