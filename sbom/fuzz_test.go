package sbom_test

import (
	"path"
	"strings"
	"testing"

	"github.com/sworn-build/sworn/sbom"
)

func clean(t *testing.T, p string) {
	if p == "/" || !strings.HasPrefix(p, "/") || path.Clean(p) != p || strings.IndexByte(p, 0) >= 0 {
		t.Errorf("path %q is not absolute and clean", p)
	}
}

func FuzzParseDpkgStatus(f *testing.F) {
	f.Add([]byte(sample(f, "dpkg-status")))
	f.Add([]byte("Package: a\nVersion: 1\nSource: b (2)\n\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		ps, err := sbom.ParseDpkgStatus(b)
		for _, p := range ps {
			if err != nil || p.Name == "" || p.Version == "" || p.Source == "" {
				t.Errorf("package %+v, %v", p, err)
			}
		}
	})
}

func FuzzParseDpkgList(f *testing.F) {
	f.Add([]byte(sample(f, "dpkg-list-libc6")))
	f.Add([]byte("../../etc//passwd\n/.\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, p := range append(sbom.ParseDpkgList(b), sbom.ParseMD5Sums(b)...) {
			clean(t, p)
		}
	})
}

func FuzzParseMD5Sums(f *testing.F) {
	f.Add([]byte(sample(f, "dpkg-md5sums")))
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, p := range sbom.ParseMD5Sums(b) {
			clean(t, p)
		}
	})
}

func FuzzParseDiversions(f *testing.F) {
	f.Add([]byte(sample(f, "dpkg-diversions")))
	f.Fuzz(func(t *testing.T, b []byte) {
		ds, err := sbom.ParseDiversions(b)
		for _, d := range ds {
			clean(t, d.From)
			clean(t, d.To)
			if err != nil || d.Package == "" {
				t.Errorf("diversion %+v, %v", d, err)
			}
		}
	})
}

func FuzzParseApk(f *testing.F) {
	f.Add([]byte(sample(f, "apk-installed")))
	f.Fuzz(func(t *testing.T, b []byte) {
		ps, err := sbom.ParseApk(b)
		for _, p := range ps {
			if err != nil || p.Name == "" || p.Version == "" {
				t.Errorf("package %+v, %v", p, err)
			}
			for _, file := range p.Files {
				clean(t, string(file))
			}
		}
	})
}

func FuzzParseOSRelease(f *testing.F) {
	f.Add([]byte(sample(f, "os-release-debian")))
	f.Add([]byte(sample(f, "os-release-alpine")))
	f.Fuzz(func(t *testing.T, b []byte) {
		d := sbom.ParseOSRelease(b)
		if strings.ContainsAny(d.ID+d.Version, "/?#@% \n\"'") || d.ID == "" && d.Version != "" {
			t.Errorf("distribution %+v", d)
		}
	})
}
