//go:build e2e

package e2e

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// packageServer serves a package and a program. What a step gets from it is not the same
// twice.
func packageServer(t *testing.T) (url string) {
	t.Helper()
	mux := http.NewServeMux()
	served := 0
	mux.HandleFunc("/x86_64/", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "a package") })
	mux.HandleFunc("/tool", func(w http.ResponseWriter, _ *http.Request) { served++; fmt.Fprintln(w, "tool", served) })
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server.URL
}

// breaking is a Dockerfile with something for each rule about what a build makes, in
// lines of their own from 3 on.
func breaking(url string) string {
	db := func(name, licence string) string {
		return `printf 'P:` + name + `\nV:1-r0\nA:x86_64\nL:` + licence + `\nF:usr/bin\nR:` + name + `\n\n' >> /lib/apk/db/installed`
	}
	return strings.Join([]string{
		"FROM busybox",
		"COPY --chmod=0666 f /f",
		"RUN --network=none echo up > /bin/up && echo gone > /bin/gone && chmod 4755 /bin/up /bin/gone && mkdir -p /lib/apk/db",
		"RUN --network=none rm /bin/gone && mkdir -m 0777 /open && mkdir -m 1777 /sticky",
		"# sworn: network=record",
		"RUN wget -q -O /p " + url + "/x86_64/good-1-r0.apk && rm /p && " + db("good", "GPL-2.0-only OR MIT") + " && " + db("local", "MIT"),
		"# sworn: network=none",
		"RUN " + db("copyleft", "GPL-3.0-or-later") + " && " + db("odd", ""),
		"RUN wget -q -O /opt-tool " + url + "/tool && cat /bin/up > /bin/up2",
		"RUN --network=none cat /opt-tool > /made",
	}, "\n") + "\n"
}

// rulesAt are the options that have all rules about what a build makes at a level, with
// lists to compare with.
func rulesAt(level, url string) string {
	host, _, _ := strings.Cut(strings.TrimPrefix(url, "http://"), "/")
	return fmt.Sprintf(" rules=none,SetuidFileAdded:%[1]s,WorldWritableFileAdded:%[1]s,UnexplainedFile:%[1]s,UndeclaredPackageSource:%[1]s,ListedLicence:%[1]s sources=%[2]s licences=GPL-*", level, host)
}

// inBreaking are the findings in [breaking], by rule.
func inBreaking() map[string][]string {
	const off = "(the network of line 10 was not recorded, network=record does)"
	return map[string][]string{
		"SetuidFileAdded":        {"SetuidFileAdded: 1 setuid or setgid file: /bin/up (mode 4755, owner 0:0) (line 4)"},
		"WorldWritableFileAdded": {"WorldWritableFileAdded: 1 file or folder that everyone may write: /open (mode 0777) (line 5)", "WorldWritableFileAdded: 1 file or folder that everyone may write: /f (mode 0666) (line 3)"},
		"UnexplainedFile":        {"UnexplainedFile: 1 file whose bytes come from nowhere on record: /made " + off + " (line 11)", "UnexplainedFile: 1 file whose bytes come from nowhere on record: /opt-tool " + off + " (line 10)"},
		"UndeclaredPackageSource": {
			"UndeclaredPackageSource: 1 package from elsewhere than the declared sources: local (unknown source: no recorded download has its name, version and architecture) (line 7)",
			"UndeclaredPackageSource: 2 packages from elsewhere than the declared sources: copyleft (unknown source: the network of the step was not recorded), odd (unknown source: the network of the step was not recorded) (line 9)",
		},
		"ListedLicence": {
			"ListedLicence: 1 package under a listed licence: copyleft (GPL-3.0-or-later) (line 9)",
			"ListedLicence: 1 package whose licence is not known is not judged: odd (licence not known) (line 9)",
		},
	}
}

// warnsOf builds with buildx, which lists warnings, and returns those of rules about what a
// build makes.
func warnsOf(t *testing.T, e env, dir string, args ...string) (built, []string) {
	t.Helper()
	var r built
	r.log, r.err = run(t, e.tool("docker-buildx"), append(append([]string{"build", "--progress", "plain"}, args...), dir)...)
	var out []string
	for _, line := range warned(r.log) {
		rule, _, _ := strings.Cut(line, ":")
		if _, ok := inBreaking()[rule]; ok {
			out = append(out, line)
		}
	}
	return r, out
}

// What rules find in what a build made is said once, by a build that runs everything, by
// one that runs nothing, and by one that has all from an imported cache of results alone.
func TestFindingsInWhatWasMadeSurviveCaches(t *testing.T) {
	e := mustEnv(t)
	url := packageServer(t)
	cache := imageName(e.registry, t, "cache")
	dir := files{"Dockerfile": "# syntax=" + e.frontend() + rulesAt("warn", url) + "\n" + breaking(url), "f": "f"}.write(t)
	one, other := ownBuilder(t, e), ownBuilder(t, e)
	var want []string
	for _, lines := range inBreaking() {
		want = append(want, lines...)
	}
	slices.Sort(want)
	for _, c := range []struct {
		name, host string
		args       []string
	}{
		{"fresh", one, []string{"--cache-to", "type=registry,mode=min,ref=" + cache}},
		{"cached", one, nil},
		{"imported", other, []string{"--cache-from", "type=registry,ref=" + cache}},
	} {
		t.Run(c.name, func(t *testing.T) {
			useBuilder(t, e, c.host)
			r, got := warnsOf(t, e, dir, append(c.args, "--push", "-t", imageName(e.registry, t, "latest"))...)
			if diff := cmp.Diff(want, got); r.err != nil || diff != "" || c.name != "fresh" && r.printed("] RUN ") {
				t.Errorf("%v (-want +got):\n%s\n%s", r.err, diff, r.log)
			}
		})
	}
}

func TestFindingsInWhatWasMadeFailTheBuild(t *testing.T) {
	t.Parallel()
	e := mustEnv(t)
	url := packageServer(t)
	lines := strings.Split(breaking(url), "\n")
	for rule, want := range inBreaking() {
		t.Run(rule, func(t *testing.T) {
			options := strings.ReplaceAll(rulesAt("warn", url), rule+":warn", rule+":error")
			image := imageName(e.registry, t, "latest")
			dir := files{"Dockerfile": "# syntax=" + e.frontend() + options + "\n" + breaking(url), "f": "f"}.write(t)
			for _, when := range []string{"first", "cached"} {
				r, warnings := warnsOf(t, e, dir, "--push", "-t", image)
				for _, f := range want {
					if strings.Contains(f, "not judged") {
						if !slices.Contains(warnings, f) {
							t.Errorf("%s: no warning %q", when, f)
						}
						continue
					}
					var line int
					if _, err := fmt.Sscanf(f[strings.LastIndex(f, "(line"):], "(line %d)", &line); err != nil {
						t.Fatal(err)
					}
					wantRefused(t, r, image, f, lines[line-2])
				}
			}
		})
	}
	t.Run("accepted", func(t *testing.T) {
		options := rulesAt("error", url) + " accept=SetuidFileAdded:/bin/up,WorldWritableFileAdded:/open,WorldWritableFileAdded:/f accept=UnexplainedFile:/opt-*,UnexplainedFile:/made,UndeclaredPackageSource:*,ListedLicence:copyleft"
		dir := files{"Dockerfile": "# syntax=" + e.frontend() + options + "\n" + breaking(url), "f": "f"}.write(t)
		r, got := warnsOf(t, e, dir, "--push", "-t", imageName(e.registry, t, "latest"))
		if diff := cmp.Diff(inBreaking()["ListedLicence"][1:], got); r.err != nil || diff != "" {
			t.Errorf("%v (-want +got):\n%s\n%s", r.err, diff, r.log)
		}
	})
	t.Run("skipped above the instruction", func(t *testing.T) {
		text := strings.Replace(breaking(url), "RUN --network=none echo up", "# check=skip=SetuidFileAdded\nRUN --network=none echo up", 1)
		dir := files{"Dockerfile": "# syntax=" + e.frontend() + " rules=none,SetuidFileAdded:warn\n" + text, "f": "f"}.write(t)
		if r, got := warnsOf(t, e, dir, "--push", "-t", imageName(e.registry, t, "latest")); r.err != nil || len(got) > 0 {
			t.Errorf("%v, %q\n%s", r.err, got, r.log)
		}
	})
	t.Run("without statements", func(t *testing.T) {
		r, image := buildOn(t, e, e.frontend(), " statements=off rules=none,SetuidFileAdded:error", "FROM busybox\nRUN true\n")
		wantRefused(t, r, image, "SetuidFileAdded: not checked: with statements=off nothing is known of what the build makes", "")
	})
}

// Packages that apt installs have their sources from the recorded network.
func TestSourcesOfAptAreKnown(t *testing.T) {
	t.Parallel()
	e := mustEnv(t)
	text := "FROM debian:bookworm\nRUN apt-get update && apt-get install -y --no-install-recommends tini && rm -rf /var/lib/apt/lists/*\n"
	r, _ := buildOn(t, e, e.frontend(), " network=record sources=**/**/pool/** rules=all:error,UnpinnedBaseImage:off,UnattestedBaseImage:off", text)
	if r.err != nil {
		t.Fatalf("%v\n%s", r.err, r.log)
	}
	r, image := buildOn(t, e, e.frontend(), " network=record sources=packages.test rules=UndeclaredPackageSource:error", text)
	wantRefused(t, r, image, "UndeclaredPackageSource: 1 package from elsewhere than the declared sources: tini (from http", "RUN apt-get update")
	if r.ran("] RUN ") {
		t.Errorf("to compare with other sources a step ran:\n%s", r.log)
	}
	r, image = buildOn(t, e, e.frontend(), " network=record licences=MIT,NOASSERTION rules=ListedLicence:error", text)
	wantRefused(t, r, image, "ListedLicence: 1 package under a listed licence: tini (MIT)", "RUN apt-get update")
}

func TestFindingsSayOfWhichPlatformTheyAre(t *testing.T) {
	e := mustEnv(t)
	image := imageName(e.registry, t, "latest")
	text := "FROM --platform=$BUILDPLATFORM busybox AS build\nARG TARGETARCH\nRUN echo $TARGETARCH > /tool && if [ $TARGETARCH = arm64 ]; then chmod 4755 /tool; fi\nFROM scratch\nCOPY --from=build /tool /tool\nCOPY --chmod=0777 --from=build /tool /open\n"
	dir := dockerfile("# syntax=" + e.frontend() + " rules=none,SetuidFileAdded:warn,WorldWritableFileAdded:warn\n" + text).write(t)
	r, got := warnsOf(t, e, dir, "--platform", "linux/amd64,linux/arm64", "--push", "-t", image)
	want := []string{
		"SetuidFileAdded: linux/arm64: 1 setuid or setgid file: /tool (mode 4755, owner 0:0) (line 6)",
		"WorldWritableFileAdded: linux/amd64: 1 file or folder that everyone may write: /open (mode 0777) (line 7)",
		"WorldWritableFileAdded: linux/arm64: 1 file or folder that everyone may write: /open (mode 0777) (line 7)",
	}
	if diff := cmp.Diff(want, got); r.err != nil || diff != "" {
		t.Errorf("%v (-want +got):\n%s\n%s", r.err, diff, r.log)
	}
}
