package sbom_test

import (
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/package-url/packageurl-go"

	"github.com/sworn-build/sworn/sbom"
	"github.com/sworn-build/sworn/sbom/treetest"
	"github.com/sworn-build/sworn/step"
)

// specs are what rpmbuild makes packages of.
var specs = []string{`
Name: alpha
Epoch: 2
Version: 1.0~rc1
Release: 3
Summary: test
License: MIT AND Zlib
URL: https://alpha.test/
Vendor: Example Project
BuildArch: noarch
%description
x
%install
mkdir -p %{buildroot}/etc/alpha %{buildroot}/usr/share/alpha "%{buildroot}/usr/share/alpha/a b"
echo conf > %{buildroot}/etc/alpha/alpha.conf
echo data > %{buildroot}/usr/share/alpha/data
ln -s data %{buildroot}/usr/share/alpha/link
for i in $(seq 1500); do echo $i > %{buildroot}/usr/share/alpha/file-$i; done
%files
%dir /etc/alpha
%config(noreplace) /etc/alpha/alpha.conf
/usr/share/alpha
%ghost /var/log/alpha.log
`, `
Name: Beta+
Version: 2
Release: 1.el9
Summary: test
License: Apache-2.0
Packager: Jane Doe <jane@beta.test>
BuildArch: noarch
%description
x
%install
mkdir -p %{buildroot}/usr/bin
echo '#!/bin/sh' > %{buildroot}/usr/bin/beta
%files
/usr/bin/beta
`}

// rpmRoot is a file system with the packages of specs, as rpm installs them.
func rpmRoot(t *testing.T) string {
	t.Helper()
	for _, program := range []string{"rpm", "rpmbuild"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("skipped: %s is not installed", program)
		}
	}
	dir := t.TempDir()
	root := filepath.Join(dir, "root")
	treetest.Make(t, root, "file 0644 /etc/os-release ID=fedora\nVERSION_ID=41\n", "dir 0755 /usr/lib/sysimage/rpm", "dir 0755 /var/lib", "link /var/lib/rpm ../../usr/lib/sysimage/rpm", "link /bin usr/bin")
	for i, spec := range specs {
		file := filepath.Join(dir, fmt.Sprintf("%d.spec", i))
		if err := os.WriteFile(file, []byte(spec), 0o644); err != nil {
			t.Fatal(err)
		}
		run(t, "rpmbuild", "-bb", "--quiet", "--define", "_topdir "+dir+"/top", file)
	}
	built, err := filepath.Glob(dir + "/top/RPMS/noarch/*.rpm")
	if err != nil || len(built) != len(specs) {
		t.Fatalf("rpmbuild made %q, %v", built, err)
	}
	run(t, "rpm", append([]string{"--root", root, "--dbpath", "/usr/lib/sysimage/rpm", "--define", "_db_backend sqlite", "--nodeps", "--noscripts", "-i"}, built...)...)
	return root
}

func run(t *testing.T, name string, args ...string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), name, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %q: %v\n%s", name, args, err, out)
	}
	return string(out)
}

// TestLoadReadsWhatRPMWrites shares what rpm installed, which takes most of its time.
func TestLoadReadsWhatRPMWrites(t *testing.T) {
	if testing.Short() {
		t.Skip("skipped: other programs take most of its time")
	}
	root := rpmRoot(t)
	t.Run("as rpm reads it", func(t *testing.T) { loadAgreesWithRPM(t, root) })
	t.Run("in Berkeley DB", func(t *testing.T) { loadReadsBerkeleyDB(t, root) })
	t.Run("in the log", func(t *testing.T) { loadReadsTheLog(t, root) }) // changes the database
}

func loadAgreesWithRPM(t *testing.T, root string) {
	tree := open(t, root)
	inv, err := sbom.Load(tree)
	if err != nil {
		t.Fatal(err)
	}
	if unread(inv) != "" {
		t.Errorf("unread %q", unread(inv))
	}
	agreesWithRPM(t, root, inv)
	// Each sum is that of the file.
	files := map[step.Path]sbom.Entry{}
	entries, err := sbom.Walk(tree)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		files[e.Path] = e
	}
	sums, conffiles := 0, 0
	for _, p := range inv.Packages {
		for _, s := range p.Sums {
			if e := files[s.Path]; s.Algorithm != "sha256" || s.Value != e.SHA256 {
				t.Errorf("%s: %+v, the file is %+v", p.Name, s, e)
			}
			sums++
			if s.Conffile {
				conffiles++
			}
		}
	}
	if sums != 1503 || conffiles != 1 {
		t.Errorf("%d sums, %d of them of conffiles", sums, conffiles)
	}
	for path, want := range map[step.Path]string{
		"/usr/bin/beta": "Beta%2B@2-1.el9", "/usr/share/alpha/file-1500": "alpha@", "/usr/share/alpha/a b": "alpha@", "/usr/share/alpha/link": "alpha@", "/etc/os-release": "",
	} {
		purl, _ := inv.Owners().Of(path, false)
		if !strings.HasPrefix(purl, "pkg:rpm/fedora/"+want) && purl != want {
			t.Errorf("owner of %s is %q", path, purl)
		}
	}
}

// agreesWithRPM compares with rpm's own answers.
func agreesWithRPM(t *testing.T, root string, inv sbom.Inventory) {
	t.Helper()
	out := run(t, "rpm", "--root", root, "--dbpath", "/usr/lib/sysimage/rpm", "--define", "_db_backend sqlite", "-qa", "--qf",
		`%{NAME} %{VERSION}-%{RELEASE} %{ARCH} %{LICENSE} [%{FILENAMES};]\n`)
	want := map[string]bool{}
	for _, line := range strings.Split(out, "\n") {
		if strings.HasSuffix(line, ";") {
			want[line] = true
		}
	}
	got := map[string]bool{}
	for _, p := range inv.Packages {
		line := p.Name + " " + p.Version + " " + p.Arch + " " + p.Licence + " "
		for _, f := range p.Files {
			line += string(f) + ";"
		}
		got[line] = true
		parsed, err := packageurl.FromString(p.PURL)
		if err != nil || strings.ReplaceAll(parsed.ToString(), "+", "%2B") != p.PURL {
			t.Errorf("%s: %v, the library writes %s", p.PURL, err, parsed.ToString())
		}
	}
	if d := cmp.Diff(sortedFiles(want), sortedFiles(got)); d != "" {
		t.Errorf("packages (-rpm +ours):\n%s", d)
	}
	if purl := inv.Packages[1].PURL; purl != "pkg:rpm/fedora/alpha@1.0~rc1-3?arch=noarch&distro=fedora-41&epoch=2" {
		t.Errorf("purl %s", purl)
	}
	if p := inv.Packages[1]; p.Source != "alpha" || p.SourceVersion != "1.0~rc1-3" || p.Maintainer != "Example Project" || p.Homepage != "https://alpha.test/" {
		t.Errorf("package %+v", p)
	}
}

// sortedFiles sorts the files in each line: rpm has its own order.
func sortedFiles(lines map[string]bool) map[string]bool {
	out := map[string]bool{}
	for l := range lines {
		at := strings.Index(l, " /")
		files := strings.Split(l[at+1:], ";")
		slices.Sort(files)
		out[l[:at]+strings.Join(files, ";")] = true
	}
	return out
}

// loadReadsTheLog: a transaction of rpm's can lie in the write-ahead log alone.
func loadReadsTheLog(t *testing.T, root string) {
	if _, err := exec.LookPath("sqlite3"); err != nil {
		t.Skip("skipped: sqlite3 is not installed")
	}
	copied := t.TempDir()
	db := filepath.Join(root, "usr/lib/sysimage/rpm/rpmdb.sqlite")
	script := filepath.Join(copied, "script")
	treetest.Make(t, copied, "dir 0755 /var/lib/rpm")
	if err := os.WriteFile(script, []byte("PRAGMA journal_mode=WAL;\nPRAGMA wal_autocheckpoint=0;\nDELETE FROM Packages WHERE hnum=1;\nVACUUM;\n.shell cp "+db+"* "+copied+"/var/lib/rpm/\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	run(t, "sqlite3", db, ".read "+script)
	inv, err := sbom.Load(open(t, copied))
	if err != nil || len(inv.Packages) != 1 || unread(inv) != "" {
		t.Errorf("packages %+v, unread %q, %v", inv.Packages, unread(inv), err)
	}
}

// loadReadsBerkeleyDB: headers that rpm made, in a hash table that Berkeley DB made.
func loadReadsBerkeleyDB(t *testing.T, root string) {
	for _, program := range []string{"sqlite3", "db5.3_load"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("skipped: %s is not installed", program)
		}
	}
	old := t.TempDir()
	rows := run(t, "sqlite3", filepath.Join(root, "usr/lib/sysimage/rpm/rpmdb.sqlite"), "SELECT hex(blob) FROM Packages ORDER BY hnum")
	dump := "VERSION=3\nformat=bytevalue\ntype=hash\ndb_pagesize=4096\nHEADER=END\n 00000000\n 02000000\n"
	for i, row := range strings.Fields(rows) {
		dump += fmt.Sprintf(" %s\n %s\n", hex.EncodeToString([]byte{byte(i + 1), 0, 0, 0}), strings.ToLower(row))
	}
	treetest.Make(t, old, "file 0644 /etc/os-release ID=centos\nVERSION_ID=7\n", "dir 0755 /var/lib/rpm", "file 0644 /dump "+dump+"DATA=END\n")
	run(t, "db5.3_load", "-f", filepath.Join(old, "dump"), filepath.Join(old, "var/lib/rpm/Packages"))
	inv, err := sbom.Load(open(t, old))
	if err != nil || len(inv.Packages) != 2 || unread(inv) != "" {
		t.Fatalf("packages %+v, unread %q, %v", inv.Packages, unread(inv), err)
	}
	if p := inv.Packages[1]; p.PURL != "pkg:rpm/centos/alpha@1.0~rc1-3?arch=noarch&distro=centos-7&epoch=2" || len(p.Sums) != 1502 {
		t.Errorf("%s with %d sums", p.PURL, len(p.Sums))
	}
}

func TestLoadNamesDatabasesItDoesNotRead(t *testing.T) {
	dir := t.TempDir()
	treetest.Make(t, dir,
		"file 0644 /var/lib/rpm/rpmdb.sqlite x", "file 0644 /usr/share/rpm/macros x", "file 0644 /usr/lib/sysimage/rpm/.rpm.lock x", "file 0644 /usr/lib/sysimage/rpm/Index.db x",
		"file 0644 /var/lib/pacman/local/a-1/desc x")
	inv, err := sbom.Load(open(t, dir))
	if err != nil {
		t.Fatal(err)
	}
	want := []sbom.Database{
		{Type: "rpm", Path: "/usr/lib/sysimage/rpm", Reason: "none of its files is a database of rpm that is known"},
		{Type: "alpm", Path: "/var/lib/pacman/local", Reason: "databases of pacman are not read"},
		{Type: "rpm", Path: "/var/lib/rpm/rpmdb.sqlite", Reason: "it is no database of rpm"},
	}
	if diff := cmp.Diff(want, inv.Databases); diff != "" {
		t.Errorf("unread (-want +got):\n%s", diff)
	}
}

// unread is why databases were not read.
func unread(inv sbom.Inventory) string {
	out := ""
	for _, d := range inv.Databases {
		out += d.Reason
	}
	return out
}
