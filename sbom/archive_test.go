package sbom_test

import (
	"archive/zip"
	"bytes"
	"io"
	"maps"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/package-url/packageurl-go"

	"github.com/sworn-build/sworn/sbom"
	"github.com/sworn-build/sworn/sbom/treetest"
	"github.com/sworn-build/sworn/step"
)

// zipped makes a ZIP file of names with what they hold.
func zipped(t *testing.T, files map[string]string) string {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		e, err := w.Create(name)
		if err == nil {
			_, err = io.WriteString(e, files[name])
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func pom(group, artifact, version string) map[string]string {
	return map[string]string{"META-INF/maven/x/pom.properties": "groupId=" + group + "\nartifactId=" + artifact + "\nversion=" + version + "\n"}
}

func TestArchivesAreWhatTheyHold(t *testing.T) {
	dir := t.TempDir()
	guava := zipped(t, pom("com.google.guava", "guava", "31.1-jre"))
	war := zipped(t, map[string]string{"WEB-INF/lib/guava.jar": guava, "META-INF/maven/x/pom.properties": pom("a.test", "shop", "1")["META-INF/maven/x/pom.properties"]})
	treetest.Make(t, dir,
		"file 0644 /var/lib/dpkg/status Package: libguava-java\nStatus: install ok installed\nArchitecture: all\nVersion: 31.1-1\n\nPackage: shop\nStatus: install ok installed\nArchitecture: all\nVersion: 1-1\n",
		"file 0644 /var/lib/dpkg/info/libguava-java.list /usr/share/java/guava.jar\n",
		"file 0644 /var/lib/dpkg/info/shop.list /usr/share/shop.war\n/usr/share/bad.jar\n",
		"file 0644 /usr/share/java/guava.jar "+guava,
		"file 0644 /usr/share/shop.war "+war,
		"file 0644 /usr/share/bad.jar x",
		"file 0644 /srv/shop.WAR "+war,
		"file 0644 /srv/guava.jar "+guava,
		"file 0644 /srv/guava.zip "+guava,
		"file 0644 "+site+"/x-1.dist-info/METADATA Name: x\nVersion: 1\n",
		"file 0644 "+site+"/x-1.dist-info/RECORD x/inner.jar,,\n",
		"file 0644 "+site+"/x/inner.jar "+zipped(t, pom("b.test", "inner", "2")),
		"link /srv/link.jar /srv/guava.jar",
		"dir 0755 /srv/folder.jar",
		"file 0644 /srv/empty.jar ",
	)
	in, m, _ := installedIn(t, dir)
	const guavaPURL, shop, inner = "pkg:maven/com.google.guava/guava@31.1-jre", "pkg:maven/a.test/shop@1", "pkg:maven/b.test/inner@2"
	const debShop = "pkg:deb/debian/shop@1-1?arch=all"
	if d := cmp.Diff([]string{"pkg:deb/debian/libguava-java@31.1-1?arch=all", debShop, shop, inner, guavaPURL, "pkg:pypi/x@1"}, purlsOf(in)); d != "" {
		t.Errorf("packages (-want +got):\n%s", d)
	}
	if d := cmp.Diff(map[string][]string{guavaPURL: {debShop, shop}, inner: {"pkg:pypi/x@1"}}, in.Within); d != "" {
		t.Errorf("packages in others (-want +got):\n%s", d)
	}
	if d := cmp.Diff([]string{"/usr/share/bad.jar (bad.jar: it is no ZIP archive)"}, in.Unread); d != "" {
		t.Errorf("unread (-want +got):\n%s", d)
	}
	for path, want := range map[step.Path]string{
		"/srv/guava.jar": guavaPURL, "/srv/shop.WAR": shop, "/srv/guava.zip": "", "/srv/link.jar": "", site + "/x/inner.jar": "pkg:pypi/x@1",
	} {
		if got, _ := m.Owner(path, sbom.TypeFile); got != want {
			t.Errorf("owner of %s is %q, want %q", path, got, want)
		}
	}
	for _, p := range in.Packages {
		parsed, err := packageurl.FromString(p.PURL)
		if err != nil || parsed.ToString() != p.PURL {
			t.Errorf("%s: %v, the library writes %s", p.PURL, err, parsed.ToString())
		}
	}
}

func TestZippedEggsAreDistributions(t *testing.T) {
	dir := t.TempDir()
	treetest.Make(t, dir,
		"file 0644 "+site+"/Some_Egg-1.0-py3.11.egg "+zipped(t, map[string]string{"EGG-INFO/PKG-INFO": "Name: Some_Egg\nVersion: 1.0\n", "some/a.py": "x"}),
		"file 0644 /x/other.egg "+zipped(t, map[string]string{"README": "x"}),
		"file 0644 /x/nameless.egg "+zipped(t, map[string]string{"EGG-INFO/PKG-INFO": "Version: 1.0\n"}),
		"file 0644 /x/none.egg fried",
		"file 0644 /x/folder-1.egg/EGG-INFO/PKG-INFO Name: folder\nVersion: 1\n",
	)
	in, m, _ := installedIn(t, dir)
	if d := cmp.Diff([]string{"pkg:pypi/folder@1", "pkg:pypi/some-egg@1.0"}, purlsOf(in)); d != "" {
		t.Errorf("packages (-want +got):\n%s", d)
	}
	if d := cmp.Diff([]string{"/x/nameless.egg (it has no name or no version)", "/x/none.egg (it is no ZIP archive)"}, in.Unread); d != "" {
		t.Errorf("unread (-want +got):\n%s", d)
	}
	if purl, _ := m.Owner(site+"/Some_Egg-1.0-py3.11.egg", sbom.TypeFile); purl != "pkg:pypi/some-egg@1.0" {
		t.Errorf("owner %q", purl)
	}
}

func TestArchivesFollowDeltas(t *testing.T) {
	dir := t.TempDir()
	one, two := zipped(t, pom("a.test", "a", "1")), zipped(t, pom("a.test", "a", "2"))
	wants := []string{"pkg:maven/a.test/a@1", "pkg:maven/a.test/a@2", "pkg:maven/a.test/a@2", "", ""}
	var m *sbom.Manifests
	var before *sbom.Tree
	for i, state := range [][]string{
		{"file 0644 /a.jar " + one}, {"file 0644 /a.jar " + two}, {"file 0644 /b.jar " + two}, {"file 0644 /b.jar no archive"}, {},
	} {
		at := filepath.Join(dir, string(rune('0'+i)))
		treetest.Make(t, at, state...)
		after := open(t, at)
		c, err := sbom.Compare(before, after)
		if err != nil {
			t.Fatal(err)
		}
		m, before = m.Apply(c.Delta, c.Manifests), after
		got := ""
		for _, p := range m.PURLs() {
			got += p
		}
		if got != wants[i] {
			t.Errorf("state %d: got %q, want %q", i, got, wants[i])
		}
	}
}
