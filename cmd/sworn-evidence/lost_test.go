package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sworn-build/sworn/provenance"
	"github.com/sworn-build/sworn/sbom"
	"github.com/sworn-build/sworn/sbom/treetest"
	"github.com/sworn-build/sworn/step"
)

const dpkgStatus = "file 0644 /var/lib/dpkg/status "

// without are the edits that take away what lies at or below a path.
func (b *played) without(state, path string) []string {
	var out []string
	for _, e := range b.states[state] {
		if p := treetest.PathOf(e); p == path || strings.HasPrefix(p, path+"/") {
			out = append(out, "rm "+p)
		}
	}
	return out
}

// image1 is the base without dpkg's status.
func (b *played) image1() []string {
	return slices.DeleteFunc(base(), func(e string) bool { return treetest.PathOf(e) == "/var/lib/dpkg/status" })
}

// told is what statements say of packages: of each step what it added, removed, lost and
// found; the databases that do not tell; and of the image's packages those that are lost.
func (b *played) told() []string {
	b.t.Helper()
	out, err := statements(b.plan, func(p step.Place) ([]byte, error) { return b.evidence[p], nil })
	if err != nil {
		b.t.Fatal(err)
	}
	s, err := provenance.DecodeSteps(out[0].data)
	if err != nil {
		b.t.Fatal(err)
	}
	var told []string
	for _, s := range s.Steps {
		for _, list := range []struct {
			what  string
			purls []string
		}{{"adds", s.Outputs.PackagesAdded}, {"removes", s.Outputs.PackagesRemoved}, {"loses", s.Outputs.PackagesLost}, {"finds", s.Outputs.PackagesFound}} {
			for _, p := range list.purls {
				name, _, _ := strings.Cut(strings.TrimPrefix(p, "pkg:deb/debian/"), "?")
				told = append(told, s.ID+" "+list.what+" "+strings.ReplaceAll(name, "%2B", "+"))
			}
		}
	}
	c, err := provenance.DecodeContents(out[1].data)
	if err != nil {
		b.t.Fatal(err)
	}
	for _, d := range c.Databases {
		told = append(told, strings.TrimSpace(fmt.Sprintf("%s %s removed=%t %s", d.Step, d.Path, d.Removed, d.Reason)))
	}
	in := b.accounted()
	for _, p := range in.Packages {
		line := "has " + p.Name + "@" + p.Version + " of " + in.By[p.PURL]
		if i := slices.IndexFunc(in.Lost, func(l sbom.Lost) bool { return l.Package.PURL == p.PURL }); i >= 0 {
			line += " " + in.Lost[i].Cause + " " + in.Lost[i].By
			if in.Lost[i].Rewritten {
				line += " rewritten"
			}
		}
		told = append(told, line)
	}
	return told
}

// TestNothingSaysThatPackagesOfABrokenDatabaseWereRemoved, whatever becomes of the database.
func TestNothingSaysThatPackagesOfABrokenDatabaseWereRemoved(t *testing.T) {
	const gone, unread = "step1 /var/lib/dpkg/status removed=true", "step1 /var/lib/dpkg/status removed=false read dpkg status: line 1 is no field"
	const files, dash, curl = "base-files@12.4+deb12u5", "dash@0.5.12-2", "curl@8.1"
	loses := func(step string) []string { return []string{step + " loses " + files, step + " loses " + dash} }
	has := func(cause string) []string {
		return []string{strings.TrimSpace("has " + files + " of source1 " + cause), strings.TrimSpace("has " + dash + " of source1 " + cause)}
	}
	onlyFiles, _, _ := strings.Cut(status(""), "\n\n")
	for _, c := range []struct {
		name string
		play func(b *played, base string)
		want []string
	}{
		{"garbage", func(b *played, base string) {
			one := b.none(base, nil, dpkgStatus+"garbage")
			b.none(one, nil, "file 0644 /later x", "file 0644 /etc/os-release ID=debian\nVERSION_ID=\"12\"\n#\n")
		}, slices.Concat(loses("step1"), []string{unread}, has("database-unread step1"))},
		{"one bad paragraph", func(b *played, base string) {
			b.none(base, nil, dpkgStatus+strings.Replace(status("0.5.12-2"), "Version: 0.5.12-2\n", "", 1))
		}, []string{
			"step1 loses " + dash, `step1 /var/lib/dpkg/status removed=false read dpkg status: stanza before line 12: package "dash" has no version`,
			"has " + files + " of source1", "has " + dash + " of source1 database-unread step1",
		}},
		{"the database is gone", func(b *played, base string) {
			one := b.none(base, nil, b.without(base, "/var/lib/dpkg")...)
			b.none(one, nil, "file 0700 /usr/bin/dash dash1")
		}, slices.Concat(loses("step1"), []string{gone}, has("database-removed step1"))},
		{"broken, and then gone", func(b *played, base string) {
			one := b.none(base, nil, dpkgStatus+"garbage")
			b.none(one, nil, b.without(one, "/var/lib/dpkg")...)
		}, slices.Concat(loses("step1"), []string{strings.Replace(gone, "step1", "step2", 1)}, has("database-unread step1"))},
		{"emptied", func(b *played, base string) { b.none(base, nil, dpkgStatus) },
			slices.Concat(loses("step1"), has("entry-removed step1"))},
		{"repaired", func(b *played, base string) {
			one := b.none(base, nil, dpkgStatus+"garbage")
			b.none(one, nil, dpkgStatus+status("0.5.12-2"))
		}, slices.Concat(loses("step1"), []string{"step2 finds " + files, "step2 finds " + dash}, has(""))},
		{"repaired with another version", func(b *played, base string) {
			one := b.none(base, nil, dpkgStatus+"garbage")
			b.none(one, nil, dpkgStatus+status("0.5.12-3"), "file 0755 /usr/bin/dash dash2")
		}, slices.Concat(loses("step1"), []string{
			"step2 adds dash@0.5.12-3", "step2 removes " + dash, "step2 finds " + files, "has " + files + " of source1", "has dash@0.5.12-3 of step2",
		})},
		{"made anew, with others in it", func(b *played, base string) {
			one := b.none(base, nil, b.without(base, "/var/lib/dpkg")...)
			b.none(one, nil, "file 0644 /var/lib/dpkg/status Package: curl\nVersion: 8.1\nArchitecture: amd64\n")
		}, slices.Concat(loses("step1"), []string{
			"step2 adds " + curl, "has " + files + " of source1 database-removed step1", "has " + curl + " of step2", "has " + dash + " of source1 database-removed step1",
		})},
		{"gone with the files of a package", func(b *played, base string) {
			b.none(base, nil, append(b.without(base, "/var/lib/dpkg"), "rm /usr/bin/dash", "rm /usr/bin/sh")...)
		}, []string{"step1 removes " + dash, "step1 loses " + files, gone, "has " + files + " of source1 database-removed step1"}},
		{"the files go later", func(b *played, base string) {
			one := b.none(base, nil, b.without(base, "/var/lib/dpkg")...)
			two := b.none(one, nil, "rm /usr/bin/sh")
			b.none(two, nil, "rm /usr/bin/dash")
		}, slices.Concat([]string{"step1 loses " + files, "step1 loses " + dash, "step3 removes " + dash, gone, "has " + files + " of source1 database-removed step1"})},
		{"gone after an upgrade", func(b *played, base string) {
			b.none(base, nil, append(b.without(base, "/var/lib/dpkg"), "file 0755 /usr/bin/dash dash2")...)
		}, slices.Concat(loses("step1"), []string{gone, "has " + files + " of source1 database-removed step1", "has " + dash + " of source1 database-removed step1 rewritten"})},
		{"an entry is hidden", func(b *played, base string) { b.none(base, nil, dpkgStatus+onlyFiles+"\n") },
			[]string{"step1 loses " + dash, "has " + files + " of source1", "has " + dash + " of source1 entry-removed step1"}},
		{"an entry is hidden, and its files have another mode", func(b *played, base string) {
			b.none(base, nil, dpkgStatus+onlyFiles+"\n", "file 0700 /usr/bin/dash dash1", "rm /usr/bin/sh")
		}, []string{"step1 loses " + dash, "has " + files + " of source1", "has " + dash + " of source1 entry-removed step1"}},
		{"a package is removed, and its file written anew", func(b *played, base string) {
			b.none(base, nil, dpkgStatus+onlyFiles+"\n", "file 0755 /usr/bin/dash dash2", "rm /usr/bin/sh")
		}, []string{"step1 removes " + dash, "has " + files + " of source1"}},
		{"a package is removed without its configuration", func(b *played, base string) {
			b.none(base, nil, dpkgStatus+strings.TrimPrefix(status("0.5.12-2"), onlyFiles+"\n\n"))
		}, []string{"step1 removes " + files, "has " + dash + " of source1"}},
		{"another package takes the files over", func(b *played, base string) {
			b.none(base, nil, dpkgStatus+onlyFiles+"\n\nPackage: shell\nVersion: 1\n", "file 0644 /var/lib/dpkg/info/shell.list /bin/dash\n/bin/sh\n")
		}, []string{"step1 adds shell@1", "step1 removes " + dash, "has " + files + " of source1", "has shell@1 of step1"}},
		{"a whole stage without its database", func(b *played, base string) {
			one := b.none(base, nil, append(b.without(base, "/var/lib/dpkg"), "rm /etc/unowned")...)
			two := b.file("COPY --from=0", "", "copy "+one+":/ /", b.states[one]...)
			b.none(two, nil, "file 0644 /later x")
		}, slices.Concat(loses("step1"), []string{"step2 adds " + files, "step2 adds " + dash}, loses("step2"), []string{gone}, has("database-removed step1"))},
		{"a package that is but documentation is hidden", func(b *played, base string) {
			one := b.none(base, nil, dpkgStatus+status("0.5.12-2")+"\nPackage: doc\nVersion: 1\n", "file 0644 /var/lib/dpkg/info/doc.list /usr/share/doc/doc/x\n", "file 0644 /usr/share/doc/doc/x x")
			b.none(one, nil, dpkgStatus+status("0.5.12-2"))
		}, slices.Concat([]string{"step1 adds doc@1", "step2 loses doc@1"}, has(""), []string{"has doc@1 of step1 entry-removed step2"})},
		{"lists are gone", func(b *played, base string) {
			one := b.none(base, nil, b.without(base, "/var/lib/dpkg/info")...)
			b.none(one, nil, "file 0644 /later x")
		}, []string{"step1 loses " + dash, "has " + files + " of source1", "has " + dash + " of source1 list-removed step1"}},
		{"lists are gone, and then entries", func(b *played, base string) {
			one := b.none(base, nil, b.without(base, "/var/lib/dpkg/info")...)
			b.none(one, nil, dpkgStatus+onlyFiles+"\n")
		}, []string{"step1 loses " + dash, "has " + files + " of source1", "has " + dash + " of source1 entry-removed step2"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := play(t, step.Rules{})
			c.play(b, b.image(true, base()...))
			if diff := cmp.Diff(c.want, b.told()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			contents := b.contents()
			for _, f := range contents.Files {
				if f.Path == "/usr/bin/dash" && f.Digest.Hex == hexSum("dash1") && contents.Origins[f.Origin].Class != provenance.OriginPackage && !strings.HasPrefix(c.name, "another") {
					t.Errorf("%s is %+v", f.Path, contents.Origins[f.Origin])
				}
			}
		})
	}
}

// TestADatabaseThatCameBrokenIsTold: its packages are missing, and a step that repairs it is
// said to bring them, for nobody saw them before.
func TestADatabaseThatCameBrokenIsTold(t *testing.T) {
	b := play(t, step.Rules{})
	broken := append(b.image1(), dpkgStatus+"garbage")
	one := b.none(b.image(true, broken...), nil, "file 0644 /x x")
	want := []string{"source1 /var/lib/dpkg/status removed=false read dpkg status: line 1 is no field"}
	if diff := cmp.Diff(want, b.told()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	b.none(one, nil, dpkgStatus+status("0.5.12-2"))
	want = []string{
		"step2 adds base-files@12.4+deb12u5", "step2 adds dash@0.5.12-2", "has base-files@12.4+deb12u5 of step2", "has dash@0.5.12-2 of step2",
	}
	if diff := cmp.Diff(want, b.told()); diff != "" {
		t.Errorf("repaired (-want +got):\n%s", diff)
	}
}

// TestAStageOfAnUndescribedImageLosesNoPackages: what a step took is known from its own two
// states.
func TestAStageOfAnUndescribedImageLosesNoPackages(t *testing.T) {
	b := play(t, step.Rules{})
	base := b.image(false, base()...)
	one := b.none(base, nil, b.without(base, "/var/lib/dpkg")...)
	b.file("COPY --from=0", "", "copy "+one+":/ /", b.states[one]...)
	const files, dash = "base-files@12.4+deb12u5", "dash@0.5.12-2"
	want := []string{
		"step1 loses " + files, "step1 loses " + dash, "step2 adds " + files, "step2 adds " + dash, "step2 loses " + files, "step2 loses " + dash,
		"step1 /var/lib/dpkg/status removed=true", "has " + files + " of source1 database-removed step1", "has " + dash + " of source1 database-removed step1",
	}
	if diff := cmp.Diff(want, b.told()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	b.wantOrigins(map[string]string{"/usr/bin/dash": "package source1"})
}

// TestDocumentsTellOfLostPackages: notes, comments and completeness, and no note that steps
// removed packages.
func TestDocumentsTellOfLostPackages(t *testing.T) {
	b := play(t, step.Rules{})
	base := b.image(true, base()...)
	b.none(base, nil, append(b.without(base, "/var/lib/dpkg"), "file 0755 /usr/bin/dash dash2")...)
	out, err := statements(b.plan, func(p step.Place) ([]byte, error) { return b.evidence[p], nil })
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range out {
		if o.name != step.SPDXFile && o.name != step.SPDX3File {
			continue
		}
		text := string(o.data)
		for _, want := range []string{
			"step1 removed the package database /var/lib/dpkg/status. 2 packages are listed as it had them before", "Of its 2 packages, steps removed 0,",
			"listed as the package database had it before step1 removed the database; its files are still there, and the step wrote some of them, so it may be another version",
		} {
			if !strings.Contains(text, want) {
				t.Errorf("%s does not say %q", o.name, want)
			}
		}
		if o.name == step.SPDX3File && !strings.Contains(text, `"completeness":"incomplete"`) {
			t.Errorf("%s says that its packages are all", o.name)
		}
	}
}

// TestPackagesOfAlpineAreLostAsWell: with the database, and by an entry.
func TestPackagesOfAlpineAreLostAsWell(t *testing.T) {
	const db, musl, tool = "/lib/apk/db/installed", "P:musl\nV:1\nF:lib\nR:ld.so\n", "P:tool\nV:2\nF:bin\nR:tool\nF:etc\nR:toolrc\n"
	for name, c := range map[string]struct {
		edits []string
		want  []string
	}{
		"gone":    {[]string{"rm " + db}, []string{"musl database-removed", "tool database-removed"}},
		"broken":  {[]string{"file 0644 " + db + " garbage"}, []string{"musl database-unread", "tool database-unread"}},
		"hidden":  {[]string{"file 0644 " + db + " " + musl}, []string{"tool entry-removed"}},
		"removed": {[]string{"file 0644 " + db + " " + musl, "rm /bin/tool"}, nil}, // apk leaves what is in /etc
	} {
		b := play(t, step.Rules{})
		base := b.image(true, "file 0644 "+db+" "+musl+"\n"+tool, "file 0755 /lib/ld.so l", "file 0755 /bin/tool t", "file 0644 /etc/toolrc rc")
		b.none(base, nil, c.edits...)
		var got []string
		for _, l := range b.accounted().Lost {
			got = append(got, l.Package.Name+" "+l.Cause)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}
