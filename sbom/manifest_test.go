package sbom_test

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/package-url/packageurl-go"

	"github.com/sworn-build/sworn/sbom"
	"github.com/sworn-build/sworn/sbom/treetest"
	"github.com/sworn-build/sworn/step"
)

// installedIn are the packages of a tree with its databases.
func installedIn(t *testing.T, dir string) (sbom.Installed, *sbom.Manifests, []sbom.Entry) {
	t.Helper()
	tree := open(t, dir)
	inv, err := sbom.Load(tree)
	if err != nil {
		t.Fatal(err)
	}
	c, err := sbom.Compare(nil, tree)
	if err != nil {
		t.Fatal(err)
	}
	var m *sbom.Manifests
	m = m.Apply(c.Delta, c.Manifests).OwnedBy(inv.Owners())
	return inv.Join(m), m, c.Added
}

func purlsOf(in sbom.Installed) []string {
	var out []string
	for _, p := range in.Packages {
		out = append(out, p.PURL)
	}
	return out
}

const site = "/usr/local/lib/python3.11/site-packages"

func language() []string {
	return []string{
		"file 0644 " + site + "/zope.interface-5.5.2.dist-info/METADATA Metadata-Version: 2.1\nName: zope.interface\nVersion: 5.5.2\nLicense-Expression: MIT\n\nName: not-this\n",
		"file 0644 " + site + "/zope.interface-5.5.2.dist-info/RECORD zope/interface/__init__.py,sha256=x,1\n../../../bin/zope,,\n../../../../../etc/passwd,,\n/etc/shadow,,\n/usr/local/share/zope.txt,,\n\"zope/a,b.py\",,\n",
		"file 0644 " + site + "/zope.interface-5.5.2.dist-info/WHEEL x",
		"file 0644 " + site + "/zope/interface/__init__.py x", "file 0644 \"" + site + "/zope/a,b.py\" x", "file 0755 /usr/local/bin/zope x",
		"file 0644 /usr/local/share/zope.txt x", "file 0644 /etc/passwd root", "file 0644 /etc/shadow x",
		"file 0644 /opt/src/Old_Thing.egg-info/PKG-INFO Name: Old_Thing\nVersion: 1.0.dev1+local\nLicense: UNKNOWN\n",
		"file 0644 /opt/src/Old_Thing.egg-info/installed-files.txt ../old.py\nPKG-INFO\n",
		"file 0644 /opt/src/Old_Thing.egg-info/top_level.txt x", "file 0644 /opt/src/old.py x",
		"file 0644 /opt/single-2.egg-info Name: single\nVersion: 2\n",
		`file 0644 /app/node_modules/a/package.json {"name":"a","version":"1.0.0","license":"MIT","homepage":"https://a.test/"}`,
		"file 0644 /app/node_modules/a/lib/a.js x",
		`file 0644 /app/node_modules/a/lib/package.json {"type":"module"}`,
		`file 0644 /app/node_modules/a/node_modules/b/package.json {"name":"b","version":"2.0.0+build"}`,
		"file 0644 /app/node_modules/a/node_modules/b/b.js x",
		`file 0644 /app/node_modules/@scope/c/package.json {"name":"@scope/c","version":"3.0.0"}`,
		"file 0644 /app/node_modules/@scope/c/c.js x",
		"file 0644 /app/node_modules/.package-lock.json {}",
		`file 0644 /app/package.json {"name":"app","version":"0.0.1"}`,
		"file 0755 /app/main " + string(treetest.GoProgram("go1.26.8 X:some", "path\tapp.test/x/cmd\nmod\tapp.test/x\t(devel)\t\ndep\tgithub.com/BurntSushi/toml\tv1.5.0\th1:x\ndep\ta.test/b\tv1.0.0\n=>\t./b\t\t\ndep\ta.test/c\tv1.0.0\n=>\tb.test/c\tv1.1.0+incompatible\th1:x\n")),
		"file 0755 /app/node_modules/a/bin " + string(treetest.GoProgram("go1.25", "path\tcommand-line-arguments\n")),
		// Whose main module has no version that can be one has no owner.
		"file 0755 /app/odd " + string(treetest.GoProgram("go1.26.8", "path\tz.test\nmod\tz.test\tv1 0\t\ndep\tz.test/dep\tv1.0.0\th1:x\n")),
		"file 0644 /app/data " + string(treetest.GoProgram("go1.24", "")),
	}
}

func TestPackagesOfLanguagesAreFoundWithTheirFiles(t *testing.T) {
	dir := t.TempDir()
	treetest.Make(t, dir, language()...)
	in, m, entries := installedIn(t, dir)
	want := []string{
		"pkg:golang/a.test/b", "pkg:golang/app.test/x", "pkg:golang/b.test/c@v1.1.0%2Bincompatible", "pkg:golang/github.com/burntsushi/toml@v1.5.0",
		"pkg:golang/stdlib@1.25", "pkg:golang/stdlib@1.26.8", "pkg:golang/z.test/dep@v1.0.0",
		"pkg:npm/%40scope/c@3.0.0", "pkg:npm/a@1.0.0", "pkg:npm/b@2.0.0%2Bbuild",
		"pkg:pypi/old-thing@1.0.dev1%2Blocal", "pkg:pypi/single@2", "pkg:pypi/zope-interface@5.5.2",
	}
	if d := cmp.Diff(want, purlsOf(in)); d != "" {
		t.Errorf("packages (-want +got):\n%s", d)
	}
	if d := cmp.Diff(want, m.PURLs()); d != "" {
		t.Errorf("PURLs (-want +got):\n%s", d)
	}
	if len(in.Unread) > 0 {
		t.Errorf("unread %q", in.Unread)
	}
	owned := map[step.Path]string{}
	for _, e := range entries {
		if purl, ok := m.Owner(e.Path, e.Type); ok && e.Type == sbom.TypeFile {
			purl, _, _ = strings.Cut(strings.TrimPrefix(purl, "pkg:"), "@")
			owned[e.Path] = purl
		}
	}
	c := "npm/%40scope/c"
	if d := cmp.Diff(map[step.Path]string{
		site + "/zope.interface-5.5.2.dist-info/METADATA": "pypi/zope-interface", site + "/zope.interface-5.5.2.dist-info/RECORD": "pypi/zope-interface",
		site + "/zope.interface-5.5.2.dist-info/WHEEL": "pypi/zope-interface", site + "/zope/interface/__init__.py": "pypi/zope-interface",
		site + "/zope/a,b.py": "pypi/zope-interface", "/usr/local/bin/zope": "pypi/zope-interface", "/usr/local/share/zope.txt": "pypi/zope-interface",
		"/opt/src/Old_Thing.egg-info/PKG-INFO": "pypi/old-thing", "/opt/src/Old_Thing.egg-info/installed-files.txt": "pypi/old-thing",
		"/opt/src/Old_Thing.egg-info/top_level.txt": "pypi/old-thing", "/opt/src/old.py": "pypi/old-thing", "/opt/single-2.egg-info": "pypi/single",
		"/app/node_modules/a/package.json": "npm/a", "/app/node_modules/a/lib/a.js": "npm/a", "/app/node_modules/a/lib/package.json": "npm/a",
		"/app/node_modules/a/node_modules/b/package.json": "npm/b", "/app/node_modules/a/node_modules/b/b.js": "npm/b", "/app/node_modules/a/bin": "npm/a",
		"/app/node_modules/@scope/c/package.json": c, "/app/node_modules/@scope/c/c.js": c,
		"/app/main": "golang/app.test/x",
	}, owned); d != "" {
		t.Errorf("owners (-want +got):\n%s", d)
	}
	if d := cmp.Diff(map[string][]string{
		"pkg:golang/a.test/b": {"pkg:golang/app.test/x"}, "pkg:golang/b.test/c@v1.1.0%2Bincompatible": {"pkg:golang/app.test/x"},
		"pkg:golang/github.com/burntsushi/toml@v1.5.0": {"pkg:golang/app.test/x"}, "pkg:golang/stdlib@1.26.8": {"pkg:golang/app.test/x"},
		"pkg:golang/stdlib@1.25": {"pkg:npm/a@1.0.0"},
	}, in.Within); d != "" {
		t.Errorf("modules in programs (-want +got):\n%s", d)
	}
	if d := cmp.Diff([]step.Path{"/app/main", "/app/odd"}, in.Manifests["pkg:golang/stdlib@1.26.8"]); d != "" {
		t.Errorf("manifests (-want +got):\n%s", d)
	}
}

func TestLanguagePURLsAreThoseOfThePURLLibrary(t *testing.T) {
	dir := t.TempDir()
	treetest.Make(t, dir, language()...)
	in, _, _ := installedIn(t, dir)
	for _, p := range in.Packages {
		parsed, err := packageurl.FromString(p.PURL)
		if err != nil {
			t.Errorf("%s: %v", p.PURL, err)
			continue
		}
		// The specification escapes a plus sign as well, the library leaves it.
		if got := strings.ReplaceAll(parsed.ToString(), "+", "%2B"); got != p.PURL {
			t.Errorf("got %s, the library writes %s", p.PURL, got)
		}
	}
}

// TestDistributionsOwnTheirPythonPackages: a Python package of a Debian package is that
// package; modules in its programs are in no other list.
func TestDistributionsOwnTheirPythonPackages(t *testing.T) {
	dir := t.TempDir()
	const meta = "/usr/lib/python3/dist-packages/six-1.16.0.egg-info/PKG-INFO"
	treetest.Make(t, dir,
		"file 0644 /var/lib/dpkg/status Package: python3-six\nStatus: install ok installed\nArchitecture: all\nVersion: 1.16.0-4\n",
		"file 0644 /var/lib/dpkg/info/python3-six.list "+meta+"\n/usr/bin/gosix\n",
		"file 0644 "+meta+" Name: six\nVersion: 1.16.0\n",
		"file 0755 /usr/bin/gosix "+string(treetest.GoProgram("go1.26", "path\tgosix.test\nmod\tgosix.test\tv1.0.0\t\n")),
	)
	in, m, _ := installedIn(t, dir)
	const deb = "pkg:deb/debian/python3-six@1.16.0-4?arch=all"
	if d := cmp.Diff([]string{deb, "pkg:golang/gosix.test@v1.0.0", "pkg:golang/stdlib@1.26"}, purlsOf(in)); d != "" {
		t.Errorf("packages (-want +got):\n%s", d)
	}
	if d := cmp.Diff(map[string][]string{"pkg:golang/gosix.test@v1.0.0": {deb}, "pkg:golang/stdlib@1.26": {deb}}, in.Within); d != "" {
		t.Errorf("modules in programs (-want +got):\n%s", d)
	}
	if purl, ok := m.Owner(meta, sbom.TypeFile); ok {
		t.Errorf("%s owns %s", purl, meta)
	}
	// Without the database nobody else is there to name it.
	if d := cmp.Diff([]string{"pkg:golang/gosix.test@v1.0.0", "pkg:golang/stdlib@1.26", "pkg:pypi/six@1.16.0"}, m.OwnedBy(sbom.Inventory{}.Owners()).PURLs()); d != "" {
		t.Errorf("without a database (-want +got):\n%s", d)
	}
}

func TestManifestsFollowDeltas(t *testing.T) {
	dir := t.TempDir()
	const info = site + "/six-1.dist-info"
	metadata := "file 0644 " + info + "/METADATA Name: six\nVersion: 1\n"
	states := [][]string{
		{metadata, "file 0644 " + info + "/RECORD six.py,,\n", "file 0644 " + site + "/six.py x"},
		{metadata, "file 0644 " + site + "/six.py x"},                                                                                              // the list is gone
		{"file 0644 " + info + "/METADATA Name: six\nVersion: 2\n", "file 0644 " + info + "/RECORD six.py,,\n", "file 0644 " + site + "/six.py x"}, // another version in its place
		{"link " + info + "/METADATA /etc/passwd", "file 0644 " + site + "/six.py x"},                                                              // no file any more
		{"file 0755 /app " + string(treetest.GoProgram("go1.26", "path\tx\n"))},
		{"file 0644 /app " + string(treetest.GoProgram("go1.26", "path\tx\n"))}, // no longer a program
		{`file 0644 /node_modules/a/package.json {"name":"a","version":"1"}`},
		{`file 0644 /node_modules/b/package.json {"name":"a","version":"1"}`}, // moved
		{"file 0644 /node_modules/b/package.json {"},                          // broken
		{},
	}
	wants := []string{
		"pkg:pypi/six@1 owned", "pkg:pypi/six@1", "pkg:pypi/six@2 owned", "", "pkg:golang/stdlib@1.26", "", "pkg:npm/a@1", "pkg:npm/a@1", "", "",
	}
	var m *sbom.Manifests
	var before *sbom.Tree
	for i, entries := range states {
		state := filepath.Join(dir, fmt.Sprint(i))
		treetest.Make(t, state, entries...)
		after := open(t, state)
		c, err := sbom.Compare(before, after)
		if err != nil {
			t.Fatal(err)
		}
		m, before = m.Apply(c.Delta, c.Manifests), after
		got := strings.Join(m.PURLs(), " ")
		if _, ok := m.Owner(site+"/six.py", sbom.TypeFile); ok {
			got += " owned"
		}
		if got != wants[i] {
			t.Errorf("state %d: got %q, want %q", i, got, wants[i])
		}
	}
	if m.Apply(sbom.Delta{Removed: []step.Path{"/x"}}, nil) != m {
		t.Error("a step that changes no manifest makes other manifests")
	}
}

func TestHostileManifestsAreNamedAndNotRead(t *testing.T) {
	dir := t.TempDir()
	deep := strings.Repeat("/node_modules/d", 200)
	broken := treetest.GoProgram("go1.26", "path\tx\n")
	broken = append(broken[:70], append([]byte("\xff Go buildinf:"), broken[84:]...)...)
	treetest.Make(t, dir,
		`file 0644 /n/node_modules/huge/package.json {"name":"huge","version":"1","x":"`+strings.Repeat("x", 2<<20)+`"}`,
		`file 0644 /n/node_modules/line/package.json {"name":"a\nb","version":"1"}`,
		"file 0644 /n/node_modules/nest/package.json "+strings.Repeat("[", 200000),
		`file 0644 "/n/node_modules/\xff\n/package.json" {"name":"odd","version":"1"}`,
		"file 0644 /p/bad-1.dist-info/METADATA Name: bad\nVersion: 1\xff\n",
		"file 0644 /p/long-1.dist-info/METADATA Name: long\nVersion: 1\nSummary: "+strings.Repeat("x", 4<<20),
		"file 0644 /p/none-1.dist-info/METADATA ",
		"file 0644 "+deep+`/package.json {"name":"deep","version":"1"}`,
		"file 0755 /broken \x7fELF"+strings.Repeat("\xff", 100)+"\xff Go buildinf:",
		"file 0755 /half "+string(broken),
		"dir 0755 /p/folder-1.egg-info",
	)
	in, _, _ := installedIn(t, dir)
	if d := cmp.Diff([]string{"pkg:npm/deep@1", "pkg:npm/odd@1", "pkg:pypi/long@1"}, purlsOf(in)); d != "" {
		t.Errorf("packages (-want +got):\n%s", d)
	}
	const noName = " (it has no name or no version)"
	if d := cmp.Diff([]string{
		"/broken (its Go build information cannot be read)", "/half (its Go build information cannot be read)",
		"/n/node_modules/huge/package.json (it is larger than such a file may be)",
		"/n/node_modules/line/package.json" + noName, "/n/node_modules/nest/package.json (it is no JSON object)",
		"/p/bad-1.dist-info/METADATA" + noName, "/p/none-1.dist-info/METADATA" + noName,
	}, in.Unread); d != "" {
		t.Errorf("unread (-want +got):\n%s", d)
	}
}

func TestARealProgramHasItsModules(t *testing.T) {
	dir := t.TempDir()
	build := exec.CommandContext(t.Context(), "go", "build", "-o", filepath.Join(dir, "program"), "github.com/sworn-build/sworn/cmd/sworn-step")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	in, m, _ := installedIn(t, dir)
	if !strings.Contains(strings.Join(purlsOf(in), " "), "pkg:golang/golang.org/x/sys@v") {
		t.Errorf("got %q", purlsOf(in))
	}
	if purl, _ := m.Owner("/program", sbom.TypeFile); purl != "pkg:golang/github.com/sworn-build/sworn" {
		t.Errorf("owner %q", purl)
	}
}
