package sbom_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/sworn-build/sworn/sbom"
	"github.com/sworn-build/sworn/sbom/treetest"
	"github.com/sworn-build/sworn/step"
)

func open(t testing.TB, dir string) *sbom.Tree {
	t.Helper()
	tree, err := sbom.OpenTree(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { tree.Close() })
	return tree
}

func sample(t testing.TB, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// debian is a merged-/usr Debian with dpkg's real files for a few packages.
func debian(t testing.TB) string {
	dir := t.TempDir()
	treetest.Make(t, dir,
		"dir 0755 /usr/bin", "link /bin usr/bin",
		"dir 0755 /usr/lib/x86_64-linux-gnu", "link /lib usr/lib", "dir 0755 /usr/lib64", "link /lib64 usr/lib64",
		"link /etc/os-release ../usr/lib/os-release", "file 0644 /usr/lib/os-release "+sample(t, "os-release-debian"),
		"file 0644 /var/lib/dpkg/status "+sample(t, "dpkg-status"),
		"file 0644 /var/lib/dpkg/diversions "+sample(t, "dpkg-diversions"),
		"file 0644 /var/lib/dpkg/info/dash.list "+sample(t, "dpkg-list-dash"),
		"file 0644 /var/lib/dpkg/info/libc6:amd64.list "+sample(t, "dpkg-list-libc6"),
		"file 0644 /var/lib/dpkg/info/base-files.list /.\n/usr\n/usr/bin\n/usr/bin/rview\n/usr/bin/vim.tiny\n/bin/sh\n",
		"file 0644 /var/lib/dpkg/info/oldpkg.list /etc/oldpkg.conf\n",
	)
	return dir
}

func find(t testing.TB, inv sbom.Inventory, name string) sbom.Package {
	t.Helper()
	for _, p := range inv.Packages {
		if p.Name == name {
			return p
		}
	}
	t.Fatalf("no package %s", name)
	return sbom.Package{}
}

func TestLoadReadsDpkg(t *testing.T) {
	inv, err := sbom.Load(open(t, debian(t)))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, p := range inv.Packages {
		names = append(names, p.Name)
	}
	if diff := cmp.Diff([]string{"base-files", "dash", "libc6", "zlib1g"}, names); diff != "" {
		t.Errorf("packages (-want +got):\n%s", diff)
	}
	libc := find(t, inv, "libc6")
	libc.Files = nil
	if len(libc.Sums) != 1 || !libc.Sums[0].Conffile {
		t.Errorf("sums %+v, want that of the configuration file alone: there is no md5sums", libc.Sums)
	}
	libc.Sums = nil
	version := libc.Version
	want := sbom.Package{
		PURL: "pkg:deb/debian/libc6@" + strings.ReplaceAll(version, "+", "%2B") + "?arch=amd64&distro=debian-12",
		Type: "deb", Name: "libc6", Version: version, Arch: "amd64", Source: "glibc", SourceVersion: version,
		Maintainer: "GNU Libc Maintainers <debian-glibc@lists.debian.org>",
		Homepage:   "https://www.gnu.org/software/libc/libc.html",
	}
	if diff := cmp.Diff(want, libc); diff != "" {
		t.Errorf("libc6 (-want +got):\n%s", diff)
	}
}

func TestOwnersFollowMergedUsrAndDiversions(t *testing.T) {
	inv, err := sbom.Load(open(t, debian(t)))
	if err != nil {
		t.Fatal(err)
	}
	owners := inv.Owners()
	for _, c := range []struct {
		path   step.Path
		folder bool
		owner  string
	}{
		{"/usr/lib/x86_64-linux-gnu/libc.so.6", false, "libc6"},
		{"/usr/lib64/ld-linux-x86-64.so.2", false, "libc6"},
		{"/lib64/ld-linux-x86-64.so.2", false, ""}, // no file lies there
		{"/usr/bin/dash", false, "dash"},
		{"/usr/bin/sh", false, "dash"},               // dash diverted the others' away
		{"/usr/bin/sh.distrib", false, "base-files"}, // and this is where they went
		{"/usr/bin/rview", false, ""},                // an administrator's diversion
		{"/usr/bin/rview.real", false, "base-files"},
		{"/usr", true, ""}, // listed by several
		{"/etc/ld.so.conf.d", true, "libc6"},
		{"/etc/oldpkg.conf", false, ""}, // its package was removed
		{"/", true, ""},
	} {
		purl, ok := owners.Of(c.path, c.folder)
		if ok != (c.owner != "") || !strings.HasPrefix(purl, "pkg:deb/debian/"+c.owner) && ok {
			t.Errorf("owner of %s: got %q, want %q", c.path, purl, c.owner)
		}
	}
}

func TestLoadReadsStatusD(t *testing.T) {
	dir := t.TempDir()
	var stanza string
	for _, s := range strings.Split(sample(t, "dpkg-status"), "\n\n") {
		if strings.HasPrefix(s, "Package: zlib1g\n") {
			stanza = strings.ReplaceAll(s, "Status: install ok installed\n", "")
		}
	}
	treetest.Make(t, dir, "file 0644 /var/lib/dpkg/status.d/zlib1g "+stanza,
		"file 0644 /var/lib/dpkg/status.d/zlib1g.md5sums "+sample(t, "dpkg-md5sums"),
		"dir 0755 /var/lib/dpkg/status.d/folder")
	inv, err := sbom.Load(open(t, dir))
	if err != nil {
		t.Fatal(err)
	}
	p := find(t, inv, "zlib1g")
	if len(inv.Packages) != 1 || len(p.Files) == 0 {
		t.Fatalf("got %d packages, %d files", len(inv.Packages), len(p.Files))
	}
	if want := "pkg:deb/debian/zlib1g@1:1.2.13.dfsg-1?arch=amd64"; p.PURL != want {
		t.Errorf("purl %s, want %s: no distribution is known", p.PURL, want)
	}
}

func TestLoadReadsApk(t *testing.T) {
	for _, db := range []string{"/lib/apk/db/installed", "/usr/lib/apk/db/installed"} {
		dir := t.TempDir()
		treetest.Make(t, dir, "file 0644 "+db+" "+sample(t, "apk-installed"),
			"file 0644 /etc/os-release "+sample(t, "os-release-alpine"))
		if strings.HasPrefix(db, "/usr") {
			treetest.Make(t, dir, "link /lib usr/lib")
		}
		inv, err := sbom.Load(open(t, dir))
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, p := range inv.Packages {
			got = append(got, p.PURL+" "+p.Licence+" "+p.Source)
		}
		want := []string{
			"pkg:apk/alpine/busybox@1.36.1-r29?arch=x86_64&distro=alpine-3.20.3 GPL-2.0-only AND custom busybox",
			"pkg:apk/alpine/libcrypto3@3.3.2-r0?arch=x86_64&distro=alpine-3.20.3 Apache-2.0 openssl",
			"pkg:apk/alpine/musl@1.2.5-r0?arch=x86_64&distro=alpine-3.20.3 MIT musl",
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: packages (-want +got):\n%s", db, diff)
		}
		lib := step.Path("/lib/libcrypto.so.3")
		if strings.HasPrefix(db, "/usr") {
			lib = "/usr" + lib
		}
		if purl, _ := inv.Owners().Of(lib, false); !strings.Contains(purl, "libcrypto3") {
			t.Errorf("%s: owner of %s is %q", db, lib, purl)
		}
	}
}

func TestLoadNamesBadDatabases(t *testing.T) {
	for _, c := range []struct{ name, file, want string }{
		{"no name", "/var/lib/dpkg/status Version: 1\n", "read dpkg status: stanza before line 2: no package name"},
		{"no version", "/var/lib/dpkg/status Package: x\nStatus: install ok installed\n", `read dpkg status: stanza before line 3: package "x" has no version`},
		{"no field", "/var/lib/dpkg/status Package x\n", "read dpkg status: line 1 is no field"},
		{"continuation", "/var/lib/dpkg/status  x\n", "read dpkg status: line 1 continues no field"},
		{"diversions", "/var/lib/dpkg/diversions /a\n/b\n", "read dpkg diversions: 2 lines, want three for each"},
		{"apk", "/lib/apk/db/installed P:x\n\n", `read apk database: package "x" before line 2 has no name or no version`},
		{"apk line", "/lib/apk/db/installed PP:x\n\n", "read apk database: line 1 is no field"},
	} {
		dir := t.TempDir()
		file := c.file
		if c.name == "continuation" {
			file = "/var/lib/dpkg/status \n x\n"
			c.want = "read dpkg status: line 2 continues no field"
		}
		treetest.Make(t, dir, "file 0644 "+file)
		path, _, _ := strings.Cut(file, " ")
		inv, err := sbom.Load(open(t, dir))
		if err != nil || len(inv.Packages) > 0 || len(inv.Databases) != 1 || string(inv.Databases[0].Path) != path || inv.Databases[0].Reason != c.want {
			t.Errorf("%s: got %+v, %v, want %s", c.name, inv.Databases, err, c.want)
		}
	}
}

// TestABadEntryHidesNoOther: what makes sense of a database is read, and what does not is
// said.
func TestABadEntryHidesNoOther(t *testing.T) {
	const a, b = "Package: a\nVersion: 1\n", "Package: b\nVersion: 2\n"
	for _, c := range []struct{ path, text, reason string }{
		{"/var/lib/dpkg/status", a + "\ngarbage\nPackage: c\nVersion: 3\n\n" + b, "read dpkg status: line 4 is no field"},
		{"/var/lib/dpkg/status", a + "\nPackage: c\n\n \n\n" + b + "\nPackage: ", `read dpkg status: stanza before line 5: package "c" has no version`},
		{"/var/lib/dpkg/status", a + "\nPackage: " + strings.Repeat("é", 1000) + "\n\n" + b, ""},
		{"/lib/apk/db/installed", "P:a\nV:1\n\nP:c\ngarbage\nV:1\n\nP:b\nV:2\n", "read apk database: line 5 is no field"},
		{"/lib/apk/db/installed", "P:a\nV:1\n\nV:1\n\nP:b\nV:2", `read apk database: package "" before line 5 has no name or no version`},
	} {
		dir := t.TempDir()
		treetest.Make(t, dir, "file 0644 "+c.path+" "+c.text)
		inv, err := sbom.Load(open(t, dir))
		if err != nil || len(inv.Packages) != 2 || inv.Packages[0].Name != "a" || inv.Packages[1].Name != "b" {
			t.Fatalf("%q: %+v, %v", c.text, inv.Packages, err)
		}
		if got := inv.Databases[0].Reason; c.reason != "" && got != c.reason || got == "" || len(got) > 500 || !utf8.ValidString(got) {
			t.Errorf("%q: reason %q", c.text, got)
		}
	}
}

// TestLoadAgreesWithDpkg compares with dpkg's own answers on the machine.
func TestLoadAgreesWithDpkg(t *testing.T) {
	if _, err := exec.LookPath("dpkg-query"); err != nil {
		t.Skip("skipped: dpkg-query is not installed")
	}
	inv, err := sbom.Load(open(t, "/"))
	if err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("dpkg-query", "-W", "-f", "${db:Status-Status} ${Package} ${Version} ${Architecture} ${source:Package} ${source:Version}\n").Output()
	if err != nil {
		t.Fatal(err)
	}
	want, got := map[string]bool{}, map[string]bool{}
	for _, line := range strings.Split(strings.TrimSpace(string(out)), "\n") {
		if rest, ok := strings.CutPrefix(line, "installed "); ok {
			want[rest] = true
		}
	}
	for _, p := range inv.Packages {
		if p.Type == "deb" {
			got[strings.Join([]string{p.Name, p.Version, p.Arch, p.Source, p.SourceVersion}, " ")] = true
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("packages (-dpkg +ours):\n%s", diff)
	}
	agreeOnOwners(t, inv)
}

// agreeOnOwners asks dpkg -S for every fiftieth file that we found an owner of.
func agreeOnOwners(t *testing.T, inv sbom.Inventory) {
	owners := inv.Owners()
	ours := map[string]string{}
	var ask []string
	n := 0
	for _, p := range inv.Packages {
		for _, f := range p.Files {
			if n++; n%50 != 0 || p.Type != "deb" || strings.ContainsAny(string(f), "*?[\\") {
				continue
			}
			if st, err := os.Lstat(string(f)); err != nil || st.IsDir() {
				continue
			}
			purl, _ := owners.Of(f, false)
			ours[string(f)] = purl
			// dpkg knows a file by the name in the package's list only.
			ask = append(ask, string(f), strings.TrimPrefix(string(f), "/usr"))
		}
	}
	out, _ := exec.Command("dpkg", append([]string{"-S"}, ask...)...).Output() // exits 1 for the other names
	checked := 0
	for _, line := range strings.Split(string(out), "\n") {
		names, path, ok := strings.Cut(line, ": /")
		if !ok || strings.HasPrefix(line, "diversion by ") {
			continue
		}
		purl := ours["/"+path]
		if purl == "" {
			purl = ours["/usr/"+path]
		}
		agree := false
		for _, name := range strings.Split(names, ", ") {
			name, _, _ = strings.Cut(name, ":")
			agree = agree || strings.HasPrefix(purl, "pkg:deb/debian/"+strings.ReplaceAll(name, "+", "%2B")+"@")
		}
		if !agree {
			t.Errorf("owner of /%s: dpkg says %s, we say %s", path, names, purl)
		}
		checked++
	}
	t.Logf("%d owners compared", checked)
	if checked < len(ours) {
		t.Errorf("%d owners compared, want at least %d", checked, len(ours))
	}
}

func TestDatabasesAreBehindEveryLink(t *testing.T) {
	dir := t.TempDir()
	treetest.Make(t, dir, "link /var/lib/dpkg/status ../../a/b", "link /var/a/b /c/d", "file 0644 /c/d x", "link /loop loop")
	got := sbom.Databases(open(t, dir))
	for _, p := range []string{"/var/lib/dpkg/status", "/var/a/b", "/c/d"} {
		if !slices.Contains(got, p) {
			t.Errorf("%s is not among %q", p, got)
		}
	}
	d := sbom.Delta{Changed: []sbom.Entry{{Path: "/var/a/b", Type: sbom.TypeSymlink}}}
	if !d.Touches(got) {
		t.Error("a link on the way to the database counts for nothing")
	}
}
