package main

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sworn-build/sworn/provenance"
	"github.com/sworn-build/sworn/step"
)

// sum is the digest of some bytes that a letter stands for.
func sum(letter string) *provenance.SHA256 { return provenance.NewSHA256(strings.Repeat(letter, 64)) }

func entry(path, letter string) provenance.FileOutput {
	return provenance.FileOutput{Path: step.Path(path), Type: provenance.TypeFile, Size: 1, Digest: sum(letter)}
}

// aStage is a build whose RUNs copy, move, mount, change modes and download.
func aStage() *why {
	steps := []*provenance.Step{
		{ID: "step1", Kind: step.KindFile, Parent: "source1", Reads: []string{"source2"}, Actions: []string{"copy source2:/ /src"},
			Outputs: provenance.Outputs{Added: []provenance.FileOutput{entry("/src/a", "a"), entry("/src/m", "b"), entry("/src/other", "a")}}},
		{
			ID: "step2", Kind: step.KindExec, Parent: "step1", Command: []string{"cp"},
			Mounts: []step.Mount{{Type: "bind", Target: "/mnt", From: "source2", Path: "/deep"}, {Type: "cache", Target: "/cache"}},
			Inputs: &provenance.Inputs{Files: []provenance.FileInput{
				{Path: "/cache/c", Mount: "/cache", Digest: sum("e")}, {Path: "/mnt/x", Mount: "/mnt", Digest: sum("c")},
				{Path: "/src/a", Digest: sum("a")}, {Path: "/src/other", Digest: sum("a")},
			}},
			Network: &provenance.Network{Downloads: []string{"download1"}},
			Outputs: provenance.Outputs{
				Added:   []provenance.FileOutput{entry("/out/a", "a"), entry("/out/c", "e"), entry("/out/d", "d"), entry("/out/m", "b"), entry("/out/x", "c"), entry("/out/y", "f")},
				Removed: []step.Path{"/etc/old", "/src/m"},
			},
		},
		{ID: "step3", Kind: step.KindExec, Parent: "step2", Command: []string{"chmod"}, Outputs: provenance.Outputs{Changed: []provenance.FileOutput{entry("/etc/base", "f"), entry("/out/a", "a")}}},
	}
	w := &why{
		files: map[step.Path]*provenance.File{}, steps: map[string]*provenance.Step{}, order: steps, own: map[string]bool{}, documents: func() {},
		known: map[string]*whyPackage{}, outside: map[string]*whyPackage{},
		material: map[string]*provenance.Material{
			"source1":   {ID: "source1", Kind: step.SourceImage, URI: "pkg:docker/r.test%3A5000/co/base@1?platform=linux%2Famd64", Platform: "linux/amd64", Digest: map[string]string{"sha256": sum("1").Hex}},
			"source2":   {ID: "source2", Kind: step.SourceLocal, URI: "local:context"},
			"download1": {ID: "download1", Kind: provenance.KindDownload, URI: "https://d.test/d", Digest: map[string]string{"sha256": sum("d").Hex}},
		},
	}
	for _, s := range steps {
		w.steps[s.ID] = s
	}
	w.learnOwn("step3")
	w.contents = provenance.Contents{
		Origins: []provenance.Origin{
			{Class: provenance.OriginBase, From: "source1"}, {Class: provenance.OriginContext, From: "source2"},
			{Class: provenance.OriginDownload, From: "download1"}, {Class: provenance.OriginUnexplained, From: "step2"},
		},
		Files: []provenance.File{
			{Path: "/etc/base", Digest: sum("f"), Step: "step3", Origin: 0},
			{Path: "/out/a", Digest: sum("a"), Step: "step3", Origin: 1, OriginPath: "/other"},
			{Path: "/out/c", Digest: sum("e"), Step: "step2", Origin: 3},
			{Path: "/out/d", Digest: sum("d"), Step: "step2", Origin: 2},
			{Path: "/out/m", Digest: sum("b"), Step: "step2", Origin: 1, OriginPath: "/m"},
			{Path: "/out/x", Digest: sum("c"), Step: "step2", Origin: 1, OriginPath: "/deep/x"},
			{Path: "/out/y", Digest: sum("f"), Step: "step2", Origin: 0, OriginPath: "/etc/old"},
		},
	}
	for i := range w.contents.Files {
		w.contents.Files[i].Type = provenance.TypeFile
		w.files[w.contents.Files[i].Path] = &w.contents.Files[i]
	}
	return w
}

// wantChain compares the way of a file, hop by hop: "ID PATH HOW[PATHS]; ..."
func wantChain(t *testing.T, w *why, path, want string) {
	t.Helper()
	var got []string
	for _, h := range w.chain(w.files[step.Path(path)]) {
		text := fmt.Sprintf("%s %s", h.ID, h.Path)
		if h.Inside != nil {
			text += fmt.Sprintf(" %s%s", h.Inside.How, h.Inside.Paths)
		}
		got = append(got, text)
	}
	if diff := cmp.Diff(want, strings.Join(got, "; ")); diff != "" {
		t.Errorf("%s (-want +got):\n%s", path, diff)
	}
}

// TestChainGoesOnInsideARun by the bytes of what it read, removed, kept and downloaded, and
// by the one of several inputs alike that leads to the origin.
func TestChainGoesOnInsideARun(t *testing.T) {
	w := aStage()
	for path, want := range map[string]string{
		"/out/a":    "step3 /out/a kept[/out/a]; step2 /out/a read[/src/other /src/a]; step1 /src/other; source2 /other",
		"/out/m":    "step2 /out/m moved[/src/m]; step1 /src/m; source2 /m",
		"/out/x":    "step2 /out/x read[/mnt/x]; source2 /deep/x",
		"/out/d":    "step2 /out/d downloaded[]; download1 ",
		"/out/y":    "step2 /out/y moved[/etc/old]; source1 /etc/old",
		"/etc/base": "step3 /etc/base kept[/etc/base]; source1 /etc/base",
		"/out/c":    "step2 /out/c", // a cache is of no state, and the origin is the step
	} {
		wantChain(t, w, path, want)
	}
	// An input with the bytes is no way when the origin is another.
	w.contents.Files[4].Origin = 0
	w.contents.Files[4].OriginPath = "/usr/m"
	if got := w.chain(w.files["/out/m"]); len(got) != 2 || got[0].Inside != nil || got[1].ID != "source1" || got[1].Path != "/usr/m" {
		t.Errorf("%+v", got)
	}
}

// TestManyPlacesWithTheSameBytesAreBounded: each step has a thousand inputs alike.
func TestManyPlacesWithTheSameBytesAreBounded(t *testing.T) {
	w := aStage()
	var inputs []provenance.FileInput
	var added []provenance.FileOutput
	for i := range 1000 {
		p := step.Path(fmt.Sprintf("/m/%04d", i))
		inputs, added = append(inputs, provenance.FileInput{Path: p, Digest: sum("9")}), append(added, entry(string(p), "9"))
	}
	parent := "source1"
	for i := range 100 {
		s := &provenance.Step{ID: fmt.Sprintf("many%d", i), Kind: step.KindExec, Parent: parent, Inputs: &provenance.Inputs{Files: inputs}, Outputs: provenance.Outputs{Added: added}}
		w.steps[s.ID], w.order, parent = s, append(w.order, s), s.ID
	}
	f := provenance.File{Path: "/m/0500", Type: provenance.TypeFile, Digest: sum("9"), Step: parent, Origin: 1}
	if got := w.chain(&f); len(got) < 2 || got[len(got)-1].ID != "source2" {
		t.Errorf("%d hops", len(got))
	}
}

// TestTheWayGoesOnInAnImage by a command that a shell can take, with the registry's port.
func TestTheWayGoesOnInAnImage(t *testing.T) {
	w := aStage()
	chain := w.chain(w.files["/out/y"])
	if got, want := chain[len(chain)-1].Next, "sworn why --platform linux/amd64 r.test:5000/co/base@sha256:"+sum("1").Hex+" /etc/old"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	for in, want := range map[string]string{"/a b": "'/a b'", "it's": `'it'\''s'`, "/x\ny": "'/x\ny'", "": "''", "/plain-1.0": "/plain-1.0", "$(x)": "'$(x)'"} {
		if got := quoted(in); got != want {
			t.Errorf("quoted(%q) = %s, want %s", in, got, want)
		}
	}
	if got := w.next(&hop{ID: "source2", Kind: step.SourceLocal, What: "local:context"}, "/x"); got != "" {
		t.Errorf("goes on in the context: %s", got)
	}
}

// TestStatementsLeadToRegistriesAlone: not to files of this machine, nor to a flag.
func TestStatementsLeadToRegistriesAlone(t *testing.T) {
	w := aStage()
	hop := func(what string) *hop {
		return &hop{ID: "source1", Kind: step.SourceImage, What: what, Digest: map[string]string{"sha256": sum("1").Hex}}
	}
	for _, what := range []string{
		"pkg:docker/oci:/etc", "pkg:docker/oci%3A5000/x@1", "pkg:docker/oci-archive:/dev/zero", "pkg:docker/oci-archive%3A5000/x", "pkg:docker/local:/etc", "pkg:docker/local%3A5000/x",
		"pkg:docker/--key=x", "pkg:docker/%1b[31m", "pkg:docker/", "pkg:docker/..%2f..%2fx",
	} {
		if got := w.next(hop(what), "/x"); got != "" {
			t.Errorf("%s: %s", what, got)
		}
	}
	for asked, want := range map[string]bool{"/x": true, "pkg:deb/debian/dash@1": true, "--plain-http": false, "x": false, "": false} {
		if got := w.next(hop("pkg:docker/debian@12"), asked); (got != "") != want {
			t.Errorf("%s: %q", asked, got)
		}
	}
}

// TestABaseThatSaysOtherBytesIsRefused, also one that has something else there.
func TestABaseThatSaysOtherBytesIsRefused(t *testing.T) {
	file := func(digest string) *whyOutput {
		return &whyOutput{File: &whyFile{Path: "/a", Type: "file", Digest: digest}}
	}
	for _, ok := range []*whyOutput{file("sha256:1"), {Packages: []whyPackage{{}}}} {
		if err := agree(file("sha256:1"), ok); err != nil {
			t.Error(err)
		}
	}
	for want, base := range map[string]*whyOutput{
		"/a is sha256:2 there, not sha256:1": file("sha256:2"), "/a is folder there, not sha256:1": {File: &whyFile{Path: "/a", Type: "dir"}},
	} {
		if err := agree(file("sha256:1"), base); err == nil || err.Error() != want {
			t.Errorf("%v, want %s", err, want)
		}
	}
}
