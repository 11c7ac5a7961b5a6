package main

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sworn-build/sworn/step"
)

// mounted is a file that a step read in a mount of the context, or of nothing that is known.
func mounted(path string) step.Input {
	i := read("/m/"+path, path)
	i.Mount = "/m"
	return i
}

// TestAnEntryAloneMakesNoFileAPackages: what a step did has to speak for a package that it
// added, too. curl's entry, list and files are the same in all cases.
func TestAnEntryAloneMakesNoFileAPackages(t *testing.T) {
	const open = "unexplained step1 (" + offRecord + ")"
	incomplete := installing()
	incomplete.Observation = step.Observation{Mode: step.ObserveInotify, Reasons: []string{"too many watches"}}
	more := append(curl(), dpkgStatus+withCurl("0.5.12-2")+"\nPackage: wget\nVersion: 1\nArchitecture: amd64\n")
	for _, c := range []struct {
		name   string
		record *step.Record
		edits  []string
		origin string // of /usr/bin/curl
		// from is the archive, "nothing" of a package for which nothing but its entry speaks,
		// and empty of one that a package manager may have brought.
		from string
	}{
		{"by hand", observed(""), curl(), open, "nothing"},
		{"by a package manager", installing(), curl(), "package step1", ""},
		{"by another's package manager", observed("", mounted("apk")), curl(), open, "nothing"},
		{"nobody saw all", incomplete, curl(), "package step1", ""},
		{"by hand, with a recorded network", observed(step.NetworkRecord), curl(), "step step1", "nothing"},
		{"from nowhere, with a recorded network", observed(step.NetworkRecord, mounted("dpkg")), curl(), "step step1", "nothing"},
		{"by hand, without a network", observed(step.NetworkNone, mounted("dpkg")), curl(), "step step1", "nothing"},
		{"downloaded", fetched(observed(step.NetworkRecord), "http://m.test/curl_8.1_amd64.deb"), curl(), "package step1", ""},
		{"downloaded under another name", fetched(observed(step.NetworkRecord), "http://m.test/latest.deb"), curl(), "package step1", "http://m.test/latest.deb"},
		{"another was downloaded", fetched(observed(step.NetworkRecord), "http://m.test/latest.rpm"), curl(), "step step1", "nothing"},
		{"an archive of the context", observed(step.NetworkNone, mounted("curl_8.1_amd64.deb")), curl(), "package step1", "/m/curl_8.1_amd64.deb"},
		{"an archive of the context, with a percent sign", observed(step.NetworkNone, mounted("a%2/curl_8.1_amd64.deb")), curl(), "package step1", "/m/a%2/curl_8.1_amd64.deb"},
		{"an archive of any name", observed(step.NetworkNone, mounted("x.deb")), curl(), "package step1", "/m/x.deb"},
		{"an archive of any name, over an open network", observed("", mounted("x.deb")), curl(), "package step1", "/m/x.deb"},
		{"an archive for two", observed(step.NetworkNone, mounted("x.deb")), more, "step step1", "nothing"},
		{"two archives for two", observed(step.NetworkNone, mounted("x.deb"), mounted("y.deb")), more, "package step1", "/m/x.deb or /m/y.deb"},
		{"another's archive", observed(step.NetworkNone, mounted("wget_1_amd64.deb")), more, "step step1", "nothing"},
		{"the other's download", fetched(observed(step.NetworkRecord), "http://m.test/wget_1_amd64.deb"), more, "step step1", "nothing"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := play(t, step.Rules{})
			b.run(b.image(true, base()...), c.record, c.edits...)
			b.plan.Steps[0].Exec.Mounts = []step.Mount{{Type: step.MountBind, Target: "/m"}}
			b.wantOrigins(map[string]string{"/usr/bin/curl": c.origin, "/usr/bin/dash": "package source1"})
			in := b.accounted()
			from := ""
			for _, p := range in.Packages {
				if p.Name != "curl" && p.Name != "wget" && (in.Unsaid[p.PURL] || in.Archives[p.PURL] != "") {
					t.Errorf("of %s of the base is said: %t, %q", p.Name, in.Unsaid[p.PURL], in.Archives[p.PURL])
				}
				if p.Name != "curl" {
					continue
				}
				if from = in.Archives[p.PURL]; in.Unsaid[p.PURL] {
					from += "nothing"
				}
			}
			if from != c.from {
				t.Errorf("curl is from %q, want %q", from, c.from)
			}
		})
	}
}

// TestAHandwrittenEntryIsToldInDocuments, and what a step kept of its package manager is not
// explained by it.
func TestAHandwrittenEntryIsToldInDocuments(t *testing.T) {
	b := play(t, only(step.RuleUnexplainedFile))
	b.run(b.image(true, base()...), observed(""), curl()...)
	b.wantOrigins(map[string]string{"/var/lib/dpkg/status": "unexplained step1 (" + offRecord + ")"})
	out, err := statements(b.plan, func(p step.Place) ([]byte, error) { return b.evidence[p], nil })
	if err != nil {
		t.Fatal(err)
	}
	told := 0
	for _, o := range out {
		told += strings.Count(string(o.data), "nothing but its entry in the package database says where it came from")
	}
	if told != 2 {
		t.Errorf("%d documents say it", told)
	}
	found := b.findings()
	if len(found) != 1 || found[0].Count != len(curl()) {
		t.Errorf("found %q", summary(found))
	}
}

// TestAHandwrittenEntryThatIsCopiedIsNoPackage: of another stage, with its database or out of
// a folder.
func TestAHandwrittenEntryThatIsCopiedIsNoPackage(t *testing.T) {
	for name, c := range map[string]struct {
		record *step.Record
		want   string
	}{
		"by hand": {observed(step.NetworkNone), "stage step1 of step"}, "installed": {installing(), "package step1"},
	} {
		b := play(t, step.Rules{})
		one := b.run(b.image(true, base()...), c.record, curl()...)
		b.file("COPY --from=0", "", "copy "+one+":/ /", b.states[one]...)
		b.wantOrigins(map[string]string{"/usr/bin/curl": c.want})
		if t.Failed() {
			t.Fatal(name)
		}
	}
	b := play(t, step.Rules{})
	var inside, whole []string
	for _, e := range append(b.image1(), curl()...) {
		whole = append(whole, e)
		kind, rest, _ := strings.Cut(e, " /")
		if strings.HasPrefix(kind, "file") {
			inside = append(inside, kind+" /rootfs/"+rest)
		}
	}
	one := b.none(b.image(true, base()...), nil, inside...)
	b.file("COPY --from=0", "", "copy "+one+":/rootfs /", whole...)
	b.wantOrigins(map[string]string{"/usr/bin/curl": "stage step1 of step at /rootfs/usr/bin/curl"})
	in := b.accounted()
	if got := slices.Collect(maps.Keys(in.Unsaid)); len(got) != 1 || !strings.HasPrefix(got[0], "pkg:deb/debian/curl@") { // the others are the base's
		t.Errorf("%q are said to have nothing but entries", got)
	}
	if diff := cmp.Diff(map[string]string{}, in.Archives); diff != "" {
		t.Error(diff)
	}
}
