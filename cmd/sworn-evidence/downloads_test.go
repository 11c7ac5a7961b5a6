package main

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sworn-build/sworn/sbom"
	"github.com/sworn-build/sworn/step"
)

// TestPackagesComeFromDownloadsOfTheirOwnImage: of the step that added the package or one
// before it, never of a later one or of another stage.
func TestPackagesComeFromDownloadsOfTheirOwnImage(t *testing.T) {
	pkg := func(name string) sbom.Package {
		return sbom.Package{PURL: name, Type: "deb", Name: name, Version: "1", Arch: "all"}
	}
	get := func(mirror, name string) step.Request {
		return step.Request{Method: "GET", URL: "http://" + mirror + "/" + name + "_1_all.deb", Status: 200, Digest: "sha256:" + mirror, Count: 1}
	}
	g := &graph{plan: step.Plan{Image: "step3"}, steps: map[string]step.Step{}, evidence: map[step.Place]evidence{}}
	add := func(id, parent, recorder string, added []string, requests ...step.Request) {
		place := step.Place{Segment: len(g.steps)}
		g.steps[id] = step.Step{ID: id, Parent: parent, Evidence: &place}
		g.plan.Steps = append(g.plan.Steps, g.steps[id])
		d := &described{PackagesAdded: added}
		d.Record = &record{Network: &step.Network{Recorder: recorder, Requests: requests}}
		g.evidence[place] = evidence{Delta: d}
	}
	add("step1", "source1", step.RecorderSworn, []string{"early"}, get("a", "early"), get("a", "later"), get("a", "again"))
	add("step2", "step1", step.RecorderSworn, []string{"later", "unnamed", "again"}, get("b", "other"), get("b", "again"))
	add("step3", "step2", step.RecorderBuildKit, []string{"silent", "other"})
	add("step4", "source1", step.RecorderSworn, nil, get("c", "unnamed"), get("c", "base"))
	inv := sbom.Inventory{}
	for _, name := range []string{"base", "early", "later", "unnamed", "again", "silent", "other"} {
		inv.Packages = append(inv.Packages, pkg(name))
	}
	located, unlocated := g.downloads(g.plan.Image, inv)
	want := map[string]sbom.Download{
		"early": {URL: "http://a/early_1_all.deb", SHA256: "a"},
		"later": {URL: "http://a/later_1_all.deb", SHA256: "a"},
		"other": {URL: "http://b/other_1_all.deb", SHA256: "b"},
	}
	// "again" has two files of different content, "unnamed" none of this image.
	if d := cmp.Diff(want, located); d != "" || unlocated != 2 {
		t.Errorf("%d without, want 2 (-want +got):\n%s", unlocated, d)
	}
}
