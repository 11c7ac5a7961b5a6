package sbom_test

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sworn-build/sworn/sbom"
	"github.com/sworn-build/sworn/sbom/treetest"
)

// parties are the supplier and the originator that a document has of each package of a tree.
func parties(t *testing.T, lines ...string) map[string]string {
	t.Helper()
	dir := t.TempDir()
	treetest.Make(t, dir, lines...)
	in, _, _ := installedIn(t, dir)
	if len(in.Unread) > 0 {
		t.Fatalf("unread %q", in.Unread)
	}
	return partiesOf(t, in)
}

func partiesOf(t *testing.T, in sbom.Installed) map[string]string {
	t.Helper()
	var doc struct {
		Packages []struct{ SPDXID, Name, Supplier, Originator string }
	}
	if err := json.Unmarshal(document(t, sbom.Image{Installed: in}), &doc); err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for _, p := range doc.Packages {
		if strings.HasPrefix(p.SPDXID, "SPDXRef-Package-") {
			out[p.Name] = p.Supplier + " | " + p.Originator
		}
	}
	return out
}

func TestAuthorsAreOriginatorsAndWhoPutsAPackageOutIsItsSupplier(t *testing.T) {
	node := func(name, fields string) string {
		return "file 0644 /n/node_modules/" + name + `/package.json {"name":"` + name + `","version":"1",` + fields + "}"
	}
	python := func(name, fields string) string {
		return "file 0644 /p/" + name + ".dist-info/METADATA Name: " + name + "\nVersion: 1\n" + fields + "\n"
	}
	gem := func(name, fields string) string {
		return "file 0644 /h/specifications/" + name + "-1.gemspec # stub: " + name + " 1 ruby lib\n" + fields + "\n"
	}
	const none = "NOASSERTION | "
	both := func(s string) string { return s + " | " + s }
	if d := cmp.Diff(map[string]string{
		"n-text": both("Person: Ann (ann@a.test)"), "n-object": both("Person: Ann B. (ann@a.test)"), "n-name": both("Person: Ann"), "n-url": both("Person: Ann"),
		"n-organization": both("Organization: npm, Inc. (x@npm.test)"), "n-maintained": "Person: Bob (b@b.test) | Person: Ann", "n-maintainers": "Person: b@b.test (b@b.test) | ",
		"n-none": none, "n-contributor": none, "n-number": none, "n-control": none, "n-brackets": both("Person: Ann"), "n-badmail": both("Person: Ann"), "n-long": none,
		"p-old": both("Person: Ann (ann@a.test)"), "p-new": both("Person: Ann (ann@a.test)"), "p-two": both("Person: Ann, Bob"), "p-mail": both("Person: a@a.test (a@a.test)"),
		"p-unknown": none, "p-maintained": "Organization: The Team (t@a.test) | Person: Ann", "p-comma": both("Organization: Foo, Inc. (f@f.test)"),
		"g-one": both("Person: Ann (ann@a.test)"), "g-two": both("Person: Ann"), "g-code": none,
		"c/one": both("Person: Ann (ann@a.test)"), "c/none": none,
	}, parties(t,
		node("n-text", `"author":"Ann <ann@a.test> (https://a.test)"`), node("n-object", `"author":{"name":"Ann B.","email":"ann@a.test","url":"https://a.test"}`),
		node("n-name", `"author":"Ann"`), node("n-url", `"author":"Ann (https://a.test)"`), node("n-organization", `"author":"npm, Inc. <x@npm.test>"`),
		node("n-maintained", `"author":"Ann","maintainers":[{"name":"Bob","email":"b@b.test"},{"name":"C"}]`), node("n-maintainers", `"maintainers":["<b@b.test>"]`),
		node("n-none", `"author":""`), node("n-contributor", `"contributors":["Ann"]`), node("n-number", `"author":5,"maintainers":[[["x"]],{"name":[]}]`),
		node("n-control", `"author":"A\nnn"`), node("n-brackets", `"author":{"name":"Ann (x@y.test) (b)"}`), node("n-badmail", `"author":"Ann <a@b@c>"`),
		node("n-long", `"author":"`+strings.Repeat("x", 2000)+`"`),
		python("p-old", "Author: Ann\nAuthor-email: ann@a.test"), python("p-new", `Author-email: "Ann" <ann@a.test>, Bob <bob@a.test>`),
		python("p-two", "Author: Ann, Bob\nAuthor-email: ann@a.test, bob@a.test"), python("p-mail", "Author-email: a@a.test, b@a.test"),
		python("p-unknown", "Author: UNKNOWN\nAuthor-email: UNKNOWN"), python("p-maintained", "Author: Ann\nMaintainer: The Team\nMaintainer-email: t@a.test"),
		python("p-comma", `Author-email: "Foo, Inc." <f@f.test>`),
		gem("g-one", "  s.authors = [\"Ann\".freeze]\n  s.email = [\"ann@a.test\".freeze]"), gem("g-two", "  s.authors = [\"Ann\".freeze, \"Bob\".freeze]\n  s.email = \"b@a.test\".freeze"),
		gem("g-code", "  s.authors = AUTHORS"),
		`file 0644 /c/composer/installed.json [{"name":"c/one","version":"1","authors":[{"role":"x"},{"name":"Ann","email":"ann@a.test"}]},{"name":"c/none","version":"1","authors":5}]`,
	)); d != "" {
		t.Errorf("supplier and originator (-want +got):\n%s", d)
	}
}

func TestAnArchiveIsItsVendors(t *testing.T) {
	archive := func(name, fields string) string {
		var b bytes.Buffer
		w := zip.NewWriter(&b)
		f, err := w.Create("META-INF/MANIFEST.MF")
		if err == nil {
			_, err = f.Write([]byte(fields + "\n"))
		}
		if err == nil {
			err = w.Close()
		}
		if err != nil {
			t.Fatal(err)
		}
		return "file 0644 /j/" + name + "-1.jar " + b.String()
	}
	got := parties(t,
		archive("a", "Implementation-Vendor: Acme\nBundle-Vendor: Other"), archive("b", "Bundle-Vendor: Acme (https://acme.test)"),
		archive("c", "Bundle-Vendor: %vendor"), archive("d", "Implementation-Vendor: ${project.organization.name}"),
	)
	const acme = "Organization: Acme | Organization: Acme"
	if d := cmp.Diff(map[string]string{"a:a": acme, "b:b": acme, "c:c": "NOASSERTION | ", "d:d": "NOASSERTION | "}, got); d != "" {
		t.Errorf("supplier and originator (-want +got):\n%s", d)
	}
}

// TestBracketsAtTheEndAreAnAddressOrNotThere, whoever wrote the name.
func TestBracketsAtTheEndAreAnAddressOrNotThere(t *testing.T) {
	for maintainer, want := range map[string]string{
		"Ann (QA) <a@a.test>": "Person: Ann (QA) (a@a.test)", "Ann (x@y.test)": "Person: Ann", `Ann (x@y.test)" >`: "Person: Ann", "Ann (a) (b) <no address>": "Person: Ann",
		"Organization: Vendor (x@y.test)": "Organization: Vendor", "(none)": "NOASSERTION", "Organization: (none)": "NOASSERTION", "Ann (a) B": "Person: Ann (a) B",
	} {
		in := sbom.Installed{Inventory: sbom.Inventory{Packages: []sbom.Package{{Type: "rpm", Name: "p", Version: "1", PURL: "pkg:rpm/p@1", Maintainer: maintainer}}}}
		if got := partiesOf(t, in)["p"]; got != want+" | " {
			t.Errorf("%s: %s, want %s", maintainer, got, want)
		}
	}
	got := parties(t, `file 0644 /n/node_modules/a/package.json {"name":"a","version":"1","author":{"name":"Ann (x@y.test)\""}}`,
		"file 0644 /j/release JAVA_VERSION=\"21\"\nIMPLEMENTOR=\"Vendor (x@y.test)\"\n", "file 0755 /j/bin/java x")
	if d := cmp.Diff(map[string]string{"a": "Person: Ann | Person: Ann", "openjdk": "Organization: Vendor | "}, got); d != "" {
		t.Errorf("supplier and originator (-want +got):\n%s", d)
	}
}

// TestADistributionsAuthorsAreNoSuppliers: who made what a distribution supplies is its
// originator alone.
func TestADistributionsAuthorsAreNoSuppliers(t *testing.T) {
	in := sbom.Installed{Inventory: sbom.Inventory{Packages: []sbom.Package{
		{Type: "deb", Name: "deb", Version: "1", PURL: "pkg:deb/debian/deb@1", Originator: "Ann <a@a.test>"},
		{Type: "deb", Name: "ubuntu", Version: "1", PURL: "pkg:deb/ubuntu/ubuntu@1", Maintainer: "Ubuntu Developers <u@lists.test>", Originator: "Ann <a@a.test>"},
	}}}
	if d := cmp.Diff(map[string]string{
		"deb": "NOASSERTION | Person: Ann (a@a.test)", "ubuntu": "Organization: Ubuntu Developers (u@lists.test) | Person: Ann (a@a.test)",
	}, partiesOf(t, in)); d != "" {
		t.Errorf("supplier and originator (-want +got):\n%s", d)
	}
}
