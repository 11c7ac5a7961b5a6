package sbom

import "testing"

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
		"":                         "",
		"Jane Doe <jane@x.org>":    "Person: Jane Doe (jane@x.org)",
		`"Doe, Jane" <jane@x.org>`: "Person: Doe, Jane (jane@x.org)",
		"Debian Foo Team <a@b.c>":  "Organization: Debian Foo Team (a@b.c)",
		"x\ny":                     "Person: x y",
	} {
		if got := supplier(s); got != want {
			t.Errorf("%q: got %s, want %s", s, got, want)
		}
	}
}
