package sbom_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sworn-build/sworn/sbom"
	"github.com/sworn-build/sworn/sbom/treetest"
	"github.com/sworn-build/sworn/step"
)

// ownersOf are the owners of all regular files that have one, without their versions.
func ownersOf(m *sbom.Manifests, entries []sbom.Entry) map[step.Path]string {
	out := map[step.Path]string{}
	for _, e := range entries {
		if purl, ok := m.Owner(e.Path, e.Type); ok && e.Type == sbom.TypeFile {
			purl, _, _ = strings.Cut(strings.TrimPrefix(purl, "pkg:"), "@")
			out[e.Path] = purl
		}
	}
	return out
}

func TestWhatComposerInstalledIsFound(t *testing.T) {
	if _, err := exec.LookPath("composer"); err != nil {
		t.Skip("skipped: composer is not installed")
	}
	dir := t.TempDir()
	treetest.Make(t, dir,
		`file 0644 /lib-one/composer.json {"name":"Acme/lib-one","version":"1.2.0","license":["MIT","GPL-2.0-only"],"homepage":"https://acme.test","authors":[{"name":"Ann","email":"ann@acme.test"}]}`,
		"file 0644 /lib-one/src/a.php <?php",
		`file 0644 /srv/app/composer.json {"name":"acme/app","repositories":[{"type":"path","url":"../../lib-one","options":{"symlink":false}},{"packagist.org":false}],"require":{"acme/lib-one":"*"}}`,
	)
	cmd := exec.CommandContext(t.Context(), "composer", "install", "-n", "-q", "--no-plugins")
	cmd.Dir, cmd.Env = filepath.Join(dir, "srv/app"), append(os.Environ(), "COMPOSER_ALLOW_SUPERUSER=1", "COMPOSER_HOME="+t.TempDir())
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("composer: %v\n%s", err, out)
	}
	in, m, entries := installedIn(t, dir)
	if d := cmp.Diff([]string{"pkg:composer/acme/lib-one@1.2.0"}, purlsOf(in)); d != "" || len(in.Unread) > 0 {
		t.Fatalf("packages (-want +got):\n%s\nunread %q", d, in.Unread)
	}
	if p := in.Packages[0]; p.Licence != "MIT OR GPL-2.0-only" || p.Homepage != "https://acme.test" || p.Originator != "Ann <ann@acme.test>" {
		t.Errorf("package %+v", p)
	}
	const lib = "composer/acme/lib-one"
	if d := cmp.Diff(map[step.Path]string{"/srv/app/vendor/Acme/lib-one/composer.json": lib, "/srv/app/vendor/Acme/lib-one/src/a.php": lib}, ownersOf(m, entries)); d != "" {
		t.Errorf("owners (-want +got):\n%s", d)
	}
}

func TestComposersListOwnsNothingOutsideOfItsProject(t *testing.T) {
	dir := t.TempDir()
	one := func(name, at string) string {
		return `{"name":"` + name + `","version":"v1.0","install-path":` + at + `}`
	}
	treetest.Make(t, dir,
		"file 0644 /srv/app/vendor/composer/installed.json {\"dev\":true,\"packages\":["+strings.Join([]string{
			one("a/in", `"../a/in"`), one("a/web", `"../../web/modules/web"`), one("a/up", `"../../.."`), one("a/etc", `"../../../../etc"`),
			one("a/abs", `"/etc"`), one("a/meta", "null"), one("a/own", `"./"`), one("a/vendor", `"../"`), one("a/number", "1"),
			one("none", `"../none"`), one("a/b/c", `"../x"`), `{"name":"a/noversion"}`, `{"name":["a"],"version":{}}`, `5`, `"x"`, one("a/\\n", `"../x"`),
		}, ",")+"]}",
		`file 0644 /old/vendor/composer/installed.json [`+`{"name":"B/Old","version":"dev-main"}]`,
		"file 0644 /old/vendor/B/Old/x.php x",
		"file 0644 /srv/app/vendor/a/in/deep/er/x x", "file 0644 /srv/app/vendor/a/inner x", "file 0644 /srv/app/web/modules/web/x x", "file 0644 /srv/app/web/modules/y x",
		"file 0644 /etc/passwd x", "file 0644 /srv/x x", "file 0644 /srv/app/vendor/autoload.php x",
		"file 0644 /bad/composer/installed.json {\"packages\":[", "file 0644 /bad2/composer/installed.json {\"packages\":5}",
		"file 0644 /deep/composer/installed.json {\"packages\":["+strings.Repeat(`{"a":`, 20000)+"]}",
		"file 0644 /many/composer/installed.json {\"packages\":["+strings.Repeat(one("a/b", `"x"`)+",", 20001)+"{}]}",
		"file 0644 /large/composer/installed.json ["+strings.Repeat(" ", 17<<20)+"]",
	)
	in, m, entries := installedIn(t, dir)
	if d := cmp.Diff([]string{
		"pkg:composer/a/abs@v1.0", "pkg:composer/a/etc@v1.0", "pkg:composer/a/in@v1.0", "pkg:composer/a/meta@v1.0", "pkg:composer/a/number@v1.0", "pkg:composer/a/own@v1.0",
		"pkg:composer/a/up@v1.0", "pkg:composer/a/vendor@v1.0", "pkg:composer/a/web@v1.0", "pkg:composer/b/old@dev-main",
	}, purlsOf(in)); d != "" {
		t.Errorf("packages (-want +got):\n%s", d)
	}
	owned := ownersOf(m, entries)
	delete(owned, "/srv/app/vendor/composer/installed.json") // of the package that says so
	if d := cmp.Diff(map[step.Path]string{
		"/srv/app/vendor/a/in/deep/er/x": "composer/a/in", "/srv/app/web/modules/web/x": "composer/a/web", "/old/vendor/B/Old/x.php": "composer/b/old",
	}, owned); d != "" {
		t.Errorf("owners (-want +got):\n%s", d)
	}
	const broken = " (it is not the JSON that it should be)"
	if d := cmp.Diff([]string{
		"/bad/composer/installed.json" + broken, "/bad2/composer/installed.json" + broken, "/deep/composer/installed.json" + broken,
		"/large/composer/installed.json (it is larger than such a file may be)", "/many/composer/installed.json (it has more packages than a file may have)",
	}, in.Unread); d != "" {
		t.Errorf("unread (-want +got):\n%s", d)
	}
}
