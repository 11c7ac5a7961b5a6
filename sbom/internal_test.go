package sbom

import (
	"archive/zip"
	"bytes"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sworn-build/sworn/sbom/treetest"
)

// TestTheSameArchivesAreReadEachTime: which of a step's archives are read when they are
// more than the budget depends on their paths alone.
func TestTheSameArchivesAreReadEachTime(t *testing.T) {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for i := range 4 {
		e, err := w.Create(fmt.Sprintf("%d.jar", i))
		if err == nil {
			_, err = e.Write(make([]byte, 1<<20))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for i := range 9 {
		treetest.Make(t, dir, fmt.Sprintf("file 0644 /%d.jar %s", i, b.String()))
	}
	tree, err := OpenTree(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer tree.Close()
	c, err := Compare(nil, tree)
	if err != nil {
		t.Fatal(err)
	}
	ms, err := archives(tree, c.Delta, 10<<20+8<<10)
	if err != nil {
		t.Fatal(err)
	}
	read := func(i, of int) string {
		s := ""
		for k := range 4 {
			if k > 0 {
				s += "; "
			}
			if k < of {
				s += fmt.Sprintf("%d.jar: it is no ZIP archive", k)
			} else {
				s += fmt.Sprintf("%d.jar in %d.jar: it unpacks to more than an archive may", k, i)
			}
		}
		return s
	}
	var got []string
	for _, m := range ms {
		got = append(got, m.Unread)
	}
	if d := cmp.Diff([]string{read(0, 4), read(1, 4), read(2, 2), read(3, 0), read(4, 0), read(5, 0), read(6, 0), read(7, 0), read(8, 0)}, got); d != "" {
		t.Errorf("unread (-want +got):\n%s", d)
	}
}

func TestPURLEncoding(t *testing.T) {
	debian := Distro{ID: "debian", Version: "12"}
	for _, c := range []struct {
		d                   Distro
		name, version, arch string
		want                string
	}{
		{debian, "curl", "7.88.1-10+deb12u5", "amd64", "pkg:deb/debian/curl@7.88.1-10%2Bdeb12u5?arch=amd64&distro=debian-12"},
		{debian, "libstdc++6", "1:2~rc1", "all", "pkg:deb/debian/libstdc%2B%2B6@1:2~rc1?arch=all&distro=debian-12"},
		{Distro{ID: "debian"}, "x", "1", "", "pkg:deb/debian/x@1?distro=debian"},
		{Distro{}, "X", "a/b@c d", "", "pkg:deb/debian/x@a%2Fb%40c%20d"},
		{Distro{ID: "ubuntu", Version: "24.04"}, "x", "\xff", "", "pkg:deb/ubuntu/x@%FF?distro=ubuntu-24.04"},
	} {
		if got := purl("deb", "debian", c.d, c.name, c.version, c.arch); got != c.want {
			t.Errorf("got %s, want %s", got, c.want)
		}
	}
}

func TestKnownLicence(t *testing.T) {
	for s, want := range map[string]bool{
		"MIT": true, "MIT AND (Apache-2.0 OR GPL-2.0-only WITH Classpath-exception-2.0)": true,
		"": false, "custom": false, "MIT BSD-3-Clause": false, "(MIT": false, "MIT AND": false, "MIT WITH MIT": false, "GPL-2.0-only WITH": false,
	} {
		if got := knownLicence(s); got != want {
			t.Errorf("%q: got %t", s, got)
		}
	}
}

func TestSupplier(t *testing.T) {
	for s, want := range map[string]string{
		"":                                 "",
		"Jane Doe <jane@x.org>":            "Person: Jane Doe (jane@x.org)",
		`"Doe, Jane" <jane@x.org>`:         "Person: Doe, Jane (jane@x.org)",
		"Red Hat, Inc.":                    "Organization: Red Hat, Inc.",
		"SUSE LLC <https://www.suse.com/>": "Organization: SUSE LLC (https://www.suse.com/)",
		"Jane Doe <jane@linux.org>":        "Person: Jane Doe (jane@linux.org)",
		"Debian Foo Team <a@b.c>":          "Organization: Debian Foo Team (a@b.c)",
		"x\ny":                             "Person: x y",
	} {
		if got := supplier(s); got != want {
			t.Errorf("%q: got %s, want %s", s, got, want)
		}
	}
}
