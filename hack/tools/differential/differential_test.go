package differential

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// difference is a line of differences.txt: packages of a scanner that are none of ours.
type difference struct {
	line    int
	scanner string         // syft, osv-scalibr, or any
	purl    *regexp.Regexp // of key
	// paths that tell of it: all of them; or, with owned, those of packages of databases.
	paths *regexp.Regexp
	owned bool
	used  bool
}

// readDifferences reads differences.txt.
func readDifferences(t *testing.T) []*difference {
	t.Helper()
	f, err := os.Open("differences.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	pattern := func(s string) *regexp.Regexp {
		return regexp.MustCompile("^" + strings.ReplaceAll(regexp.QuoteMeta(s), `\*`, ".*") + "$")
	}
	var out []*difference
	s := bufio.NewScanner(f)
	for n := 1; s.Scan(); n++ {
		if l := strings.TrimSpace(s.Text()); l == "" || strings.HasPrefix(l, "#") {
			continue
		}
		words := strings.Fields(s.Text())
		if len(words) < 6 || !slices.Contains([]string{"syft", "osv-scalibr", "any"}, words[0]) {
			t.Fatalf("differences.txt:%d: want SCANNER PACKAGE PATHS and a reason of some words", n)
		}
		d := &difference{line: n, scanner: words[0], purl: pattern(words[1]), owned: words[2] == "@package"}
		if !d.owned {
			d.paths = pattern(words[2])
		}
		out = append(out, d)
	}
	if err := s.Err(); err != nil {
		t.Fatal(err)
	}
	return out
}

// explains reports whether a line is about a scanner's package.
func (d *difference) explains(scanner string, f found, img *image) bool {
	if d.scanner != "any" && d.scanner != scanner || !d.purl.MatchString(key(f.purl)) {
		return false
	}
	if d.owned {
		return img.owned(f.paths)
	}
	return len(f.paths) > 0 && !slices.ContainsFunc(f.paths, func(p string) bool { return !d.paths.MatchString(p) })
}

// TestScannersFindNoPackageThatWeMiss is the differential test. A line of differences.txt
// that explains nothing is an error as well.
func TestScannersFindNoPackageThatWeMiss(t *testing.T) {
	differences := readDifferences(t)
	scanner := buildScanner(t)
	for _, root := range roots(t) {
		img, err := readImage(root)
		if err != nil {
			t.Fatalf("%s: %v", root, err)
		}
		defer img.tree.Close()
		syft, err := syftPackages(t.Context(), scanner, root, t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		scalibr, err := scalibrPackages(t.Context(), root)
		if err != nil {
			t.Fatal(err)
		}
		ours := map[string]bool{}
		for _, p := range img.packages {
			ours[key(p.purl)] = true
		}
		for _, k := range expected[filepath.Base(root)] {
			if !ours[k] {
				t.Errorf("%s is not found", k)
			}
		}
		compare(t, "syft", root, ours, syft, img, differences)
		compare(t, "osv-scalibr", root, ours, scalibr, img, differences)
	}
	for _, d := range differences {
		if !d.used {
			t.Errorf("differences.txt:%d explains nothing", d.line)
		}
	}
}

func compare(t *testing.T, scanner, root string, ours map[string]bool, theirs []found, img *image, differences []*difference) {
	t.Helper()
	same, explained := map[string]bool{}, map[string]bool{}
	for _, f := range theirs {
		k := key(f.purl)
		if ours[k] {
			same[k] = true
			continue
		}
		at := slices.IndexFunc(differences, func(d *difference) bool { return d.explains(scanner, f, img) })
		if at < 0 {
			t.Errorf("%s: %s finds %s (%s) in %q, we do not", filepath.Base(root), scanner, k, f.purl, f.paths)
			continue
		}
		differences[at].used = true
		explained[k] = true
	}
	t.Logf("%s: %s finds %d of our %d packages, and %d that are explained", filepath.Base(root), scanner, len(same), len(ours), len(explained))
	if len(same) == 0 {
		t.Errorf("%s: %s finds none of our packages", filepath.Base(root), scanner)
	}
	var more []string
	for k := range ours {
		if !same[k] {
			more = append(more, k)
		}
	}
	slices.Sort(more)
	t.Logf("not found by %s: %q", scanner, more)
}

// buildScanner builds the program with Syft in it.
func buildScanner(t *testing.T) string {
	t.Helper()
	out := filepath.Join(t.TempDir(), "syft-scanner")
	cmd := exec.CommandContext(t.Context(), "go", "-C", "../../bench/syft-scanner", "build", "-o", out, ".")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOWORK=off", "GOFLAGS=-mod=readonly")
	if b, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("build syft-scanner: %v\n%s", err, b)
	}
	return out
}

// expected are packages of file systems, by their names, which one of the tools that made
// them installed, or that lie in another: each kind is there.
var expected = map[string][]string{
	"rootfs": {
		"generic/go@" + strings.TrimPrefix(runtime.Version(), "go"), "generic/oracle/openjdk@21.0.4+7-lts", "generic/python@3.11.2",
		"deb/ripgrep@13.0.0-4+b2", "rpm/some-rpm@2.0-3", "pypi/some-thing@1.0.post1", "pypi/some-egg@0.9", "npm/express@4.19.2", "npm/@types/node@20.1.0",
		"gem/some_gem@0.3.1", "composer/acme/lib@1.2.0", "golang/github.com/sworn-build/sworn@",
		"maven/com.google.guava/guava@31.1-jre", "maven/commons-io/commons-io@2.11.0", "maven/org.apache.maven/maven-core@3.8.7",
		"maven/cglib/cglib@3.2.12", // unpacked into an archive of Debian
	},
	"compiled": {
		"cargo/serde_json@1.0.135", "cargo/uses_json@0.1.0", "cargo/no_deps@0.1.0", "nuget/testcommon@1.0.0", "nuget/microsoft.netcore.app.runtime.win-x64@8.0.14",
	},
}
