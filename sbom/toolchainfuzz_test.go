package sbom

import (
	"path"
	"regexp"
	"strings"
	"testing"
)

var cpeName = regexp.MustCompile(`^cpe:2\.3:a:[a-z_-]+:[a-z._-]+:[0-9.]*[0-9]:([a-z0-9]+|\*|-)(:\*){6}$`)

// fuzzToolchain fuzzes the parser of the file that tells of a toolchain below /srv.
func fuzzToolchain(f *testing.F, tail string, seeds ...string) {
	for _, s := range seeds {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		ps, unread := parseToolchain("/srv/x/"+tail, b)
		if unread != "" || len(ps) > 1 {
			t.Errorf("%d packages, unread %q", len(ps), unread)
		}
		for _, p := range ps {
			named(t, p)
			if !word(p.Version) || len(p.CPEs) == 0 || len(p.PURL) > 10*maxWord {
				t.Errorf("package %+v", p)
			}
			for _, name := range p.CPEs {
				if !cpeName.MatchString(name) {
					t.Errorf("CPE %q of version %q", name, p.Version)
				}
			}
			for _, file := range p.Files {
				if s := string(file); path.Clean(s) != s || s != "/srv/x" && !strings.HasPrefix(s, "/srv/x/") {
					t.Errorf("%s owns %q", p.PURL, s)
				}
			}
		}
	})
}

func FuzzGoVersion(f *testing.F) {
	fuzzToolchain(f, "VERSION", "go1.26.8\ntime 2026-08-28T16:20:06Z\n", "go1.27rc1", "devel go1.27-5a2cf3b", "go1.21.3-custom+x")
}

func FuzzJavaRelease(f *testing.F) {
	fuzzToolchain(f, "release",
		"IMPLEMENTOR=\"Eclipse Adoptium\"\nJAVA_RUNTIME_VERSION=\"25.0.3+9-LTS\"\nJAVA_VERSION=\"25.0.3\"\nSOURCE_REPO=\"https://github.com/adoptium/jdk25u.git\"\nFULL_VERSION=\"25.0.3+9-LTS\"\nIMAGE_TYPE=\"JDK\"\n",
		"JAVA_VERSION=\"1.8.0_302\"\nFULL_VERSION=\"1.8.0_302-b08\"\nIMPLEMENTOR=\"Azul Systems, Inc.\"\n",
		"IMPLEMENTOR=\"Oracle Corporation\"\nJAVA_VERSION=\"22.0.2\"\nIMAGE_TYPE=JRE\n", "IMPLEMENTOR=\"IBM\"\nJAVA_VERSION=\"1.8.0_000\"")
}

func FuzzRustChannel(f *testing.F) {
	fuzzToolchain(f, "lib/rustlib/multirust-channel-manifest.toml",
		"manifest-version = \"2\"\n[pkg.rust]\nversion = \"1.95.0 (59807616e 2026-04-14)\"\n", "[pkg.rust]\r\nversion = \"1.96.0-beta.3 (x)\"\n", "[pkg.rust]\n[pkg.rustc]\nversion = \"1\"")
}

func FuzzNodeVersion(f *testing.F) {
	fuzzToolchain(f, "include/node/node_version.h", "#define NODE_MAJOR_VERSION 20\n#define NODE_MINOR_VERSION 20\n#define NODE_PATCH_VERSION 2\n#define NODE_VERSION_IS_RELEASE 1\n",
		"#define NODE_MAJOR_VERSION 1\n#define NODE_MINOR_VERSION NODE_MAJOR_VERSION\n#define NODE_PATCH_VERSION \"\"\n")
}

func FuzzPythonVersion(f *testing.F) {
	fuzzToolchain(f, "include/python3.7m/patchlevel.h", "#define PY_VERSION \"3.7.16\"\n", "#define PY_VERSION \"3.7.0rc1+\"\n", "#define PY_VERSION \"3.7\"/../x\n")
}

func FuzzPHPVersion(f *testing.F) {
	fuzzToolchain(f, "include/php/main/php_version.h", "#define PHP_VERSION \"8.2.36\"\n", "#define PHP_VERSION \"8.4.0RC1\"\n", "#define PHP_VERSION \"8.5.0-dev\"\n")
}

func FuzzRubyConfig(f *testing.F) {
	fuzzToolchain(f, "lib/ruby/3.3.0/x86_64-linux/rbconfig.rb",
		"  CONFIG[\"MAJOR\"] = \"3\"\n  CONFIG[\"MINOR\"] = \"3\"\n  CONFIG[\"TEENY\"] = \"5\"\n  CONFIG[\"PATCHLEVEL\"] = \"100\"\n", "CONFIG[\"MAJOR\"] = \"$(X)\"\nCONFIG[\"MINOR\"] = \"")
}

func FuzzToolchainPath(f *testing.F) {
	for _, s := range []string{"/VERSION", "VERSION", "/usr/local/include/python3/patchlevel.h", "//lib/ruby/a/b/rbconfig.rb", "/include/node/node_version.h"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, p string) {
		kind, root, tail, ok := toolchainAt(p)
		if !ok {
			return
		}
		if match, err := path.Match(kind.telling, tail); root+tail != p || !strings.HasSuffix(root, "/") || !match || err != nil {
			t.Errorf("%q is %q in %q", p, tail, root)
		}
	})
}
