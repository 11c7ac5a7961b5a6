package sbom

import (
	"bytes"
	"path"
	"strings"
	"testing"

	"github.com/sworn-build/sworn/sbom/treetest"
)

// named verifies what every package of a manifest promises.
func named(t *testing.T, p Package) {
	t.Helper()
	for _, s := range []string{p.Name, p.PURL} {
		if !word(s) {
			t.Errorf("package %+v", p)
		}
	}
	if strings.ContainsAny(p.Version+p.Licence+p.Homepage+p.Maintainer+p.Originator, "\n\x00") || !strings.HasPrefix(p.PURL, "pkg:"+p.Type+"/") {
		t.Errorf("package %+v", p)
	}
	// What SPDX has in brackets behind a name is an address.
	for _, who := range []string{supplier(p.Maintainer), supplier(p.Originator)} {
		_, name, ok := strings.Cut(who, ": ")
		i := strings.LastIndex(name, " (")
		if who != "" && (!ok || name == "" || i >= 0 && strings.HasSuffix(name, ")") && !address(name[i+2:len(name)-1])) {
			t.Errorf("party %q of %+v", who, p)
		}
	}
}

func FuzzPythonMetadata(f *testing.F) {
	f.Add([]byte("Metadata-Version: 2.1\nName: zope.interface\nVersion: 5.5.2\nLicense: ZPL 2.1\nHome-page: https://example.org\n\nName: no\n"))
	f.Add([]byte("Name: a\nVersion: 1\xff\n"))
	f.Add([]byte("Name: a\nVersion: 1\nAuthor: A, B\nAuthor-email: \"C, Inc.\" <c@c.test>, d@d.test\nMaintainer: E (x)\nMaintainer-email: e@e.test\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if p, unread := parsePython(b); unread == "" {
			named(t, p)
		} else if p.Name != "" {
			t.Errorf("package %+v, but %s", p, unread)
		}
	})
}

func FuzzPythonRecord(f *testing.F) {
	f.Add([]byte("six.py,sha256=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU,0\nx.py,sha256=x,1\n"))
	f.Add([]byte("six.py,sha256=x,1\r\n../../../bin/six,,\n\"a,b\"\"c.py\",,\n"))
	f.Add([]byte("../../../../etc/passwd,,\n/etc/shadow,,\n\x00,,\n\"\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, home := range []string{"/", "/usr/local"} {
			for _, one := range append(readRecord(b), readLines(b)...) {
				name := one.name
				p, ok := listedBelow(home, "/usr/local/lib/python3/site-packages", name)
				if ok && (path.Clean(p) != p || home != "/" && !strings.HasPrefix(p, home+"/") || strings.IndexByte(p, 0) >= 0) {
					t.Errorf("%q is %q", name, p)
				}
			}
		}
	})
}

func FuzzNodePackage(f *testing.F) {
	f.Add([]byte(`{"name":"@scope/a","version":"1.0.0","license":"MIT","homepage":"https://example.org"}`))
	f.Add([]byte(`{"name":"a","version":"1","author":"A <a@a.test> (https://a.test)","maintainers":[{"name":"B","email":"b@b.test"},"C"]}`))
	f.Add([]byte(`{"name":["a"],"version":{},"license":{"type":"MIT"},"NAME":"b"}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		if p, unread := parseNode(b); unread == "" {
			named(t, p)
		} else if p.Name != "" {
			t.Errorf("package %+v, but %s", p, unread)
		}
	})
}

func FuzzGoProgram(f *testing.F) {
	f.Add(treetest.GoProgram("go1.26.8", "path\tx/cmd\nmod\tx\t(devel)\t\ndep\tgolang.org/x/sys\tv0.48.0\th1:x\ndep\ta.test/b\tv1.0.0\n=>\t./b\t\t\n"))
	f.Add(treetest.GoProgram("go1.26.8 X:nothing", ""))
	f.Fuzz(func(t *testing.T, b []byte) {
		ps, _ := readGo(bytes.NewReader(b), "/app")
		for _, p := range ps {
			named(t, p)
		}
	})
}

func FuzzDownloadName(f *testing.F) {
	for _, s := range []string{
		"http://m.test/g%2b%2b_12.2_amd64.deb?x=1", "https://m.test/x86_64/musl-1.2.5-r0.apk", "https://m.test/packages/six-1.16.0-py2.py3-none-any.whl",
		"https://m.test/@types%2fnode/-/node-20.1.0.tgz", "https://m.test/github.com/!burnt!sushi/toml/@v/v1.0.0.zip", "https://m.test/six-1.16.0.tar.gz#sha256=x", "https://m.test/go1.26.8.linux-amd64.tar.gz",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, url string) {
		if keys := fileKeys(url); len(keys) > maxElements {
			t.Errorf("%d keys", len(keys))
		}
	})
}

// fuzzList fuzzes the parser of a file that lists packages.
func fuzzList(f *testing.F, at string, parse func(string, []byte) ([]Package, string), seeds ...string) {
	for _, s := range seeds {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		ps, unread := parse(at, b)
		if unread != "" && len(ps) > 0 {
			t.Errorf("packages %+v, but %s", ps, unread)
		}
		for _, p := range ps {
			named(t, p)
			for _, file := range p.Files {
				if s := string(file); path.Clean(s) != s || !strings.HasPrefix(s, "/srv/") || strings.IndexByte(s, 0) >= 0 {
					t.Errorf("%s owns %q", p.PURL, s)
				}
			}
		}
	})
}

func FuzzGemSpecification(f *testing.F) {
	fuzzList(f, "/srv/specifications/foo-1.gemspec", parseGem,
		"# stub: foo 1.0 x86_64-linux lib\n\nGem::Specification.new do |s|\n  s.name = \"foo\".freeze\n  s.licenses = [\"MIT\".freeze, 'Ruby']\nend\n",
		"Gem::Specification.new do |s|\n  s.name = 'foo'\n  s.version = Gem::Version.new(\"1\")\n")
}

func FuzzComposerList(f *testing.F) {
	fuzzList(f, "/srv/app/vendor/composer/installed.json", parseComposer,
		`{"packages":[{"name":"a/b","version":"1.0","license":["MIT","ISC"],"homepage":"https://a.test","install-path":"../a/b"}],"dev":true}`,
		`[{"name":"a/b","version":"dev-main","install-path":null},{"name":5}]`, `{"packages":[{"install-path":"../../../x"}]}`)
}

func FuzzNugetList(f *testing.F) {
	fuzzList(f, "/srv/app/x.deps.json", parseNuget,
		`{"targets":{"t":{"x/1":{"runtime":{"x.dll":{}}},"a/2":{"runtimeTargets":{"runtimes/l/n.so":{}},"resources":{"de/a.dll":{"locale":"de"}}}}},"libraries":{"x/1":{"type":"project"},"a/2":{}}}`,
		`{"libraries":{"runtimepack.a/1":5},"targets":{"t":{"a/1":{"native":{"../../x":{}}}}}}`)
}

func FuzzCargoProgram(f *testing.F) {
	f.Add(treetest.CargoProgram(`{"packages":[{"name":"a","version":"1.0","kind":"build"},{"name":"b","version":"2","root":true}]}`))
	f.Add(treetest.CargoProgram(`{"packages":{}}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		ps, _ := readCargo(bytes.NewReader(b), "/app")
		for _, p := range ps {
			named(t, p)
		}
	})
}
