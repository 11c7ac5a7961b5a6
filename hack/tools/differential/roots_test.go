package differential

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// roots are the file systems: the one that rootfs makes, and those of files that the
// scanners' own tests have.
func roots(t *testing.T) []string {
	t.Helper()
	state := made(t)
	cmd := exec.CommandContext(t.Context(), "./rootfs", state)
	cmd.Stderr = os.Stderr
	if err := cmd.Run(); err != nil {
		t.Fatalf("rootfs: %v", err)
	}
	return append([]string{state, compiled(t)}, databases(t)...)
}

// databases are a file system for each database of rpm's in the tests of osv-scalibr, which
// are those of real distributions.
func databases(t *testing.T) (out []string) {
	t.Helper()
	data := filepath.Join(module(t, ".", "github.com/google/osv-scalibr"), "extractor/filesystem/os/rpm/testdata")
	for _, db := range []struct{ from, to, release string }{
		{"rpmdb.sqlite", "rpmdb.sqlite", "ID=rocky\nVERSION_ID=9.2\n"},
		{"Packages", "Packages", "ID=centos\nVERSION_ID=7\n"},
		{"Packages_epoch", "Packages", "ID=centos\nVERSION_ID=8\n"},
		{"Packages.db", "Packages.db", "ID=opensuse-leap\nVERSION_ID=15.5\n"},
	} {
		root := filepath.Join(t.TempDir(), "rpm-"+strings.ToLower(db.from))
		for name, content := range map[string]string{
			"var/lib/rpm/" + db.to: read(t, filepath.Join(data, db.from)), "etc/os-release": db.release, "usr/lib/os-release": db.release,
		} {
			put(t, filepath.Join(root, name), content, 0o644)
		}
		out = append(out, root)
	}
	return out
}

// compiled is a file system of programs that cargo-auditable made, and of the lists of
// .NET applications that dotnet wrote.
func compiled(t *testing.T) string {
	t.Helper()
	root := filepath.Join(t.TempDir(), "compiled")
	scalibr := filepath.Join(module(t, ".", "github.com/google/osv-scalibr"), "extractor/filesystem/language")
	syft := filepath.Join(module(t, "../../bench/syft-scanner", "github.com/anchore/syft"), "syft/pkg/cataloger")
	for _, f := range []struct {
		from, to string
		mode     os.FileMode
	}{
		{scalibr + "/rust/cargoauditable/testdata/uses_serde_json/uses_serde_json", "usr/bin/uses_serde_json", 0o755},
		{scalibr + "/rust/cargoauditable/testdata/no_deps/no_deps", "usr/bin/no_deps", 0o755},
		{scalibr + "/dotnet/depsjson/testdata/valid", "opt/valid/valid.deps.json", 0o644},
		{scalibr + "/dotnet/depsjson/testdata/nopackagename", "opt/nameless/nameless.deps.json", 0o644},
		{scalibr + "/dotnet/depsjson/testdata/editor.deps.json", "opt/editor/editor.deps.json", 0o644},
		{syft + "/dotnet/testdata/dir-example-1/TestLibrary.deps.json", "opt/library/TestLibrary.deps.json", 0o644},
		{syft + "/dotnet/testdata/deps-with-referenceassembly/MyApp.deps.json", "opt/app/MyApp.deps.json", 0o644},
		{syft + "/internal/dotnet/pe/testdata/net8-app-single-file.deps.json", "opt/single/net8-app-single-file.deps.json", 0o644},
	} {
		put(t, filepath.Join(root, f.to), read(t, f.from), f.mode)
	}
	return root
}

// made is the file system that rootfs makes.
func made(t *testing.T) string {
	t.Helper()
	dir, err := filepath.Abs("../../../.state/differential/rootfs")
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// module is the folder of a module as the go.mod in a folder has it.
func module(t *testing.T, dir, name string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", "-C", dir, "list", "-mod=readonly", "-m", "-f", "{{.Dir}}", name).Output()
	if err != nil || len(out) < 2 {
		t.Fatalf("module %s of %s: %v", name, dir, err)
	}
	return strings.TrimSpace(string(out))
}

func read(t *testing.T, file string) string {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("a file of a scanner's tests: %v", err)
	}
	return string(b)
}

func put(t *testing.T, file, content string, mode os.FileMode) {
	t.Helper()
	err := os.MkdirAll(filepath.Dir(file), 0o755)
	if err == nil {
		err = os.WriteFile(file, []byte(content), mode)
	}
	if err != nil {
		t.Fatal(err)
	}
}
