package main

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sworn-build/sworn/provenance"
	"github.com/sworn-build/sworn/sbom/export"
	"github.com/sworn-build/sworn/step"
)

// TestWhatIsGoneIsTold: what it was, who removed it, where its bytes are now. What was
// removed in another stage is not removed from the image.
func TestWhatIsGoneIsTold(t *testing.T) {
	w := aWhy() // /opt/app and /out/app are in stages, /usr/bin/run has their bytes
	for i := range w.contents.Files {
		w.contents.Files[i].Size = 1
	}
	build := w.steps["step1"]
	build.Outputs.Added[0].Size, build.Outputs.Added[0].Package = 1, "pkg:golang/a"
	_, gone, err := w.file("/out/app")
	var f *failure
	if !errors.As(err, &f) || !strings.Contains(f.message, "another stage") {
		t.Fatalf("%v", err)
	}
	if gone == nil || gone.RemovedBy != nil || gone.WrittenBy.ID != "step1" || gone.Before.Package != "pkg:golang/a" || len(gone.Now) == 0 || gone.Now[0] != "/usr/bin/run" {
		t.Errorf("%+v", gone)
	}
	w.steps["step2"].Outputs.Removed = []step.Path{"/etc/x"}
	if _, gone, _ := w.file("/etc/x"); gone != nil {
		t.Errorf("removed in another stage alone: %+v", gone)
	}
	w.steps["step3"].Outputs.Removed = []step.Path{"/etc/x"}
	w.steps["step3"].Parent = "source1"
	_, gone, err = w.file("/b/../../etc/x")
	if err == nil || gone == nil || gone.RemovedBy.ID != "step3" || gone.Before != nil || gone.WrittenBy.ID != "source1" {
		t.Fatalf("%+v, %v", gone, err)
	}
	var out strings.Builder
	if err := (&cli{stdout: &out}).printWhy(whyOutput{Gone: gone}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"/etc/x\n", "is         not in the image\n", "removed by step3", "came with  source1"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, out.String())
		}
	}
	// A list that was left out of the statement leaves it open, and is said.
	w.omitted = 1
	if _, _, err := w.file("/never"); !errors.As(err, &f) || !strings.Contains(strings.Join(f.hints, "\n"), "1 step has no list of files in the statement") {
		t.Errorf("%v", err)
	}
}

// TestSuggestionsAreWhatWasMeant: typing errors in a folder or the name, letters of the other
// case, a folder too few or too many, the right name in another folder.
func TestSuggestionsAreWhatWasMeant(t *testing.T) {
	w := aWhy()
	w.contents.Files = nil
	for _, p := range []string{"/etc/nginx/conf.d/site.conf", "/etc/nginx/nginx.conf", "/etc/passwd", "/opt/app/bin/server", "/usr/share/doc/passwd/copyright", "/usr/share/doc/tini/copyright"} {
		w.contents.Files = append(w.contents.Files, provenance.File{Path: step.Path(p)})
	}
	for asked, want := range map[string]string{
		"/etc/ngnix/nginx.conf": "/etc/nginx/nginx.conf", "/etc/Nginx/Nginx.conf": "/etc/nginx/nginx.conf", "/etc/nginx.conf": "/etc/nginx/nginx.conf",
		"/etc/nginx/conf.d/sites.conf": "/etc/nginx/conf.d/site.conf", "/etc/paswd": "/etc/passwd", "/usr/local/bin/server": "/opt/app/bin/server",
		"/opt/bin/server": "/opt/app/bin/server", "/usr/share/doc/tinny/copyright": "/usr/share/doc/tini/copyright", "/no/such/thing": "",
	} {
		got := ""
		if near := w.nearPaths(asked); len(near) > 0 {
			got = near[0]
		}
		if got != want {
			t.Errorf("%s: %q, want %q", asked, got, want)
		}
	}
	all := []string{
		"pkg:apk/alpine/musl@1", "pkg:deb/debian/libssl3@3.0?arch=amd64", "pkg:deb/debian/openssl@3.0?arch=amd64",
		"pkg:golang/github.com/sigstore/sigstore@v1", "pkg:npm/%40angular/core@2", "pkg:pypi/foo-bar@1",
	}
	for asked, want := range map[string]string{
		"opensl": all[2], "OpenSSL@1.1": all[2], "ssl": all[1], "sigstor": all[3], "@angular/cor": all[4], "angular": all[4], "foo_bar": all[5],
		"pkg:deb/ubuntu/openssl@3": all[2], "debian": "", "zz": "",
	} {
		got := ""
		if near := nearPackages(asked, all); len(near) > 0 {
			got = near[0]
		}
		if got != want {
			t.Errorf("%s: %q, want %q", asked, got, want)
		}
	}
}

// TestNamesAreFoundAsTheyAreShown: raw bytes, as contents/v1 writes them, as a terminal is
// shown them.
func TestNamesAreFoundAsTheyAreShown(t *testing.T) {
	for _, name := range []string{"/a\nb", "/bad\xffname", "/tab\there", "/back\\slash", "/\u202egnp.exe", "/bell\x07", "/plain"} {
		w := &why{files: map[step.Path]*provenance.File{}, contents: provenance.Contents{Origins: []provenance.Origin{{}}}}
		f := &provenance.File{Path: step.Path(name), Type: provenance.TypeFile, Digest: sum("a")}
		w.files[f.Path] = f
		written, _ := f.Path.MarshalText()
		for _, asked := range []string{name, string(written), printable(name)} {
			if got, _, err := w.file(asked); err != nil || got.Path != f.Path {
				t.Errorf("%q is not found as %q: %v", name, asked, err)
			}
		}
	}
	for _, bad := range []string{`/\x`, `/\xzz`, `/\u12`} {
		if got, ok := unprintable(bad); ok {
			t.Errorf("%q is read as %q", bad, got)
		}
	}
}

// TestFoldersAreSummedUp, and not with what only begins like them.
func TestFoldersAreSummedUp(t *testing.T) {
	w := aWhy()
	one := 0
	w.contents.Packages = []string{"pkg:deb/debian/a@1"}
	w.contents.Origins[0].Class = provenance.OriginPackage
	w.contents.Files = []provenance.File{
		{Path: "/d", Type: provenance.TypeDir, Step: "step3", Origin: 1}, {Path: "/d-e", Type: provenance.TypeFile, Size: 100, Digest: sum("a"), Step: "step3", Origin: 1},
		{Path: "/d/f", Type: provenance.TypeFile, Size: 10, Digest: sum("a"), Step: "step3", Package: &one},
		{Path: "/d/g", Type: provenance.TypeDir, Step: "source1", Origin: 2}, {Path: "/d/g/h", Type: provenance.TypeFile, Size: 1, Digest: sum("b"), Step: "step3", Origin: 1},
	}
	want := &whyFolder{
		Entries: 3, Files: 2, Bytes: 11, Packages: 1, Owned: 1, ByOrigin: map[string]int{"package": 1, "base": 1, "context": 1},
		BySource: []sourceCount{{"step3", 2}, {"source1", 1}},
	}
	if diff := cmp.Diff(want, w.folder("/d")); diff != "" {
		t.Error(diff)
	}
	if got := w.folder("/d/f"); got.Entries != 0 {
		t.Errorf("%+v", got)
	}
}

// TestDeletedFilesOfPackagesAreTold: those that steps wrote and removed in full, those of a
// base as far as the document names them, with how many more there are.
func TestDeletedFilesOfPackagesAreTold(t *testing.T) {
	w := aStage()
	purl := "pkg:deb/debian/a@1"
	owned := entry("/src/m", "b")
	owned.Package = purl
	w.steps["step1"].Outputs.Added[1] = owned
	zero := 0
	w.contents.Packages = []string{purl}
	w.files["/etc/base"].Package = &zero
	w.contents.Origins[0].Class = provenance.OriginPackageChanged
	w.known[purl] = &whyPackage{PURL: purl, Comment: `brought by source1; missing, or not as the package came with them: /etc/base, /etc/old, /usr/lost\x0a and 12 more; written or removed by steps after the base: /etc/base, /etc/old`}
	got := w.pack(purl)
	if diff := cmp.Diff([]whyAffected{{"/etc/base", "step3"}}, got.Changed); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]whyAffected{{"/etc/old", "step2"}, {"/src/m", "step2"}, {"/usr/lost\n", ""}}, got.Missing); diff != "" {
		t.Error(diff)
	}
	if got.Unnamed != 12 { // /src/m comes before the last that is named
		t.Errorf("%d more", got.Unnamed)
	}
	var out strings.Builder
	if err := (&cli{stdout: &out}).printWhy(whyOutput{Packages: []whyPackage{got}}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"changed    1: /etc/base (by step3)", `deleted    3: /etc/old (by step2), /src/m (by step2), /usr/lost\n (by no step of this build)`, "12 more changed or deleted files that the document does not name"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, out.String())
		}
	}
	if strings.Contains(out.String(), "note") {
		t.Errorf("the note is told twice:\n%s", out.String())
	}
}

// TestPackagesOfOtherStagesAreFound with the steps that used them, and only their purls when
// the image has one of the name.
func TestPackagesOfOtherStagesAreFound(t *testing.T) {
	w := aWhy()
	w.steps["step1"].Outputs.PackagesAdded = []string{"pkg:deb/debian/gcc@12"}
	w.steps["step1"].Inputs.Packages = []provenance.PackageInput{{PURL: "pkg:deb/debian/make@4", Files: 1}}
	found, _, err := w.packages("make")
	if err != nil || len(found) != 1 || found[0].InImage || len(found[0].UsedBy) != 1 || found[0].UsedBy[0].ID != "step1" {
		t.Fatalf("%+v, %v", found, err)
	}
	if found, _, err = w.packages("gcc"); err != nil || len(found) != 1 || found[0].BroughtBy.ID != "step1" {
		t.Fatalf("%+v, %v", found, err)
	}
	w.contents.Packages = []string{"pkg:deb/debian/gcc@13"}
	found, others, err := w.packages("gcc")
	if err != nil || len(found) != 1 || !found[0].InImage || len(others) != 1 || others[0] != "pkg:deb/debian/gcc@12" {
		t.Errorf("%+v, %v, %v", found, others, err)
	}
}

// TestToolchainsNameTheStepsThatUsedThem: steps/v1 has their files alone, so the SPDX 3 document
// tells it.
func TestToolchainsNameTheStepsThatUsedThem(t *testing.T) {
	w := aWhy()
	purl := "pkg:generic/go@1.26.0"
	w.outside[purl] = &whyPackage{PURL: purl, Name: "go"}
	a := attested{statements: []predicate{{provenance.SPDX3Type, []byte(`{"@graph":[
		{"spdxId":"https://a.test/d#Package-go","software_packageUrl":"` + purl + `"},
		{"from":"https://a.test/d#Build-step1","relationshipType":"usesTool","to":["https://a.test/d#Package-libc","https://a.test/d#Package-go"]},
		{"from":"https://a.test/d#Build-step2","relationshipType":"hasInput","to":["https://a.test/d#Package-go"]},
		{"from":"https://a.test/d#Image","relationshipType":"hasInput","to":["https://a.test/d#Package-go"]}]}`)}}}
	if err := w.learnGraph(a); err != nil {
		t.Fatal(err)
	}
	found, _, err := w.packages("go")
	if err != nil || len(found) != 1 {
		t.Fatalf("%+v, %v", found, err)
	}
	var out strings.Builder
	if err := (&cli{stdout: &out}).printWhy(whyOutput{Packages: found}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"not in the image\n", "brought by not known: ", "read by    step1 ", "read by    step2 "} {
		if strings.Count(out.String(), want) != 1 {
			t.Errorf("not one %q in\n%s", want, out.String())
		}
	}
	if strings.Count(out.String(), "read by") != 2 {
		t.Errorf("other steps read it:\n%s", out.String())
	}
}

// TestUnexplainedFilesOfPackagesAreNotCalledChanged: what a step without a record of the network
// installed has no other bytes to be compared with. What another step wrote over is changed.
func TestUnexplainedFilesOfPackagesAreNotCalledChanged(t *testing.T) {
	w := aWhy()
	purl, zero := "pkg:npm/a@1", 0
	w.contents.Packages = []string{purl}
	w.files["/x"].Package = &zero
	w.contents.Origins[1] = provenance.Origin{Class: provenance.OriginUnexplained, From: "step3"}
	if got := w.pack(purl); len(got.Changed) != 1 || got.Unexplained != nil {
		t.Errorf("written over by a step that did not bring it: %+v", got)
	}
	w.steps["step3"].Outputs.PackagesAdded = []string{purl}
	got := w.pack(purl)
	if diff := cmp.Diff([]whyAffected{{"/x", "step3"}}, got.Unexplained); diff != "" || got.Changed != nil {
		t.Errorf("changed %v, unexplained (-want +got):\n%s", got.Changed, diff)
	}
	var out strings.Builder
	if err := (&cli{stdout: &out}).printWhy(whyOutput{Packages: []whyPackage{got}}); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out.String(), "unexplained 1, whose bytes may not be the package's: /x (by step3)\n") || strings.Contains(out.String(), "changed ") {
		t.Error(out.String())
	}
}

// TestLinkedPackagesNameTheirProgram, as the document relates them.
func TestLinkedPackagesNameTheirProgram(t *testing.T) {
	doc := func(purl, id string) string {
		return fmt.Sprintf(`{"SPDXID":"SPDXRef-%s","name":"%s","downloadLocation":"NOASSERTION","filesAnalyzed":false,"externalRefs":[{"referenceCategory":"PACKAGE-MANAGER","referenceType":"purl","referenceLocator":"%s"}]}`, id, id, purl)
	}
	read, err := export.Read([]byte(`{"spdxVersion":"SPDX-2.3","dataLicense":"CC0-1.0","SPDXID":"SPDXRef-DOCUMENT","name":"x","documentNamespace":"https://a.test/x","creationInfo":{"creators":["Tool: t"],"created":"2020-01-01T00:00:00Z"},
		"packages":[` + doc("pkg:golang/app", "app") + "," + doc("pkg:golang/m@v1", "m") + `],
		"relationships":[{"spdxElementId":"SPDXRef-DOCUMENT","relationshipType":"DESCRIBES","relatedSpdxElement":"SPDXRef-app"},{"spdxElementId":"SPDXRef-app","relationshipType":"CONTAINS","relatedSpdxElement":"SPDXRef-m"}]}`))
	if err != nil {
		t.Fatal(err)
	}
	w := aWhy()
	w.learn(read)
	found, _, err := w.packages("m")
	if err != nil || len(found) != 1 || !found[0].InImage || cmp.Diff([]string{"pkg:golang/app"}, found[0].LinkedInto) != "" {
		t.Errorf("%+v, %v", found, err)
	}
}
