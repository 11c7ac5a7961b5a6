package sbom_test

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sworn-build/sworn/sbom"
	"github.com/sworn-build/sworn/sbom/treetest"
)

// crates is a list as cargo-auditable writes it.
const crates = `{"packages":[{"name":"adler","version":"0.2.3","source":"crates.io"},{"name":"cc","version":"1.0","source":"crates.io","kind":"build"},` +
	`{"name":"ripgrep","version":"13.0.0","source":"local","dependencies":[0,1],"root":true}]}`

func TestCratesOfProgramsAreFound(t *testing.T) {
	if testing.Short() {
		t.Skip("skipped: other programs take most of its time")
	}
	dir := t.TempDir()
	bomb := treetest.CargoProgram(`{"packages":[` + strings.Repeat(" ", 20<<20) + `]}`)
	broken := treetest.CargoProgram(crates)
	broken[130] ^= 0xff
	treetest.Make(t, dir,
		"file 0644 /var/lib/dpkg/status Package: ripgrep\nStatus: install ok installed\nArchitecture: all\nVersion: 13-1\n",
		"file 0644 /var/lib/dpkg/info/ripgrep.list /usr/bin/rg\n",
		"file 0755 /usr/bin/rg "+string(treetest.CargoProgram(crates)),
		"file 0755 /opt/rg "+string(treetest.CargoProgram(crates)),
		"file 0644 /opt/data "+string(treetest.CargoProgram(`{"packages":[{"name":"no","version":"1"}]}`)),
		"file 0755 /opt/bomb "+string(bomb),
		"file 0755 /opt/broken "+string(broken),
		"file 0755 /opt/name \x7fELF\x00.dep-v0\x00",
		"file 0755 /opt/odd "+string(treetest.CargoProgram(`{"packages":[{"name":"a b","version":"1"},{"name":"ok","version":"2"},{"version":"1"},7]}`)),
		"file 0755 /opt/nest "+string(treetest.CargoProgram(`{"packages":`+strings.Repeat("[", 100000))),
		"file 0755 /opt/none "+string(treetest.CargoProgram(`{}`)),
	)
	in, m, _ := installedIn(t, dir)
	const deb, rg = "pkg:deb/debian/ripgrep@13-1?arch=all", "pkg:cargo/ripgrep@13.0.0"
	if d := cmp.Diff([]string{"pkg:cargo/adler@0.2.3", "pkg:cargo/ok@2", rg, deb}, purlsOf(in)); d != "" {
		t.Errorf("packages (-want +got):\n%s", d)
	}
	if d := cmp.Diff(map[string][]string{"pkg:cargo/adler@0.2.3": {rg, deb}, rg: {deb}}, in.Within); d != "" {
		t.Errorf("crates in programs (-want +got):\n%s", d)
	}
	if purl, _ := m.Owner("/opt/rg", sbom.TypeFile); purl != rg {
		t.Errorf("owner %q", purl)
	}
	const unread = " (its list of crates cannot be read)"
	if d := cmp.Diff([]string{"/opt/bomb" + unread, "/opt/broken" + unread, "/opt/name" + unread, "/opt/nest" + unread}, in.Unread); d != "" {
		t.Errorf("unread (-want +got):\n%s", d)
	}
}

// TestARealProgramHasItsCrates: the linker's own program with the section that
// cargo-auditable has it add.
func TestARealProgramHasItsCrates(t *testing.T) {
	for _, program := range []string{"objcopy", "true"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("skipped: %s is not installed", program)
		}
	}
	dir := t.TempDir()
	truth, _ := exec.LookPath("true")
	made := filepath.Join(t.TempDir(), "made")
	treetest.Make(t, filepath.Dir(made), "file 0644 /made "+string(treetest.CargoProgram(crates)))
	run(t, "objcopy", "-O", "binary", "--only-section=.dep-v0", made, made+".section")
	run(t, "objcopy", "--add-section", ".dep-v0="+made+".section", truth, filepath.Join(dir, "program"))
	in, _, _ := installedIn(t, dir)
	if d := cmp.Diff([]string{"pkg:cargo/adler@0.2.3", "pkg:cargo/ripgrep@13.0.0"}, purlsOf(in)); d != "" {
		t.Errorf("packages (-want +got):\n%s", d)
	}
}

// BenchmarkBombOfCrates reads a program whose list of crates is unpacked to more than is
// read of it, all of it white space.
func BenchmarkBombOfCrates(b *testing.B) {
	dir := b.TempDir()
	treetest.Make(b, dir, "file 0755 /bomb "+string(treetest.CargoProgram(`{"packages":[`+strings.Repeat(" ", 20<<20)+`]}`)))
	tree := open(b, dir)
	for b.Loop() {
		if _, err := sbom.Compare(nil, tree); err != nil {
			b.Fatal(err)
		}
	}
}
