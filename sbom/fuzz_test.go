package sbom_test

import (
	"encoding/hex"
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

func checkSum(t *testing.T, s sbom.Sum) {
	t.Helper()
	clean(t, string(s.Path))
	length := map[string]int{"md5": 16, "sha1": 20, "sha256": 32}[s.Algorithm]
	if b, err := hex.DecodeString(s.Value); err != nil || len(b) != length || strings.ToLower(s.Value) != s.Value {
		t.Errorf("sum %+v", s)
	}
}

func FuzzParseDpkgStatus(f *testing.F) {
	f.Add([]byte(sample(f, "dpkg-status")))
	f.Add([]byte("Package: a\nVersion: 1\nSource: b (2)\n\n"))
	f.Add([]byte("Package: a\nVersion: 1\nConffiles:\n /etc/a 0123456789abcdef0123456789abcdef\n /etc/b newconffile\n /../c 0123456789abcdef0123456789abcdef obsolete\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		ps, _ := sbom.ParseDpkgStatus(b)
		for _, p := range ps {
			if p.Name == "" || p.Version == "" || p.Source == "" {
				t.Errorf("package %+v", p)
			}
			for _, s := range p.Sums {
				checkSum(t, s)
			}
		}
	})
}

func FuzzParseDpkgList(f *testing.F) {
	f.Add([]byte(sample(f, "dpkg-list-libc6")))
	f.Add([]byte("../../etc//passwd\n/.\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, p := range sbom.ParseDpkgList(b) {
			clean(t, p)
		}
	})
}

func FuzzParseMD5Sums(f *testing.F) {
	f.Add([]byte(sample(f, "dpkg-md5sums")))
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, s := range sbom.ParseMD5Sums(b) {
			checkSum(t, s)
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
		ps, _ := sbom.ParseApk(b)
		for _, p := range ps {
			if p.Name == "" || p.Version == "" {
				t.Errorf("package %+v", p)
			}
			for _, file := range p.Files {
				clean(t, string(file))
			}
			for _, s := range p.Sums {
				checkSum(t, s)
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
