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
	apk := sbom.Package{PURL: "musl", Type: "apk", Name: "musl", Version: "1.2.5-r0", Arch: "x86_64"}
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
		{"no URL", deb("dash", "1", "all"), []string{"http://m.test/%zz/dash_1_all.deb"}, ""},
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
