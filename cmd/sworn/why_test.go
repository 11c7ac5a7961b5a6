package main

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sworn-build/sworn/provenance"
	"github.com/sworn-build/sworn/step"
)

// aWhy is a build of three stages: base, compile in "build", copy into the image and rename.
func aWhy() *why {
	digest := provenance.NewSHA256(strings.Repeat("a", 64))
	file := func(path string) provenance.FileOutput {
		return provenance.FileOutput{Path: step.Path(path), Type: provenance.TypeFile, Digest: digest}
	}
	steps := []*provenance.Step{
		{ID: "step1", Kind: step.KindExec, Parent: "source1", Command: []string{"make"}, Inputs: &provenance.Inputs{Complete: true},
			Outputs: provenance.Outputs{Added: []provenance.FileOutput{file("/out/app"), file("/src/app")}}},
		{ID: "step2", Kind: step.KindFile, Parent: "source1", Reads: []string{"step1"}, Actions: []string{"mkdir /opt", "copy step1:/out /opt"},
			Outputs: provenance.Outputs{Added: []provenance.FileOutput{file("/opt/app")}}},
		{ID: "step3", Kind: step.KindFile, Parent: "", Reads: []string{"step2", "source2"}, Actions: []string{"copy source2:/x /", "copy step2:/opt/app /usr/bin/run"},
			Outputs: provenance.Outputs{Added: []provenance.FileOutput{file("/usr/bin/run")}}},
		{ID: "step4", Kind: step.KindMerge, Parent: "", Reads: []string{"step3"}},
	}
	w := &why{files: map[step.Path]*provenance.File{}, steps: map[string]*provenance.Step{}, order: steps,
		own: map[string]bool{}, documents: func() {}, known: map[string]*whyPackage{}, outside: map[string]*whyPackage{},
		material: map[string]*provenance.Material{"source1": {ID: "source1", Kind: step.SourceImage, URI: "pkg:docker/base"}, "source2": {ID: "source2", Kind: step.SourceLocal, URI: "local:context"}}}
	for _, s := range steps {
		w.steps[s.ID] = s
	}
	w.learnOwn("step4")
	w.contents = provenance.Contents{
		Origins: []provenance.Origin{
			{Class: provenance.OriginStage, From: "step1", Of: provenance.OriginStep}, {Class: provenance.OriginContext, From: "source2"}, {Class: provenance.OriginBase, From: "source1"},
		},
		Files: []provenance.File{
			{Path: "/a", Type: provenance.TypeSymlink, Target: "b/../c"}, {Path: "/b", Type: provenance.TypeSymlink, Target: "/usr/bin"},
			{Path: "/loop", Type: provenance.TypeSymlink, Target: "loop"}, {Path: "/out", Type: provenance.TypeSymlink, Target: "../../../usr"},
			{Path: "/usr", Type: provenance.TypeDir}, {Path: "/usr/bin", Type: provenance.TypeDir}, {Path: "/usr/c", Type: provenance.TypeDir},
			{Path: "/usr/bin/run", Type: provenance.TypeFile, Digest: digest, Step: "step4", OriginPath: "/out/app"},
			{Path: "/x", Type: provenance.TypeFile, Digest: digest, Step: "step3", Origin: 1},
			{Path: "/moved", Type: provenance.TypeFile, Digest: digest, Step: "step9", Origin: 2, OriginPath: "/etc/x"},
		},
	}
	for i := range w.contents.Files {
		w.files[w.contents.Files[i].Path] = &w.contents.Files[i]
	}
	return w
}

// TestChainFollowsCopiesThroughStages, each hop with the place of the bytes there.
func TestChainFollowsCopiesThroughStages(t *testing.T) {
	w := aWhy()
	for path, want := range map[string]string{
		"/usr/bin/run": "step4 /usr/bin/run; step3 /usr/bin/run; step2 /opt/app; step1 /out/app",
		"/x":           "step3 /x; source2 /x",
		"/moved":       "source1 /etc/x", // by a step that is not told
	} {
		wantChain(t, w, path, want)
	}
	// Bytes that were others when they were copied are not followed.
	w.steps["step2"].Outputs.Added[0].Digest = provenance.NewSHA256(strings.Repeat("b", 64))
	var got []string
	for _, h := range w.chain(w.files["/usr/bin/run"]) {
		got = append(got, h.ID)
	}
	if diff := cmp.Diff("step4 step3 step1", strings.Join(got, " ")); diff != "" {
		t.Errorf("other bytes (-want +got):\n%s", diff)
	}
}

// TestPathsAreFollowedAsTheKernelDoes: links in folders, ".." behind a link, out of the root,
// in circles.
func TestPathsAreFollowedAsTheKernelDoes(t *testing.T) {
	w := aWhy()
	for path, want := range map[string]string{
		"/b/run": "/usr/bin/run", "//b///run": "/usr/bin/run", "/a": "/usr/c", "/b/../c": "/usr/c", "/out/bin/run": "/usr/bin/run",
		"/../../x": "/x", "/loop": "/loop", "/b": "/usr/bin", "/./usr/bin/../bin/run": "/usr/bin/run",
		"/gone": "", "/loop/x": "", "/b/gone": "", "/": "",
	} {
		f, _ := w.resolve(path)
		got := ""
		if f != nil {
			got = string(f.Path)
		}
		if got != want {
			t.Errorf("%s leads to %q, want %q", path, got, want)
		}
	}
}

func TestPackagesAreFoundByNameAndPURL(t *testing.T) {
	deb, npm, golang := "pkg:deb/debian/curl@7.88.1-10%2Bdeb12u5?arch=amd64", "pkg:npm/%40angular/core@1.2", "pkg:golang/github.com/a/b@v1.0.0"
	for _, c := range []struct {
		purl, asked string
		want        bool
	}{
		{deb, "curl", true}, {deb, "curl@7.88.1-10+deb12u5", true}, {deb, "debian/curl", true}, {deb, deb, true},
		{deb, "pkg:deb/debian/curl", true}, {deb, "pkg:deb/debian/curl@7.88.1-10%2Bdeb12u5", true},
		{deb, "cur", false}, {deb, "curl@1", false}, {deb, "deb/debian/curl", false}, {deb, "", false},
		{npm, "@angular/core", true}, {npm, "core", true}, {npm, "@angular/core@1.2", true}, {npm, "@angular", false},
		{golang, "github.com/a/b", true}, {golang, "b", true}, {golang, "github.com/a/b@v1.0.0", true},
	} {
		if got := isPackage(c.purl, c.asked); got != c.want {
			t.Errorf("isPackage(%q, %q) = %t", c.purl, c.asked, got)
		}
	}
}

// TestAllPackagesThatMatchAreListed: one name can be of several architectures or kinds.
func TestAllPackagesThatMatchAreListed(t *testing.T) {
	w := aWhy()
	w.contents.Packages = []string{"pkg:deb/debian/zlib1g@1?arch=amd64", "pkg:deb/debian/zlib1g@1?arch=i386", "pkg:npm/other@1"}
	found, _, err := w.packages("zlib1g")
	if err != nil || len(found) != 2 || found[0].PURL != w.contents.Packages[0] || found[1].PURL != w.contents.Packages[1] {
		t.Fatalf("%+v, %v", found, err)
	}
	var out strings.Builder
	if err := (&cli{stdout: &out}).printWhy(whyOutput{Packages: found}); err != nil || !strings.HasPrefix(out.String(), "2 packages match\npkg:deb/") {
		t.Errorf("%v:\n%s", err, out.String())
	}
	if found, _, err := w.packages("pkg:deb/debian/zlib1g@1?arch=i386"); err != nil || len(found) != 1 {
		t.Errorf("%+v, %v", found, err)
	}
}

// TestPackagesAreFoundByTheNameInTheDocument: a purl of pypi is in lower case, and a table of
// the packages shows the name as it is written.
func TestPackagesAreFoundByTheNameInTheDocument(t *testing.T) {
	w := aWhy()
	w.known = map[string]*whyPackage{"pkg:pypi/foo@1.0": {PURL: "pkg:pypi/foo@1.0", Name: "Foo", Version: "1.0"}, "pkg:golang/m": {PURL: "pkg:golang/m", Name: "m"}}
	for asked, want := range map[string]int{"Foo": 1, "foo": 1, "Foo@1.0": 1, "Foo@2": 0, "FOO": 0, "m@": 0} {
		if found, _, _ := w.packages(asked); len(found) != want {
			t.Errorf("%q finds %d, want %d", asked, len(found), want)
		}
	}
}

// TestRemovedFilesAreFoundThroughLinks, and the root folder is not said to be missing.
func TestRemovedFilesAreFoundThroughLinks(t *testing.T) {
	w := aWhy()
	w.steps["step3"].Outputs.Removed = []step.Path{"/usr/bin/old/x"}
	for asked, want := range map[string]bool{"/usr/bin/old/x": true, "/b/old/x": true, "/out/bin/old/x": true, "/old/x": false, "/loop/old/x": false} {
		_, gone, err := w.file(asked)
		var f *failure
		if !errors.As(err, &f) {
			t.Fatalf("%s: %v", asked, err)
		}
		if got := gone != nil && gone.RemovedBy.ID == "step3"; got != want {
			t.Errorf("%s: step is named: %t, want %t: %+v", asked, got, want, gone)
		}
	}
	for _, root := range []string{"/", "/usr/.."} {
		if _, _, err := w.file(root); err == nil || !strings.Contains(err.Error(), "root folder") {
			t.Errorf("%s: %v", root, err)
		}
	}
}

// TestLinksThatLeadNowhereSaySo: what is shown of such a path is the link itself.
func TestLinksThatLeadNowhereSaySo(t *testing.T) {
	w := aWhy()
	f, _, err := w.file("/loop")
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	if err := (&cli{stdout: &out}).printWhy(whyOutput{File: f}); err != nil || !strings.Contains(out.String(), "-> loop\n  leads to   nothing in the image\n") {
		t.Errorf("%v:\n%s", err, out.String())
	}
}

// TestABrokenDatabaseIsTold: of a package that is lost the step that lost it, of one that is
// not there and of a file without a package that a database may not tell of it.
func TestABrokenDatabaseIsTold(t *testing.T) {
	w := aWhy()
	const dash = "pkg:deb/debian/dash@1?arch=amd64"
	w.image = "step2"
	w.contents.Packages = []string{dash}
	w.contents.Databases = []provenance.Database{
		{Type: "rpm", Path: "/var/lib/rpm/Packages", Step: "source1", Reason: "it is no database of rpm"},
		{Type: "deb", Path: "/var/lib/dpkg/status", Step: "step2", Removed: true},
	}
	w.steps["step1"].Outputs.PackagesLost = []string{dash} // of another stage
	w.steps["step2"].Outputs.PackagesLost = []string{dash}
	w.steps["step2"].Lines = []step.Lines{{Start: 3, End: 3}}
	found, _, err := w.packages("dash")
	if err != nil || len(found) != 1 || found[0].UnlistedBy == nil || found[0].UnlistedBy.ID != "step2" {
		t.Fatalf("%+v, %v", found, err)
	}
	var out strings.Builder
	if err := (&cli{stdout: &out}).printWhy(whyOutput{Packages: found}); err != nil || !strings.Contains(out.String(), "  unlisted by step2  line 3  ") || strings.Contains(out.String(), "removed by") {
		t.Errorf("%v:\n%s", err, out.String())
	}
	_, _, err = w.packages("curl")
	var f *failure
	if !errors.As(err, &f) || f.message != `no package "curl" is known of the image` || !strings.Contains(strings.Join(f.hints, "\n"), "the package database /var/lib/dpkg/status is gone since step2 (line 3: ") ||
		!strings.Contains(strings.Join(f.hints, "\n"), "the package database /var/lib/rpm/Packages cannot be read, or not all of it, since source1: it is no database of rpm; ") {
		t.Errorf("%v", err)
	}
	file, _, err := w.file("/x")
	if err != nil {
		t.Fatal(err)
	}
	out.Reset()
	if err := (&cli{stdout: &out}).printWhy(whyOutput{File: file}); err != nil || !strings.Contains(out.String(), "that is known: the package database /var/lib/dpkg/status is gone since step2") {
		t.Errorf("%v:\n%s", err, out.String())
	}
	w.steps["step2"].Outputs.PackagesLost, w.steps["step2"].Outputs.PackagesFound = nil, []string{dash}
	if found, _, err := w.packages("dash"); err != nil || found[0].UnlistedBy != nil {
		t.Errorf("%+v, %v", found, err)
	}
}

// TestAnEntryAloneIsToldOfAFile that was made by a step and that a package of a database owns.
func TestAnEntryAloneIsToldOfAFile(t *testing.T) {
	w := aWhy()
	index := 0
	w.contents.Packages = []string{"pkg:deb/debian/curl@8.1"}
	w.files["/usr/bin/run"].Package = &index
	for purl, want := range map[string]string{"pkg:deb/debian/curl@8.1": "unsaid", "pkg:golang/m": ""} {
		w.contents.Packages[0] = purl
		f, _, err := w.file("/usr/bin/run")
		if err != nil || f.State != want {
			t.Fatalf("%s: %+v, %v", purl, f, err)
		}
		var out strings.Builder
		said := "which nothing but its entry in the database says"
		if err := (&cli{stdout: &out}).printWhy(whyOutput{File: f}); err != nil || strings.Contains(out.String(), said) != (want != "") {
			t.Errorf("%v:\n%s", err, out.String())
		}
	}
}

// TestManyPackagesOfOneName: each has its own file and the step that brought it.
func TestManyPackagesOfOneName(t *testing.T) { askForMany(t, 1000) }

// BenchmarkPackagesOfOneName: a statement that lists them is all that it takes, so ten times as
// many have to take ten times as long.
func BenchmarkPackagesOfOneName(b *testing.B) {
	for _, n := range []int{5_000, 50_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			for b.Loop() {
				askForMany(b, n)
			}
		})
	}
}

func askForMany(t testing.TB, n int) {
	t.Helper()
	w := aStage()
	purls := make([]string, n)
	for i := range purls {
		purls[i] = fmt.Sprintf("pkg:deb/debian/same@%06d", i)
	}
	w.contents.Packages, w.contents.Files = purls, nil
	for i := range n {
		w.contents.Files = append(w.contents.Files, provenance.File{Path: step.Path(fmt.Sprintf("/f%06d", i)), Type: provenance.TypeFile, Digest: sum("a"), Step: "step1", Package: &i})
	}
	w.steps["step1"].Outputs.PackagesAdded = purls
	got, _, err := w.packages("same")
	if err != nil || len(got) != n || len(got[7].Files) != 1 || got[7].Files[0] != "/f000007" || got[7].BroughtBy.ID != "step1" {
		t.Fatalf("%d packages, want %d, each with its file and step: %v", len(got), n, err)
	}
}
