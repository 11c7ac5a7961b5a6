package sbom_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sworn-build/sworn/sbom"
)

func TestDownloadsMatchByTheirVeryNames(t *testing.T) {
	deb := func(name, version, arch string) sbom.Package {
		return sbom.Package{PURL: name, Type: "deb", Name: name, Version: version, Arch: arch}
	}
	language := func(kind string) func(name, version string) sbom.Package {
		return func(name, version string) sbom.Package {
			return sbom.Package{PURL: name, Type: kind, Name: name, Version: version}
		}
	}
	python, node, module, generic := language("pypi"), language("npm"), language("golang"), language("generic")
	apk := sbom.Package{PURL: "musl", Type: "apk", Name: "musl", Version: "1.2.5-r0", Arch: "x86_64"}
	rpm := sbom.Package{PURL: "bash", Type: "rpm", Name: "Bash", Version: "5.1.8-9.el9", Arch: "x86_64"}
	for _, c := range []struct {
		name string
		pkg  sbom.Package
		urls []string
		want string // empty: none
	}{
		{"a pool", deb("dash", "0.5.12-2", "amd64"), []string{"http://m.test/other", "http://m.test/pool/d/dash_0.5.12-2_amd64.deb"}, "http://m.test/pool/d/dash_0.5.12-2_amd64.deb"},
		{"escaped", deb("g++", "4:12.2", "amd64"), []string{"http://m.test/g%2b%2b_12.2_amd64.deb"}, "http://m.test/g%2b%2b_12.2_amd64.deb"},
		{"with the epoch", deb("vim", "2:9.0", "all"), []string{"http://m.test/vim_2%3a9.0_all.deb"}, "http://m.test/vim_2%3a9.0_all.deb"},
		{"with an escaped escape", deb("vim", "2:9.0", "all"), []string{"http://m.test/vim_2%253a9.0_all.deb?x=1"}, "http://m.test/vim_2%253a9.0_all.deb?x=1"},
		{"another version", deb("dash", "0.5.12-2", "amd64"), []string{"http://m.test/dash_0.5.12-20_amd64.deb", "http://m.test/dash_0.5.12_amd64.deb"}, ""},
		{"another epoch", deb("vim", "2:9.0", "all"), []string{"http://m.test/vim_1%3a9.0_all.deb"}, ""},
		{"another architecture", deb("dash", "0.5.12-2", "amd64"), []string{"http://m.test/dash_0.5.12-2_arm64.deb"}, ""},
		{"another name", deb("dash", "0.5.12-2", "amd64"), []string{"http://m.test/libdash_0.5.12-2_amd64.deb"}, ""},
		{"two files", deb("dash", "1", "all"), []string{"http://m.test/a/dash_1_all.deb", "http://m.test/b/dash_1_all.deb"}, ""},
		{"two files, one by epoch", deb("dash", "1:1", "all"), []string{"http://m.test/a/dash_1_all.deb", "http://m.test/b/dash_1%3a1_all.deb"}, ""},
		{"apk", apk, []string{"https://m.test/v3/main/x86_64/musl-1.2.5-r0.apk"}, "https://m.test/v3/main/x86_64/musl-1.2.5-r0.apk"},
		{"apk of another architecture", apk, []string{"https://m.test/v3/main/aarch64/musl-1.2.5-r0.apk"}, ""},
		{"an apk is no deb", deb("musl", "1.2.5-r0", "x86_64"), []string{"https://m.test/x86_64/musl-1.2.5-r0.apk"}, ""},
		{"rpm", rpm, []string{"https://m.test/Packages/b/Bash-5.1.8-9.el9.x86_64.rpm?x"}, "https://m.test/Packages/b/Bash-5.1.8-9.el9.x86_64.rpm?x"},
		{"rpm of a source", rpm, []string{"https://m.test/Bash-5.1.8-9.el9.src.rpm"}, ""},
		{"a gem", language("gem")("rack", "2.2.4"), []string{"https://m.test/gems/rack-2.2.4-java.gem", "https://m.test/gems/rack-2.2.4.gem"}, "https://m.test/gems/rack-2.2.4.gem"},
		{"a gem of a platform", sbom.Package{PURL: "nokogiri", Type: "gem", Name: "nokogiri", Version: "1.15", Arch: "x86_64-linux"}, []string{"https://m.test/gems/nokogiri-1.15.gem", "https://m.test/nokogiri-1.15-x86_64-linux.gem"}, "https://m.test/nokogiri-1.15-x86_64-linux.gem"},
		{"a crate", language("cargo")("rand", "0.8.5"), []string{"https://m.test/crates/rand/rand-0.8.5.crate"}, "https://m.test/crates/rand/rand-0.8.5.crate"},
		{"NuGet", language("nuget")("Newtonsoft.Json", "13.0.1"), []string{"https://m.test/v3/newtonsoft.json/13.0.1/newtonsoft.json.13.0.1.nupkg"}, "https://m.test/v3/newtonsoft.json/13.0.1/newtonsoft.json.13.0.1.nupkg"},
		{"Maven", language("maven")("com.google.guava:guava", "31.1-jre"), []string{"https://m.test/maven2/com/google/guava/guava/31.1-jre/guava-31.1-jre.jar"}, "https://m.test/maven2/com/google/guava/guava/31.1-jre/guava-31.1-jre.jar"},
		{"Maven of another group", language("maven")("com.guava:guava", "31"), []string{"https://m.test/com/google/guava/guava/31/guava-31.jar", "https://m.test/com/guava/guava/31/guava-31-sources.jar"}, ""},
		{"no URL", deb("dash", "1", "all"), []string{"http://m.test/%zz/dash_1_all.deb"}, ""},
		{"Go", generic("go", "1.26.8"), []string{"https://m.test/dl/go1.26.8.linux-amd64.tar.gz?x"}, "https://m.test/dl/go1.26.8.linux-amd64.tar.gz?x"},
		{"Go by Go", generic("go", "1.26.8"), []string{"https://m.test/golang.org/toolchain/@v/v0.0.1-go1.26.8.linux-arm64.zip"}, "https://m.test/golang.org/toolchain/@v/v0.0.1-go1.26.8.linux-arm64.zip"},
		{"Go for two architectures", generic("go", "1.26.8"), []string{"https://m.test/go1.26.8.linux-amd64.tar.gz", "https://m.test/go1.26.8.linux-arm64.tar.gz"}, ""},
		{"Go of another version", generic("go", "1.26.8"), []string{"https://m.test/go1.26.80.linux-amd64.tar.gz", "https://m.test/go1.26.8.windows-amd64.zip", "https://m.test/go1.26.8.linux-amd64.tar.gz.asc"}, ""},
		{"Node.js", generic("node", "20.1.0"), []string{"https://m.test/dist/v20.1.0/SHASUMS256.txt", "https://m.test/dist/v20.1.0/node-v20.1.0-linux-x64.tar.xz"}, "https://m.test/dist/v20.1.0/node-v20.1.0-linux-x64.tar.xz"},
		{"source of Node.js", generic("node", "20.1.0"), []string{"https://m.test/node-v20.1.0.tar.gz"}, "https://m.test/node-v20.1.0.tar.gz"},
		{"source of Python", generic("python", "3.13.0rc1"), []string{"https://m.test/3.13.0/Python-3.13.0rc1.tgz", "https://m.test/3.13.0/Python-3.13.0rc1.tar.xz.asc"}, "https://m.test/3.13.0/Python-3.13.0rc1.tgz"},
		{"source of PHP", generic("php-cli", "8.3.1"), []string{"https://m.test/php-8.3.1.tar.bz2"}, "https://m.test/php-8.3.1.tar.bz2"},
		{"a JDK", generic("openjdk", "21.0.4+7"), []string{"https://m.test/OpenJDK21U-jdk_x64_linux_hotspot_21.0.4_7.tar.gz"}, ""},
		{"a wheel", python("Zope.Interface", "5.5.2"), []string{"https://m.test/packages/ab/zope_interface-5.5.2-1-cp311-cp311-linux_x86_64.whl#sha256=x"}, "https://m.test/packages/ab/zope_interface-5.5.2-1-cp311-cp311-linux_x86_64.whl#sha256=x"},
		{"a source archive", python("my-thing", "1.0"), []string{"https://m.test/my-thing-1.0.tar.gz"}, "https://m.test/my-thing-1.0.tar.gz"},
		{"a wheel of another version", python("six", "1.1"), []string{"https://m.test/six-1.10-py3-none-any.whl", "https://m.test/six-1.1.zip.asc"}, ""},
		{"a wheel and an archive of two bytes", python("six", "1"), []string{"https://m.test/six-1-py3-none-any.whl", "https://m.test/six-1.tar.gz"}, ""},
		{"npm behind a folder", node("left", "3.0.0"), []string{"https://m.test/mirror/npm/left/-/left-3.0.0.tgz"}, "https://m.test/mirror/npm/left/-/left-3.0.0.tgz"},
		{"npm with a scope", node("@a/left", "3.0.0"), []string{"https://m.test/left/-/left-3.0.0.tgz", "https://m.test/@b/left/-/left-3.0.0.tgz", "https://m.test/@a%2fleft/-/left-3.0.0.tgz"}, "https://m.test/@a%2fleft/-/left-3.0.0.tgz"},
		{"npm without one", node("left", "3.0.0"), []string{"https://m.test/@a/left/-/left-3.0.0.tgz"}, ""},
		{"npm of another name", node("left", "3.0.0"), []string{"https://m.test/left/-/right-3.0.0.tgz", "https://m.test/left-3.0.0.tgz"}, ""},
		{"a module behind a folder", module("github.com/BurntSushi/toml", "v1.5.0"), []string{"https://m.test/proxy/github.com/!burnt!sushi/toml/@v/v1.5.0.zip"}, "https://m.test/proxy/github.com/!burnt!sushi/toml/@v/v1.5.0.zip"},
		{"a module's other files", module("a.test/b", "v1.0.0"), []string{"https://m.test/a.test/b/@v/v1.0.0.mod", "https://m.test/a.test/b/@v/v1.0.0.info"}, ""},
		{"a module in capitals", module("a.test/b", "v1.0.0"), []string{"https://m.test/a.test/!b/@v/v1.0.0.zip", "https://m.test/a.test/B/@v/v1.0.0.zip"}, ""},
		{"Go's own library", module("stdlib", "1.26"), []string{"https://m.test/stdlib/@v/1.26.zip"}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			var downloads []sbom.Download
			for _, u := range c.urls {
				downloads = append(downloads, sbom.Download{URL: u, SHA256: u})
			}
			want := map[string]sbom.Download{}
			if c.want != "" {
				want[c.pkg.PURL] = sbom.Download{URL: c.want, SHA256: c.want}
			}
			if d := cmp.Diff(want, sbom.Downloads([]sbom.Package{c.pkg}, downloads)); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
		})
	}
	same := []sbom.Download{{URL: "http://a.test/dash_1_all.deb", SHA256: "00"}, {URL: "http://b.test/dash_1_all.deb", SHA256: "00"}}
	want := map[string]sbom.Download{"dash": same[0]}
	if d := cmp.Diff(want, sbom.Downloads([]sbom.Package{deb("dash", "1", "all")}, same)); d != "" {
		t.Errorf("of two mirrors (-want +got):\n%s", d)
	}
}
