package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sworn-build/sworn/provenance"
	"github.com/sworn-build/sworn/sbom/treetest"
	"github.com/sworn-build/sworn/step"
)

func TestDescribeWritesEvidence(t *testing.T) {
	for at, b := range describeBuild(t) {
		golden(t, fmt.Sprintf("evidence-%d-%d.json", at.Segment, at.Item), b)
	}
}

func TestAssembleWritesStatements(t *testing.T) {
	dir := assembleRoot(t, aPlan(), describeBuild(t))
	must(t, dir, "assemble")
	for _, name := range []string{step.StepsFile, step.ContentsFile, step.SPDXFile, step.SPDX3File, step.LedgerFile} {
		b, err := os.ReadFile(filepath.Join(dir, step.OutDir, name))
		if err != nil {
			t.Fatal(err)
		}
		golden(t, name, b)
	}
	again := assembleRoot(t, aPlan(), describeBuild(t))
	must(t, again, "assemble")
	for _, name := range []string{step.StepsFile, step.ContentsFile, step.SPDXFile, step.SPDX3File, step.LedgerFile} {
		a, _ := os.ReadFile(filepath.Join(dir, step.OutDir, name))
		b, _ := os.ReadFile(filepath.Join(again, step.OutDir, name))
		if !bytes.Equal(a, b) {
			t.Errorf("%s differs between two runs", name)
		}
	}
}

func TestOutputsHaveNoTimesOfTheirOwn(t *testing.T) {
	dir := container(t)
	treetest.Make(t, filepath.Join(dir, step.StateDir, "1"), base()...)
	must(t, dir, "describe")
	for _, name := range []string{"", "1.json"} {
		st, err := os.Stat(filepath.Join(dir, step.OutDir, name))
		if err != nil {
			t.Fatal(err)
		}
		if st.ModTime().Unix() != 0 {
			t.Errorf("%q was changed at %s, want 1970", name, st.ModTime())
		}
	}
}

// TestStepsTellWhatTheStepDid checks the promises one by one; the golden files
// hold the rest.
func TestStepsTellWhatTheStepDid(t *testing.T) {
	evidence := describeBuild(t)
	out, err := statements(aPlan(), func(p step.Place) ([]byte, error) { return evidence[p], nil })
	if err != nil {
		t.Fatal(err)
	}
	steps, err := provenance.DecodeSteps(out[0].data)
	if err != nil {
		t.Fatal(err)
	}
	s := steps.Steps[0]
	dash := func(v string) string { return "pkg:deb/debian/dash@0.5.12-" + v + "?arch=amd64&distro=debian-12" }
	baseFiles := "pkg:deb/debian/base-files@12.4%2Bdeb12u5?arch=amd64&distro=debian-12"
	if diff := cmp.Diff([][]string{{dash("3")}, {dash("2")}}, [][]string{s.Outputs.PackagesAdded, s.Outputs.PackagesRemoved}); diff != "" {
		t.Errorf("packages (-want +got):\n%s", diff)
	}
	want := &provenance.Inputs{
		Mode: "inotify", Complete: true,
		Packages: []provenance.PackageInput{{PURL: baseFiles, Files: 1}},
		Files: []provenance.FileInput{
			{Path: "/etc/motd", Digest: provenance.NewSHA256(hexSum("welcome")), Size: 7, Changed: true, Package: baseFiles},
			{Path: "/etc/unowned", Digest: provenance.NewSHA256(hexSum("u")), Size: 1, Changed: true},
			{Path: "/mnt/cache/x", Digest: provenance.NewSHA256(hexSum("x")), Size: 1, Mount: "/mnt/cache", Shared: true},
			{Path: "/usr/bin/dash", Digest: provenance.NewSHA256(hexSum("dash1")), Size: 5, Changed: true, Package: dash("2")},
		},
	}
	if diff := cmp.Diff(want, s.Inputs); diff != "" {
		t.Errorf("inputs (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]step.Path{"/etc/unowned"}, s.Outputs.Removed); diff != "" {
		t.Errorf("removed (-want +got):\n%s", diff)
	}
	contents, err := provenance.DecodeContents(out[1].data)
	if err != nil {
		t.Fatal(err)
	}
	wrote := map[step.Path]string{}
	for _, f := range contents.Files {
		wrote[f.Path] = f.Step
		if f.Package != nil {
			wrote[f.Path] += " " + contents.Packages[*f.Package]
		}
	}
	for p, want := range map[step.Path]string{
		"/etc/issue": "source1 " + baseFiles, "/etc/motd": "step1 " + baseFiles, "/usr/bin/dash": "step1 " + dash("3"),
		"/usr/bin/sh": "source1 " + dash("3"), "/app/run": "step2", "/root/made": "step1", "/etc/unowned": "",
	} {
		if wrote[p] != want {
			t.Errorf("%s: got %q, want %q", p, wrote[p], want)
		}
	}
}

func TestAssembleRefusesWhatDoesNotFit(t *testing.T) {
	evidence := describeBuild(t)
	for _, c := range []struct {
		name string
		edit func(*step.Plan, map[step.Place][]byte)
		want string
	}{
		{"missing evidence", func(_ *step.Plan, e map[step.Place][]byte) { delete(e, step.Place{Segment: 1, Item: 2}) }, "assemble: evidence of step2: open "},
		{"truncated evidence", func(_ *step.Plan, e map[step.Place][]byte) {
			at := step.Place{Segment: 1, Item: 2}
			e[at] = e[at][:20]
		}, "assemble: evidence of step2: decode evidence: byte 13: "},
		{"another version", func(_ *step.Plan, e map[step.Place][]byte) {
			e[step.Place{Segment: 1, Item: 2}] = []byte(`{"version":0}`)
		}, "assemble: evidence of step2: decode evidence: version 0, want "},
		{"an unknown field", func(_ *step.Plan, e map[step.Place][]byte) {
			e[step.Place{Segment: 1, Item: 2}] = []byte(ofVersion(`"x":1}`))
		}, `assemble: evidence of step2: decode evidence: byte 13: ",\"x\":1}", want "}"`},
		{"a source's evidence as a step's", func(_ *step.Plan, e map[step.Place][]byte) {
			e[step.Place{Segment: 1, Item: 2}] = e[step.Place{Segment: 2, Item: 0}]
		}, "assemble: evidence of step2: not of a step"},
		{"a base as a step's", func(_ *step.Plan, e map[step.Place][]byte) {
			e[step.Place{Segment: 1, Item: 2}] = e[step.Place{Segment: 0, Item: 1}]
		}, "assemble: evidence of step2: starts from an empty file system: true, plan says false"},
		{"no record", func(p *step.Plan, _ map[step.Place][]byte) {
			p.Steps[1].Kind, p.Steps[1].Exec = step.KindExec, &step.Exec{Args: []string{"x"}}
		}, "assemble: evidence of step2: no record of the step"},
		{"an unexpected record", func(p *step.Plan, _ map[step.Place][]byte) { p.Steps[0].Unobserved = "emulated" }, "assemble: evidence of step1: a record of a step that was not observed"},
		{"another command", func(p *step.Plan, _ map[step.Place][]byte) { p.Steps[0].Exec.Args = []string{"true"} }, `assemble: evidence of step1: the record is of ["/bin/sh" "-c" "apt-get install dash && make"], plan says ["true"]`},
		{"an exec without evidence", func(p *step.Plan, _ map[step.Place][]byte) { p.Steps[0].Evidence = nil }, "assemble: evidence of step1: no record of the step"},
		{"no evidence of the base", func(p *step.Plan, _ map[step.Place][]byte) { p.Sources[0].Evidence = nil }, "assemble: evidence of source1: none, but the image comes from it"},
		{"no digest of the context", func(p *step.Plan, _ map[step.Place][]byte) { p.Sources[1].Evidence = nil }, "assemble: evidence of source2: a local source without a digest"},
		{"shared evidence", func(p *step.Plan, _ map[step.Place][]byte) { p.Steps[1].Evidence = p.Steps[0].Evidence }, "assemble: plan: step2 has evidence 1/1, which another has too"},
		{"steps in another order", func(p *step.Plan, _ map[step.Place][]byte) { p.Steps[0], p.Steps[1] = p.Steps[1], p.Steps[0] }, `assemble: plan: step2 starts from or reads "step1", which is not made before it`},
		{"a repeated id", func(p *step.Plan, _ map[step.Place][]byte) { p.Steps[1].ID = "step1" }, `assemble: plan: bad or repeated id "step1"`},
		{"an unknown image", func(p *step.Plan, _ map[step.Place][]byte) { p.Image = "step9" }, `assemble: plan: the image is "step9", which nothing makes`},
		{"a delta of another build", func(_ *step.Plan, e map[step.Place][]byte) {
			e[step.Place{Segment: 1, Item: 2}] = []byte(ofVersion(`"delta":{"base":false,"added":[],"changed":[],"removed":["/nosuch"],"packagesAdded":[],"packagesRemoved":[]}}`))
		}, `assemble: apply the delta of step2: "/nosuch" is removed but was not there`},
		{"a hostile path", func(_ *step.Plan, e map[step.Place][]byte) {
			e[step.Place{Segment: 1, Item: 2}] = []byte(ofVersion(`"delta":{"base":false,"added":[{"path":"/a/../b","type":"dir","mode":"0755","uid":0,"gid":0}],"changed":[],"removed":[],"packagesAdded":[],"packagesRemoved":[]}}`))
		}, `assemble: check steps: step "step2": outputs: "/a/../b": not an absolute clean path`},
	} {
		t.Run(c.name, func(t *testing.T) {
			p, e := aPlan(), map[step.Place][]byte{}
			for at, b := range evidence {
				e[at] = b
			}
			c.edit(&p, e)
			dir := assembleRoot(t, p, e)
			var stderr bytes.Buffer
			if code := run([]string{"assemble"}, tool{root: dir}, &stderr); code != 1 {
				t.Fatalf("exit %d", code)
			}
			if got := strings.TrimSuffix(stderr.String(), "\n"); !strings.HasPrefix(got, "sworn: "+c.want) || strings.Contains(got, "\n") {
				t.Errorf("got  %s\nwant sworn: %s", got, c.want)
			}
			left, err := filepath.Glob(filepath.Join(dir, step.OutDir, "*"))
			if err != nil || len(left) > 0 {
				t.Errorf("half-written: %v %v", left, err)
			}
		})
	}
}

func TestUnobservedStepSaysWhy(t *testing.T) {
	evidence := describeBuild(t)
	p := aPlan()
	p.Steps[1].Kind, p.Steps[1].Exec, p.Steps[1].Unobserved = step.KindExec, &step.Exec{Args: []string{"x"}}, "emulated platform"
	out, err := statements(p, func(p step.Place) ([]byte, error) { return evidence[p], nil })
	if err != nil {
		t.Fatal(err)
	}
	steps, err := provenance.DecodeSteps(out[0].data)
	if err != nil {
		t.Fatal(err)
	}
	s := steps.Steps[1]
	want := &provenance.Inputs{Mode: "none", Reasons: []string{"emulated platform"}, Packages: []provenance.PackageInput{}, Files: []provenance.FileInput{}}
	if diff := cmp.Diff(want, s.Inputs); diff != "" || s.Process != nil || s.Sandbox != nil || s.Exit != nil {
		t.Errorf("inputs (-want +got):\n%s%+v", diff, s)
	}
}

func TestWrongCallsAreUsageErrors(t *testing.T) {
	for _, args := range [][]string{nil, {"nosuch"}, {"bind", "x"}} {
		var stderr bytes.Buffer
		if code := run(args, tool{root: t.TempDir()}, &stderr); code != 2 || !strings.HasPrefix(stderr.String(), "sworn: want one of") {
			t.Errorf("%q: exit %d: %s", args, code, stderr.String())
		}
	}
	for verb, want := range map[string]string{"describe": "sworn: describe: no items\n", "digest": "sworn: digest: no sources\n"} {
		var stderr bytes.Buffer
		if code := run([]string{verb}, tool{root: container(t)}, &stderr); code != 1 || stderr.String() != want {
			t.Errorf("%s: exit %d: %s", verb, code, stderr.String())
		}
	}
}

// TestLocalSourceAsTheBase: FROM a local context, touched since it was described.
func TestLocalSourceAsTheBase(t *testing.T) {
	dir := container(t)
	treetest.Make(t, filepath.Join(dir, step.SourceDir, "1"), base()...)
	must(t, dir, "digest")
	b, err := os.ReadFile(filepath.Join(dir, step.OutDir, "1.json"))
	if err != nil {
		t.Fatal(err)
	}
	p := aPlan()
	p.Sources = []step.Source{{ID: "source1", Kind: step.SourceLocal, URI: "local:base", Evidence: &step.Place{Item: 1}}}
	p.Steps, p.Image = nil, "source1"
	end := assembleRoot(t, p, map[step.Place][]byte{{Item: 1}: b})
	must(t, end, "assemble")
	contents, err := os.ReadFile(filepath.Join(end, step.OutDir, step.ContentsFile))
	if err != nil {
		t.Fatal(err)
	}
	c, err := provenance.DecodeContents(contents)
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Packages) != 2 || len(c.Files) < len(base()) {
		t.Errorf("%d files, packages %v", len(c.Files), c.Packages)
	}
	root := filepath.Join(end, step.RootfsDir)
	treetest.Make(t, root, base()...)
	if err := os.Chtimes(root+"/etc/motd", time.Unix(5, 0), time.Unix(5, 0)); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(end, step.LedgerDir), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(filepath.Join(end, step.OutDir, step.LedgerFile), filepath.Join(end, step.LedgerDir, step.LedgerFile)); err != nil {
		t.Fatal(err)
	}
	must(t, end, "bind")
}
