package sbom_test

import (
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/sworn-build/sworn/sbom/treetest"
)

// TestABundleOfBombsIsBoundedAndTold is a step that writes hostile files of every format
// at once.
func TestABundleOfBombsIsBoundedAndTold(t *testing.T) {
	dir := t.TempDir()
	zeros := strings.Repeat("\x00", 4<<20)
	bomb := zipped(t, map[string]string{"a.jar": zeros, "b.jar": zeros, "c.jar": zeros})
	var files []string
	for i := range 30 {
		files = append(files, fmt.Sprintf("file 0644 /bombs/%02d.jar %s", i, bomb))
	}
	files = append(files,
		`file 0644 "/odd\n\xff/x\n.jar" no archive`,
		"file 0644 /var/lib/rpm/Packages.db RpmP"+strings.Repeat("\xff", 5000),
		"file 0644 /usr/lib/sysimage/rpm/rpmdb.sqlite SQLite format 3\x00"+strings.Repeat("\x01", 5000),
		"file 0644 /app/vendor/composer/installed.json "+strings.Repeat("[", 1<<20),
		"file 0644 /h/specifications/x-1.gemspec # stub: a\x00b 1 ruby",
		"file 0644 /app/x.deps.json {\"libraries\":"+strings.Repeat(`{"a":`, 100000),
		"file 0644 /go/VERSION go1."+strings.Repeat("1", 4<<20), "file 0755 /go/bin/go x",
		"file 0644 /jdk/release "+strings.Repeat("JAVA_VERSION=\"\n", 1<<18), "file 0755 /jdk/bin/java x",
		"file 0644 /n/include/node/node_version.h "+strings.Repeat("#define NODE_MAJOR_VERSION \n", 1<<17), "file 0755 /n/bin/node x",
		"file 0644 /r/lib/rustlib/multirust-channel-manifest.toml "+strings.Repeat("[pkg.rust]\n", 1<<20), "file 0755 /r/bin/rustc x",
		"file 0755 /bin/x \x7fELF"+strings.Repeat("\x00.dep-v0\x00\xff Go buildinf:", 1000),
	)
	treetest.Make(t, dir, files...)
	begin := time.Now()
	in, _, _ := installedIn(t, dir)
	if took := time.Since(begin); took > time.Minute {
		t.Errorf("takes %v", took)
	}
	if len(in.Packages) > 0 {
		t.Errorf("packages %q", purlsOf(in))
	}
	all := strings.Join(in.Unread, "\n")
	for _, d := range in.Databases {
		all += fmt.Sprintf("\n%s database %s (%s", d.Type, d.Path, d.Reason)
	}
	for _, want := range []string{
		"rpm database /usr/lib/sysimage/rpm/rpmdb.sqlite (", "rpm database /var/lib/rpm/Packages.db (", "/app/vendor/composer/installed.json (", "/app/x.deps.json (", "/bin/x (",
		"/bombs/00.jar (", "more files with a package's metadata",
	} {
		if !strings.Contains(all, want) {
			t.Errorf("nothing is said of %q in\n%s", want, all)
		}
	}
	for _, line := range in.Unread {
		if len(line) > 2000 || strings.ContainsAny(line, "\n\x00") || !utf8.ValidString(line) {
			t.Errorf("unread %q", line)
		}
	}
}
