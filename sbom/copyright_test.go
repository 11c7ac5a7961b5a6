package sbom_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sworn-build/sworn/sbom"
	"github.com/sworn-build/sworn/sbom/check"
	"github.com/sworn-build/sworn/sbom/licence"
	"github.com/sworn-build/sworn/sbom/treetest"
)

const (
	dep5 = "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n\nFiles: *\nCopyright: x\nLicense: "
	own  = "own\n Do as I say.\n"
)

// dpkg is dpkg's database of packages without files.
func dpkg(names ...string) string {
	s := "file 0644 /var/lib/dpkg/status "
	for _, n := range names {
		s += "Package: " + n + "\nStatus: install ok installed\nVersion: 1\nArchitecture: amd64\n\n"
	}
	return s
}

func copyrightFile(name, text string) string {
	return "file 0644 /usr/share/doc/" + name + "/copyright " + text
}

// licensed describes after as a step over before, and what is known then.
func licensed(t testing.TB, before, after *sbom.Tree, was sbom.Inventory) sbom.Inventory {
	t.Helper()
	c, err := sbom.Compare(before, after)
	if err != nil {
		t.Fatal(err)
	}
	now, err := sbom.Load(after)
	if err != nil {
		t.Fatal(err)
	}
	if err := now.ReadLicences(licence.NewReader(), after, was, c.Delta); err != nil {
		t.Fatal(err)
	}
	return now
}

// declared are the packages with what is known of their licences.
func declared(inv sbom.Inventory) map[string]string {
	out := map[string]string{}
	for _, p := range inv.Packages {
		s := p.Declared
		if p.Concluded != "" {
			s += "; " + p.Concluded
		}
		for _, l := range inv.Licences {
			s = strings.ReplaceAll(s, l.ID, "["+l.Name+": "+l.Text+"]")
		}
		out[p.Name] = s
	}
	return out
}

func TestCopyrightFilesOfDebianAreRead(t *testing.T) {
	dir := t.TempDir()
	treetest.Make(t, dir, dpkg("absolute", "cycle", "escape", "fifo", "folder", "known", "linked", "none", "odd", "relative"),
		copyrightFile("known", dep5+"GPL-2+ and "+own),
		copyrightFile("odd", dep5+own),
		"dir 0755 /usr/share/doc/absolute", "link /usr/share/doc/absolute/copyright /usr/share/doc/odd/copyright",
		"link /usr/share/doc/cycle cycle",
		"link /usr/share/doc/escape ../../../../../../etc", "file 0644 /etc/copyright "+dep5+"MIT\n",
		"dir 0755 /usr/share/doc/fifo", "fifo 0644 /usr/share/doc/fifo/copyright",
		"dir 0755 /usr/share/doc/folder/copyright",
		"link /usr/share/doc/linked known",
		"dir 0755 /usr/share/doc/relative", "link /usr/share/doc/relative/copyright ../odd/copyright",
	)
	got := licensed(t, nil, open(t, dir), sbom.Inventory{})
	const odd = "[own: Do as I say.]; [own: Do as I say.]"
	const known = "GPL-2.0-or-later AND [own: own]"
	want := map[string]string{
		"absolute": odd, "cycle": "", "escape": "MIT", "fifo": "", "folder": "", "known": known, "linked": known, "none": "", "odd": odd, "relative": odd,
	}
	if diff := cmp.Diff(want, declared(got)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if len(got.Licences) != 2 {
		t.Errorf("%d texts, want each once", len(got.Licences))
	}
}

// What a base said stays known, and only what a step wrote is read again.
func TestLicencesAreReadOnceAndInherited(t *testing.T) {
	base, next := t.TempDir(), t.TempDir()
	treetest.Make(t, base, dpkg("changed", "gone", "kept", "moved", "stripped"),
		copyrightFile("changed", dep5+"MIT\n"), copyrightFile("gone", dep5+"ISC\n"), copyrightFile("kept", dep5+own),
		copyrightFile("moved", dep5+"Zlib\n"), copyrightFile("stripped", dep5+"curl\n"))
	treetest.Make(t, next, dpkg("added", "changed", "kept", "moved", "stripped"),
		copyrightFile("added", dep5+"X11\n"), copyrightFile("changed", dep5+"Apache-2.0\n"), copyrightFile("kept", dep5+own),
		"link /usr/share/doc/moved added")
	treetest.Share(t, base, next)
	before, after := open(t, base), open(t, next)
	was := licensed(t, nil, before, sbom.Inventory{})
	now := licensed(t, before, after, was)
	alone := map[string]string{"added": "X11", "changed": "Apache-2.0", "kept": "", "moved": "X11", "stripped": ""}
	if diff := cmp.Diff(alone, declared(now)); diff != "" {
		t.Errorf("read in the step (-want +got):\n%s", diff)
	}
	want := map[string]string{"added": "X11", "changed": "Apache-2.0", "kept": "[own: Do as I say.]; [own: Do as I say.]", "moved": "X11", "stripped": "curl"}
	all := now.Inherit(&was)
	if diff := cmp.Diff(want, declared(*all)); diff != "" {
		t.Errorf("known after it (-want +got):\n%s", diff)
	}
	if len(all.Licences) != 1 || len(now.Licences) != 0 {
		t.Errorf("%d texts, and %d of the step alone", len(all.Licences), len(now.Licences))
	}
}

func TestHugeCopyrightFilesAreNotRead(t *testing.T) {
	dir := t.TempDir()
	treetest.Make(t, dir, dpkg("huge", "small"), copyrightFile("huge", dep5+"MIT\n"), copyrightFile("small", dep5+"MIT\n"))
	if err := os.Truncate(filepath.Join(dir, "usr/share/doc/huge/copyright"), 1<<30); err != nil {
		t.Fatal(err)
	}
	inv, err := sbom.Load(open(t, dir))
	if err != nil {
		t.Fatal(err)
	}
	if err := inv.ReadLicences(licence.NewReader(), open(t, dir), sbom.Inventory{}, sbom.Delta{}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]string{"huge": "", "small": "MIT"}, declared(inv)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"copyright files that are too long, of 1 package"}, inv.Unread); diff != "" {
		t.Errorf("unread (-want +got):\n%s", diff)
	}
}

func TestApkDeclaresItsLicences(t *testing.T) {
	dir := t.TempDir()
	treetest.Make(t, dir, "file 0644 /lib/apk/db/installed "+sample(t, "apk-installed"))
	want := map[string]string{"busybox": "GPL-2.0-only AND [custom: custom]", "libcrypto3": "Apache-2.0", "musl": "MIT"}
	if diff := cmp.Diff(want, declared(licensed(t, nil, open(t, dir), sbom.Inventory{}))); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestLanguagesPackagesDeclareAndHaveTexts(t *testing.T) {
	isc, err := os.ReadFile("licence/testdata/isc")
	if err != nil {
		t.Fatal(err)
	}
	const site = "/usr/lib/python3/site-packages/"
	wheel := func(name, fields string) string {
		return "file 0644 " + site + name + "-1.dist-info/METADATA Metadata-Version: 2.4\nName: " + name + "\nVersion: 1\n" + fields + "\n"
	}
	node := func(name, fields string) string {
		return `file 0644 /app/node_modules/` + name + `/package.json {"name":"` + name + `","version":"1"` + fields + `}`
	}
	dir := t.TempDir()
	treetest.Make(t, dir,
		wheel("expression", "License-Expression: MIT OR ISC\nLicense-File: LICENSE\n"),
		"file 0644 "+site+"expression-1.dist-info/licenses/LICENSE "+string(isc),
		wheel("classified", "License: BSD or something\nClassifier: Topic :: X\nClassifier: License :: OSI Approved :: MIT License\n"),
		wheel("free", "License: Ask me\n"),
		wheel("unknown", "License: UNKNOWN\n"),
		node("spdx", `,"license":"(MIT OR Apache-2.0)"`),
		"file 0644 /app/node_modules/spdx/license.md "+string(isc),
		node("object", `,"license":{"type":"MIT","url":"x"}`),
		node("array", `,"licenses":[{"type":"MIT"},{"type":"GPL-2.0"}]`),
		node("see", `,"license":"SEE LICENSE IN terms.txt"`), "file 0644 /app/node_modules/see/terms.txt Do as I say.",
		node("out", `,"license":"SEE LICENSE IN ../see/terms.txt"`),
		node("closed", `,"license":"UNLICENSED"`), node("none", ""), node("wrong", `,"license":[[[]]]`),
		"dir 0755 /app/node_modules/none", "link /app/node_modules/none/LICENSE /usr/lib/LICENSE",
	)
	tree := open(t, dir)
	c, err := sbom.Compare(nil, tree)
	if err != nil {
		t.Fatal(err)
	}
	if err := sbom.DeclareLicences(licence.NewReader(), tree, c.Manifests); err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, m := range c.Manifests {
		for name, text := range declared(sbom.Inventory{Packages: m.Packages, Licences: m.Licences}) {
			got[name] = text
		}
	}
	want := map[string]string{
		"expression": "MIT OR ISC; ISC", "classified": "MIT", "free": "[Ask me: Ask me]", "unknown": "",
		"spdx": "MIT OR Apache-2.0; ISC", "object": "MIT", "array": "MIT OR GPL-2.0-only",
		"see": "[terms.txt: Do as I say.]", "out": "[../see/terms.txt: SEE LICENSE IN ../see/terms.txt]",
		"closed": "[UNLICENSED: UNLICENSED]", "none": "", "wrong": "",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// BenchmarkReadLicences reads copyright files of this machine as those of a base, and of a
// step that adds ten packages to it.
func BenchmarkReadLicences(b *testing.B) {
	files, err := filepath.Glob("/usr/share/doc/*/copyright")
	if err != nil || len(files) < 100 {
		b.Skipf("skipped: %d copyright files of Debian on this machine", len(files))
	}
	for _, n := range []int{88, 500} {
		dir := b.TempDir()
		var names []string
		lines := []string{}
		for i, f := range files {
			text, err := os.ReadFile(f)
			if err != nil || len(names) == n {
				continue
			}
			name := fmt.Sprintf("p%04d", i)
			names = append(names, name)
			lines = append(lines, copyrightFile(name, string(text)))
		}
		treetest.Make(b, dir, append(lines, dpkg(names...))...)
		tree := open(b, dir)
		inv, err := sbom.Load(tree)
		if err != nil {
			b.Fatal(err)
		}
		for _, added := range []int{len(names), 10} {
			was := sbom.Inventory{Packages: inv.Packages[added:]}
			b.Run(fmt.Sprintf("packages=%d/added=%d", len(names), added), func(b *testing.B) {
				for b.Loop() {
					now := inv
					if err := now.ReadLicences(licence.NewReader(), tree, was, sbom.Delta{}); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

// TestDocumentsOfThisMachineAreValid puts the licences of a real Debian into both documents.
func TestDocumentsOfThisMachineAreValid(t *testing.T) {
	if testing.Short() {
		t.Skip("skipped: hundreds of licence files")
	}
	tree := open(t, "/")
	inv, err := sbom.Load(tree)
	if err != nil {
		t.Fatal(err)
	}
	if len(inv.Packages) < 50 {
		t.Skipf("skipped: %d packages in databases of this machine", len(inv.Packages))
	}
	if err := inv.ReadLicences(licence.NewReader(), tree, sbom.Inventory{}, sbom.Delta{}); err != nil {
		t.Fatal(err)
	}
	img := sbom.Image{Name: "machine", Platform: "linux/amd64", Tool: "sworn-test", Installed: inv.Join(nil)}
	for name, encode := range map[string]func(sbom.Image) (sbom.Documents, error){"2.3": sbom.EncodeDocuments, "3.0.1": sbom.EncodeDocuments3} {
		docs, err := encode(img)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range check.Document(docs.Main).Findings {
			if strings.Contains(f.Rule, "licence") || strings.Contains(f.Rule, "extracted") {
				t.Errorf("SPDX %s: %s, %d times: %v", name, f.Rule, f.Count, f.Where[0])
			}
		}
		t.Logf("SPDX %s: %d packages, %d licences of their own, %d bytes", name, len(inv.Packages), len(inv.Licences), len(docs.Main))
	}
}
