package main

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sworn-build/sworn/step"
)

// apkDatabase is apk's database with packages: "NAME VERSION LICENCE...".
func apkDatabase(packages ...string) string {
	db := "file 0644 /lib/apk/db/installed "
	for _, p := range packages {
		var name, version string
		fmt.Sscan(p, &name, &version)
		db += fmt.Sprintf("P:%s\nV:%s\nA:x86_64\nL:%s\nF:usr/bin\nR:%s\n\n", name, version, p[min(len(name)+len(version)+2, len(p)):], name)
	}
	return db
}

func alpine(packages ...string) []string {
	return []string{"file 0644 /etc/os-release ID=alpine\nVERSION_ID=3.20.3\n", apkDatabase(packages...)}
}

func TestListedLicencesOfWhatStepsAddedAreFound(t *testing.T) {
	b := play(t, step.Rules{On: []string{step.RuleListedLicence}, Licences: []string{"AGPL-*", "gpl-*"}})
	base := b.image(true, alpine("bash 5 GPL-3.0-or-later")...)
	one := b.run(base, observed(step.NetworkNone), apkDatabase("bash 5 GPL-3.0-or-later", "both 1 GPL-2.0-only AND MIT", "either 1 GPL-2.0-only OR MIT", "gone 1 GPL-2.0-only", "odd 1", "x 1 MIT"))
	b.run(one, observed(step.NetworkNone), apkDatabase("bash 6 GPL-3.0-or-later", "both 1 GPL-2.0-only AND MIT", "either 1 GPL-2.0-only OR MIT", "odd 1", "odder 2", "x 1 MIT"))
	want := []string{
		"ListedLicence step1 1; both (GPL-2.0-only AND MIT)",
		"ListedLicence step1 1 unjudged; odd (licence not known)",
		"ListedLicence step2 1; bash (GPL-3.0-or-later)",
		"ListedLicence step2 1 unjudged; odder (licence not known)",
	}
	if diff := cmp.Diff(want, summary(b.findings())); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	b.plan.Rules.Licences = []string{"AGPL-*", step.NoLicence}
	want = []string{"ListedLicence step1 1; odd (licence not known)", "ListedLicence step2 1; odder (licence not known)"}
	if diff := cmp.Diff(want, summary(b.findings())); diff != "" {
		t.Errorf("with unknown ones listed (-want +got):\n%s", diff)
	}
}

// Debian's packages have their licences in copyright files: what is declared counts, and
// what texts are concluded to be where nothing is.
func TestListedLicencesOfDebianAreThoseOfCopyrightFiles(t *testing.T) {
	database := func(names ...string) string {
		db := "file 0644 /var/lib/dpkg/status "
		for _, n := range names {
			db += "Package: " + n + "\nStatus: install ok installed\nVersion: 1\nArchitecture: amd64\n\n"
		}
		return db
	}
	text := func(name, text string) string { return "file 0644 /usr/share/doc/" + name + "/copyright " + text }
	const dep5 = "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n\nFiles: *\nLicense: "
	base := text("base", dep5+"GPL-2\n")
	b := play(t, step.Rules{On: []string{step.RuleListedLicence}, Licences: []string{"GPL-*"}})
	was := b.image(true, database("base"), base)
	one := b.run(was, observed(step.NetworkNone), database("base", "both", "concluded", "either", "none"), base,
		text("both", dep5+"GPL-2+ and Expat\n"), text("either", dep5+"GPL-2+ or Expat\n"),
		text("concluded", "It is under version 3 of the GPL: /usr/share/common-licenses/GPL-3\n"))
	b.run(one, observed(step.NetworkNone), database("base", "both", "concluded", "either", "later", "none"), text("later", "SPDX-License-Identifier: GPL-2.0-only\n"))
	want := []string{
		"ListedLicence step1 2; both (GPL-2.0-or-later AND MIT); concluded (GPL-3.0-only)",
		"ListedLicence step1 1 unjudged; none (licence not known)",
		"ListedLicence step2 1; later (GPL-2.0-only)",
	}
	if diff := cmp.Diff(want, summary(b.findings())); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestPackagesFromUndeclaredSourcesAreFound(t *testing.T) {
	const good, bad = "http://mirror.test/x86_64/good-1.apk", "https://evil.test/x86_64/bad-1.apk"
	b := play(t, step.Rules{On: []string{step.RuleUndeclaredPackageSource}, Sources: []string{"mirror.test"}})
	base := b.image(true, alpine("old 1")...)
	one := b.run(base, fetched(observed(step.NetworkRecord), bad, good), apkDatabase("bad 1", "good 1", "local 1", "old 1"))
	two := b.run(one, observed(""), apkDatabase("bad 1", "good 1", "local 1", "old 1", "other 1"))
	b.run(two, observed(step.NetworkNone), apkDatabase("bad 1", "good 1", "local 1", "old 1", "offline 1", "other 1"))
	want := []string{
		"UndeclaredPackageSource step1 2; bad (from https://evil.test/x86_64/bad-1.apk); local (unknown source: no recorded download has its name, version and architecture)",
		"UndeclaredPackageSource step2 1; other (unknown source: the network of the step was not recorded)",
		"UndeclaredPackageSource step3 1; offline (unknown source: the network of the step was not recorded)",
	}
	if diff := cmp.Diff(want, summary(b.findings())); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	b.plan.Rules.Sources = []string{"http://mirror.test/x86_64/*", "https://evil.test/**"}
	b.plan.Rules.Accepted = map[string][]string{step.RuleUndeclaredPackageSource: {"l*", "o*"}}
	if got := b.findings(); len(got) > 0 {
		t.Errorf("all declared or accepted: %q", summary(got))
	}
}

// A package downloaded by one step and installed by the next, without network, is known.
func TestPackagesDownloadedBeforeAreKnown(t *testing.T) {
	b := play(t, step.Rules{On: []string{step.RuleUndeclaredPackageSource}, Sources: []string{"mirror.test"}})
	one := b.run(b.image(true, alpine()...), fetched(observed(step.NetworkRecord), "http://mirror.test/x86_64/good-1.apk"), "file 0644 /tmp/good-1.apk x")
	b.run(one, observed(step.NetworkNone), apkDatabase("good 1"))
	if got := b.findings(); len(got) > 0 {
		t.Errorf("%q", summary(got))
	}
}

// An image that is copied from a stage, database and all, has its packages from where
// the stage's steps had them.
func TestPackagesOfAStageAreFollowedThere(t *testing.T) {
	b := play(t, step.Rules{On: []string{step.RuleUndeclaredPackageSource}, Sources: []string{"mirror.test"}})
	base := b.image(false, alpine("old 1")...)
	stage := b.run(base, fetched(observed(step.NetworkRecord), "http://mirror.test/x86_64/good-1.apk", "http://evil.test/x86_64/bad-1.apk"), apkDatabase("bad 1", "good 1", "old 1"))
	b.copy("", stage, alpine("bad 1", "good 1", "old 1")...)
	want := []string{"UndeclaredPackageSource step2 1; bad (from http://evil.test/x86_64/bad-1.apk)"}
	if diff := cmp.Diff(want, summary(b.findings())); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	context := b.context(alpine("brought 1")...)
	b.copy("", context, alpine("brought 1")...)
	want = []string{"UndeclaredPackageSource step3 1; brought (unknown source: it came with local:context)"}
	if diff := cmp.Diff(want, summary(b.findings())); diff != "" {
		t.Errorf("from a context (-want +got):\n%s", diff)
	}
}
