package sbom_test

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sworn-build/sworn/sbom"
	"github.com/sworn-build/sworn/sbom/treetest"
	"github.com/sworn-build/sworn/step"
)

func TestGemsAreFoundAsRubyGemsInstallsThem(t *testing.T) {
	if _, err := exec.LookPath("gem"); err != nil {
		t.Skip("skipped: gem is not installed")
	}
	source, root := t.TempDir(), t.TempDir()
	treetest.Make(t, source, "file 0644 /lib/foo.rb x = 1\n", `file 0644 /foo.gemspec Gem::Specification.new do |s|
  s.name, s.version, s.summary, s.authors = "foo_bar", "1.2.3.pre", "x", ["Ann", "Bob"]
  s.platform = Gem::Platform.new("x86_64-linux")
  s.licenses, s.homepage, s.files = ["MIT", "Ruby"], "https://foo.test", ["lib/foo.rb"]
end
`)
	build := exec.CommandContext(t.Context(), "gem", "build", "-q", "foo.gemspec")
	build.Dir = source
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("gem build: %v\n%s", err, out)
	}
	const home = "/var/lib/gems/3.1.0"
	run(t, "gem", "install", "-q", "--local", "--force", "--no-document", "--install-dir", filepath.Join(root, home), filepath.Join(source, "foo_bar-1.2.3.pre-x86_64-linux.gem"))
	in, m, entries := installedIn(t, root)
	if d := cmp.Diff([]string{"pkg:gem/foo_bar@1.2.3.pre?platform=x86_64-linux"}, purlsOf(in)); d != "" || len(in.Unread) > 0 {
		t.Fatalf("packages (-want +got):\n%s\nunread %q", d, in.Unread)
	}
	if p := in.Packages[0]; p.Licence != "MIT, Ruby" || p.Homepage != "https://foo.test" || p.Originator != "Ann" {
		t.Errorf("package %+v", p)
	}
	const gem, full = "gem/foo_bar", "foo_bar-1.2.3.pre-x86_64-linux"
	if d := cmp.Diff(map[step.Path]string{
		home + "/specifications/" + full + ".gemspec": gem, home + "/cache/" + full + ".gem": gem, home + "/gems/" + full + "/lib/foo.rb": gem,
	}, ownersOf(m, entries)); d != "" {
		t.Errorf("owners (-want +got):\n%s", d)
	}
}

func TestGemsOwnWhatLiesInTheirHome(t *testing.T) {
	dir := t.TempDir()
	spec := func(stub string) string {
		return "# -*- encoding: utf-8 -*-\n# stub: " + stub + "\n\nGem::Specification.new do |s|\n"
	}
	treetest.Make(t, dir,
		"file 0644 /h/specifications/a-1.gemspec "+spec("a 1 ruby lib\n# stub: ext/x.rb"),
		"file 0644 /h/gems/a-1/lib/a.rb x", "file 0644 /h/gems/a-10/lib/a.rb x", "file 0644 /h/extensions/x86_64-linux/3.1.0/a-1/a.so x",
		"file 0644 /h/doc/a-1/ri x", "file 0644 /h/build_info/a-1.info x", "file 0644 /gems/a-1/x x",
		"file 0644 /h/specifications/default/json-2.gemspec "+spec("json 2 ruby lib"), "file 0644 /h/gems/json-2/x x",
		"file 0644 /h/specifications/plain-3.gemspec Gem::Specification.new do |spec|\n  spec.name    = 'plain'\n  spec.version = Gem::Version.new(\"3\")\nend\n",
		// None of these is run, or more than a text.
		"file 0644 /h/specifications/code-1.gemspec Gem::Specification.new do |s|\n s.name = `id`\n s.version = VERSION\n",
		"file 0644 /h/specifications/bytes-1.gemspec "+spec("by\xfftes 1 ruby"),
		"file 0644 /h/specifications/dots-1.gemspec "+spec(".. 1 ruby"),
		"file 0644 /h/specifications/slash-1.gemspec "+spec("a/b 1 ruby"),
		"file 0644 /h/specifications/large-1.gemspec "+spec("large 1 ruby")+strings.Repeat("x", 2<<20),
		"file 0644 /h/specifications/empty-1.gemspec ",
		"file 0644 /src/other.gemspec "+spec("other 1 ruby"), // no gem that is installed
		"link /h/specifications/link-1.gemspec a-1.gemspec",
	)
	in, m, entries := installedIn(t, dir)
	if d := cmp.Diff([]string{"pkg:gem/a@1", "pkg:gem/json@2", "pkg:gem/plain@3"}, purlsOf(in)); d != "" {
		t.Errorf("packages (-want +got):\n%s", d)
	}
	if d := cmp.Diff(map[step.Path]string{
		"/h/specifications/a-1.gemspec": "gem/a", "/h/gems/a-1/lib/a.rb": "gem/a", "/h/extensions/x86_64-linux/3.1.0/a-1/a.so": "gem/a", "/h/doc/a-1/ri": "gem/a",
		"/h/build_info/a-1.info": "gem/a", "/h/specifications/default/json-2.gemspec": "gem/json", "/h/specifications/plain-3.gemspec": "gem/plain",
	}, ownersOf(m, entries)); d != "" {
		t.Errorf("owners (-want +got):\n%s", d)
	}
	if purl, _ := m.Owner("/h/gems/a-1/lib", sbom.TypeDir); purl != "pkg:gem/a@1" {
		t.Errorf("owner of a folder: %q", purl)
	}
	const noName = ".gemspec (it has no name or no version)"
	if d := cmp.Diff([]string{
		"/h/specifications/bytes-1" + noName, "/h/specifications/code-1" + noName, "/h/specifications/dots-1" + noName, "/h/specifications/empty-1" + noName,
		"/h/specifications/large-1.gemspec (it is larger than such a file may be)", "/h/specifications/slash-1" + noName,
	}, in.Unread); d != "" {
		t.Errorf("unread (-want +got):\n%s", d)
	}
}
