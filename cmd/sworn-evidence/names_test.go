package main

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/sworn-build/sworn/sbom"
	"github.com/sworn-build/sworn/step"
)

// TestNamesThatNoLayerHoldsAreRefused renames files of the small build's evidence.
func TestNamesThatNoLayerHoldsAreRefused(t *testing.T) {
	for _, tt := range []struct{ name, from, to, want string }{
		{"of a step", "/root/made", "/root/.wh.made", "/root/.wh.made from [2/3] RUN apt-get install dash && make (Dockerfile:2)"},
		{"of the base", "/etc/issue", "/etc/.wh.issue", "/etc/.wh.issue from source1"},
		{"a folder", "/app", "/.wh.app", "/.wh.app from [3/3] COPY app /app (Dockerfile:4)"},
		{"opaque", "/root/made", "/root/.wh..wh..opq", "/root/.wh..wh..opq from [2/3] RUN"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := assembleRoot(t, aPlan(), renamed(t, tt.from, tt.to))
			var stderr bytes.Buffer
			code := run([]string{"assemble"}, tool{root: dir}, &stderr)
			if code != step.ExitUnfit || !strings.Contains(stderr.String(), "sworn: assemble: "+tt.want) ||
				!strings.Contains(stderr.String(), "an image layer holds no name that begins with .wh.") {
				t.Errorf("exit %d, want %d and %q: %s", code, step.ExitUnfit, tt.want, stderr.String())
			}
		})
	}
}

// More files than BuildKit takes in one statement: the error has both sizes, and no other
// evidence would be smaller.
func TestImagesTooLargeForAStatementAreRefused(t *testing.T) {
	entries := make([]sbom.Entry, 0, 1<<18)
	for i := range cap(entries) {
		entries = append(entries, sbom.Entry{Path: step.Path(fmt.Sprintf("/%0150d", i)), Type: sbom.TypeFifo, Mode: "0644"})
	}
	b, err := encodeEvidence(evidence{Delta: &described{
		Base: true, Delta: sbom.Delta{Added: entries, Changed: []sbom.Entry{}, Removed: []step.Path{}},
		PackagesAdded: []string{}, PackagesRemoved: []string{}, Inventory: &sbom.Inventory{},
	}})
	if err != nil {
		t.Fatal(err)
	}
	dir := assembleRoot(t, step.Plan{
		Platform: "linux/amd64", Options: map[string]string{}, Image: "step1",
		Steps: []step.Step{{ID: "step1", Kind: step.KindFile, Evidence: &step.Place{}}},
	}, map[step.Place][]byte{{}: b})
	var stderr bytes.Buffer
	code := run([]string{"assemble"}, tool{root: dir}, &stderr)
	want := fmt.Sprintf("sworn: assemble: contents of %d files: encode predicate: ", len(entries))
	if code != step.ExitUnfit || !strings.HasPrefix(stderr.String(), want) || !strings.Contains(stderr.String(), "more than a statement may have (40894464)") {
		t.Errorf("exit %d, want %d and %q: %s", code, step.ExitUnfit, want, stderr.String())
	}
}

// A name that only contains the letters is a name like any other.
func TestOtherNamesWithDotsAreFine(t *testing.T) {
	for _, to := range []string{"/root/a.wh.made", "/root/.whmade"} {
		must(t, assembleRoot(t, aPlan(), renamed(t, "/root/made", to)), "assemble")
	}
}

// renamed is the small build's evidence with a file or folder of another name.
func renamed(t *testing.T, from, to string) map[step.Place][]byte {
	t.Helper()
	out := describeBuild(t)
	for at, b := range out {
		e, err := decodeEvidence(b)
		if err != nil {
			t.Fatal(err)
		}
		if e.Delta != nil {
			for _, es := range [][]sbom.Entry{e.Delta.Added, e.Delta.Changed} {
				for i, f := range es {
					if rest, ok := strings.CutPrefix(string(f.Path), from); ok && (rest == "" || rest[0] == '/') {
						es[i].Path = step.Path(to + rest)
					}
				}
				slices.SortFunc(es, func(a, b sbom.Entry) int { return strings.Compare(string(a.Path), string(b.Path)) })
			}
		}
		if out[at], err = encodeEvidence(e); err != nil {
			t.Fatal(err)
		}
	}
	return out
}
