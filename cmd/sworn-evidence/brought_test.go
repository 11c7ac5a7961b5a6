package main

import (
	"crypto/md5"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sworn-build/sworn/sbom"
	"github.com/sworn-build/sworn/sbom/treetest"
	"github.com/sworn-build/sworn/step"
)

// withCurl is dpkg's status with a package more.
func withCurl(dash string) string {
	return status(dash) + "\nPackage: curl\nStatus: install ok installed\nArchitecture: amd64\nVersion: 8.1\n"
}

// curl is what installing it writes.
func curl() []string {
	return []string{
		"file 0644 /var/lib/dpkg/status " + withCurl("0.5.12-2"), "file 0644 /var/lib/dpkg/info/curl.list /.\n/usr/bin/curl\n/etc/curlrc\n/usr/lib/libcurl.so.4\n",
		"file 0755 /usr/bin/curl curl", "file 0644 /etc/curlrc rc", "file 0644 /usr/lib/libcurl.so.4 lib", "file 0644 /var/log/dpkg.log log", "file 0644 /etc/ld.so.cache cache",
	}
}

// dpkg is a package manager that a step runs out of a mount.
func dpkg() step.Input {
	i := read("/m/usr/bin/dpkg", "dpkg")
	i.Mount = "/m"
	return i
}

// installing is a command with an open network that runs dpkg.
func installing() *step.Record { return observed("", dpkg()) }

func md5Sum(s string) string {
	sum := md5.Sum([]byte(s))
	return hex.EncodeToString(sum[:])
}

// wheel is a package of Python.
func wheel(version string) []string {
	return []string{
		"file 0644 /lib/x-" + version + ".dist-info/METADATA Metadata-Version: 2.1\nName: x\nVersion: " + version + "\n",
		"file 0644 /lib/x-" + version + ".dist-info/RECORD x.py,,\nx-" + version + ".dist-info/METADATA,,\nx-" + version + ".dist-info/RECORD,,\n",
		"file 0644 /lib/x.py code of " + version,
	}
}

func TestOriginsOfPackages(t *testing.T) {
	const open = " (the network of line 2 was not recorded, network=record does)"
	for _, c := range []struct {
		name string
		play func(b *played, base, context string)
		want map[string]string
	}{
		{"installed over an open network", func(b *played, base, _ string) {
			b.run(base, installing(), append(curl(), "file 0644 /var/lib/apt/lists/x list", "file 0755 /var/lib/dpkg/tool tool", "link /etc/alternatives/sh /bin/dash")...)
		}, map[string]string{
			"/usr/bin/curl": "package step1", "/etc/curlrc": "package step1", "/usr/bin/dash": "package source1", "/etc/motd": "package source1",
			"/var/lib/dpkg/status": "package-manager-state step1", "/var/lib/dpkg/info/dash.list": "package-manager-state source1",
			"/var/log/dpkg.log": "package-manager-state step1", "/etc/ld.so.cache": "package-manager-state step1", "/var/lib/apt/lists/x": "package-manager-state step1",
			"/etc/alternatives/sh": "package-manager-state step1", "/var/lib/dpkg/tool": "unexplained step1" + open,
		}},
		{"state of a step that changed no package", func(b *played, base, _ string) {
			one := b.run(base, observed(""), "file 0644 /var/lib/apt/lists/x list", "file 0644 /var/lib/dpkg/status "+status("0.5.12-2")+"\n")
			b.none(one, nil, "file 0644 /var/lib/apt/lists/y list 2")
		}, map[string]string{
			"/var/lib/apt/lists/x": "unexplained step1" + open, "/var/lib/dpkg/status": "unexplained step1" + open, "/var/lib/apt/lists/y": "package-manager-state step2",
		}},
		{"changed", func(b *played, base, context string) {
			one := b.file("COPY", base, "copy "+context+":/rc /etc/motd", "file 0644 /etc/motd rc of the context")
			two := b.none(one, nil, "file 0644 /etc/issue other", "link /usr/bin/sh /opt/evil")
			b.none(two, []step.Input{read("/etc/unowned", "u")}, "file 0755 /usr/bin/dash u")
		}, map[string]string{
			"/etc/motd": "package-changed source2 at /rc", "/etc/issue": "package-changed step2", "/usr/bin/sh": "package-changed step2",
			"/usr/bin/dash": "package-changed source1 at /etc/unowned",
		}},
		{"another package's bytes", func(b *played, base, _ string) {
			one := b.run(base, installing(), curl()...)
			b.none(one, []step.Input{read("/usr/bin/curl", "curl")}, "file 0755 /usr/bin/dash curl", "file 0755 /opt/curl curl")
		}, map[string]string{"/usr/bin/dash": "package-changed step1 at /usr/bin/curl", "/opt/curl": "step step1 at /usr/bin/curl"}},
		{"as its package's digests say", func(b *played, base, context string) {
			one := b.file("COPY", base, "copy "+context+":/rc /etc/motd", "file 0644 /etc/motd rc of the context", "file 0644 /var/lib/dpkg/info/base-files.md5sums "+md5Sum("rc of the context")+"  etc/motd\n")
			b.none(one, nil, "file 0644 /var/lib/dpkg/info/dash.md5sums "+md5Sum("another")+"  usr/bin/dash\n")
		}, map[string]string{"/etc/motd": "package source1", "/usr/bin/dash": "package-changed source1"}},
		{"a package that lists what the base had", func(b *played, base, _ string) {
			b.run(base, installing(), "file 0644 /var/lib/dpkg/status "+withCurl("0.5.12-2"), "file 0644 /var/lib/dpkg/info/curl.list /etc/os-release\n/etc/../etc/unowned\n")
		}, map[string]string{"/etc/os-release": "package-changed source1", "/etc/unowned": "base source1"}},
		{"another version", func(b *played, base, _ string) {
			one := b.run(base, installing(), "file 0644 /var/lib/dpkg/status "+status("0.5.12-3"), "file 0755 /usr/bin/dash dash2")
			b.none(one, nil, "file 0700 /usr/bin/dash dash2")
		}, map[string]string{"/usr/bin/dash": "package step1", "/usr/bin/sh": "package step1"}},
		{"copied out of a stage", func(b *played, base, _ string) {
			one := b.run(base, installing(), curl()...)
			b.file("COPY --from=0", "", "copy "+one+":/usr /usr; copy "+one+":/var/log/dpkg.log /log",
				"file 0755 /usr/bin/curl curl", "file 0755 /usr/bin/dash dash1", "link /usr/bin/sh dash", "file 0644 /usr/lib/libcurl.so.4 lib", "file 0644 /log log")
		}, map[string]string{
			"/usr/bin/curl": "stage step1 of package", "/usr/bin/dash": "base source1", "/usr/bin/sh": "base source1",
			"/usr/lib/libcurl.so.4": "stage step1 of package", "/log": "stage step1 of package-manager-state at /var/log/dpkg.log",
		}},
		{"a whole stage", func(b *played, base, _ string) {
			one := b.run(base, installing(), curl()...)
			b.file("COPY --from=0", "", "copy "+one+":/ /", b.states[one]...)
		}, map[string]string{
			"/usr/bin/curl": "package step1", "/usr/bin/dash": "package source1", "/var/lib/dpkg/status": "package-manager-state step1", "/etc/os-release": "base source1",
		}},
		{"a package of a language", func(b *played, base, _ string) {
			one := b.none(base, nil, wheel("1")...)
			b.none(one, nil, "file 0644 /lib/x-1.dist-info/INSTALLER me", "file 0755 /lib/x.py code of 1")
		}, map[string]string{
			"/lib/x.py": "package step1", "/lib/x-1.dist-info/METADATA": "package step1", "/lib/x-1.dist-info/INSTALLER": "package-changed step2",
		}},
		{"a package of a language, over an open network", func(b *played, base, _ string) { b.run(base, observed(""), wheel("1")...) },
			map[string]string{"/lib/x.py": "unexplained step1" + open}},
		{"a wheel whose list has digests", func(b *played, base, _ string) {
			sum := func(s string) string {
				raw := sha256.Sum256([]byte(s))
				return "sha256=" + base64.RawURLEncoding.EncodeToString(raw[:]) + "," + strconv.Itoa(len(s))
			}
			one := b.none(base, nil, append(wheel("1"), "file 0644 /lib/x-1.dist-info/RECORD x.py,"+sum("code of 1")+"\ny.py,"+sum("y")+"\nx-1.dist-info/RECORD,,\n", "file 0644 /lib/y.py other")...)
			b.file("COPY", one, "", "file 0644 /lib/x-1.dist-info/INSTALLER me")
		}, map[string]string{"/lib/x.py": "package step1", "/lib/y.py": "package-changed step1"}},
		{"a package of a language of a stage", func(b *played, base, _ string) {
			one := b.none(base, nil, wheel("1")...)
			b.file("COPY --from=0", base, "copy "+one+":/lib /lib", wheel("1")...)
		}, map[string]string{"/lib/x.py": "package step1"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := play(t, step.Rules{})
			base := b.image(true, base()...)
			c.play(b, base, b.context("file 0644 /rc rc of the context"))
			b.wantOrigins(c.want)
		})
	}
}

// accounted are the packages of the image as statements get them.
func (b *played) accounted() sbom.Installed {
	b.t.Helper()
	g, err := newGraph(b.plan, func(p step.Place) ([]byte, error) { return b.evidence[p], nil })
	if err != nil {
		b.t.Fatal(err)
	}
	files, in, err := g.fold(b.plan.Image)
	if err != nil {
		b.t.Fatal(err)
	}
	g.account(files, &in)
	return in
}

func TestEveryPackageHasWhatBroughtIt(t *testing.T) {
	b := play(t, step.Rules{})
	base := b.image(true, base()...)
	stage := b.none(base, nil, wheel("1")...)
	one := b.run(base, installing(), curl()...)
	two := b.file("COPY --from=0", one, "copy "+stage+":/lib /lib", wheel("1")...)
	b.none(two, nil, "file 0644 /app/node_modules/y/package.json {\"name\":\"y\",\"version\":\"2\"}")
	got := map[string]string{}
	for _, p := range b.accounted().Packages {
		got[p.Name+" "+p.Version] = b.accounted().By[p.PURL]
	}
	want := map[string]string{"base-files 12.4+deb12u5": "source1", "dash 0.5.12-2": "source1", "curl 8.1": "step2", "x 1": "step1", "y 2": "step4"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestPackagesThatAreGone(t *testing.T) {
	b := play(t, step.Rules{})
	one := b.run(b.image(true, base()...), installing(), append(curl(), wheel("1")...)...)
	gone := []string{"file 0644 /var/lib/dpkg/status " + status("0.5.12-2")}
	for _, e := range curl() {
		if p := treetest.PathOf(e); strings.Contains(p, "curl") {
			gone = append(gone, "rm "+p)
		}
	}
	two := b.none(one, nil, gone...)
	upgraded := []string{"rm /lib/x-1.dist-info/METADATA", "rm /lib/x-1.dist-info/RECORD"}
	three := b.none(two, nil, append(upgraded, wheel("2")...)...)
	show := func() (out []string) {
		for _, r := range b.accounted().Removed {
			out = append(out, fmt.Sprintf("%s %s %s %s %d", r.Name, r.Version, r.By, r.RemovedBy, len(r.Files)))
		}
		return out
	}
	// Another version is no removal.
	if diff := cmp.Diff([]string{"curl 8.1 step1 step2 0"}, show()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	b.run(three, installing(), curl()...)
	if got := show(); got != nil {
		t.Errorf("installed again: %q", got)
	}
}

// TestToolsAreWhatAStageReadForTheImage: packages of steps that made something of the
// image, directly or for one another, in other stages.
func TestToolsAreWhatAStageReadForTheImage(t *testing.T) {
	b := play(t, step.Rules{})
	base := b.image(true, base()...)
	one := b.run(base, observed(step.NetworkRecord), append(curl(), wheel("1")...)...)
	two := b.none(one, []step.Input{read("/etc/issue", "issue"), read("/usr/bin/curl", "curl")}, "file 0644 /gen/source made")
	two = b.none(two, []step.Input{read("/lib/x.py", "code of 1")}, "file 0644 /gen/copy code of 1")
	three := b.none(two, []step.Input{read("/gen/copy", "code of 1"), read("/gen/source", "made"), read("/lib/x.py", "code of 1"), read("/usr/lib/libcurl.so.4", "lib")}, "file 0755 /out/app binary", "file 0755 /out/unused unused")
	b.none(three, []step.Input{read("/usr/bin/dash", "dash1")}, "file 0755 /out/other other") // nothing of it is in the image
	four := b.file("COPY --from=0", base, "copy "+three+":/out/app /app", "file 0755 /app binary")
	b.none(four, []step.Input{read("/usr/bin/dash", "dash1")}, "file 0644 /made m")
	var got []string
	for _, p := range b.accounted().Tools {
		got = append(got, fmt.Sprintf("%s %s %s %s", p.Name, p.Version, p.Relation, strings.Join(p.Steps, ",")))
	}
	want := []string{
		"base-files 12.4+deb12u5 BUILD_DEPENDENCY_OF step2", "curl 8.1 BUILD_TOOL_OF step2,step4", "x 1 BUILD_DEPENDENCY_OF step4", // step3 copied it
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
