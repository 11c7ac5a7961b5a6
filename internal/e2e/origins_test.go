//go:build e2e

package e2e

import (
	"archive/tar"
	"bytes"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/sworn-build/sworn/provenance"
)

// recordingRoots is the frontend that recorded builds reach the machine's registries with.
func recordingRoots(t *testing.T) string {
	t.Helper()
	if _, err := os.Stat(machineRoots); err != nil {
		return ""
	}
	return rootsFrontend(t, mustEnv(t), files{"roots/machine.pem": mustRead(t, machineRoots)})
}

// originOf is the origin of a file: class, the step's name or the material's URI, and what
// else there is to say.
func originOf(t *testing.T, a account, path string) string {
	t.Helper()
	f := a.file(t, path)
	o := a.contents.Origins[f.Origin]
	from := o.From
	for _, m := range a.steps.Materials {
		if m.ID == o.From {
			from = m.URI
		}
	}
	for _, s := range a.steps.Steps {
		if s.ID == o.From {
			_, from, _ = strings.Cut(s.Name, "] ")
		}
	}
	text := o.Class + " " + from
	if o.Of != "" {
		text = o.Class + " of " + o.Of + " " + from
	}
	if f.OriginPath != "" {
		text += ", at " + string(f.OriginPath)
	}
	if o.Reason != "" {
		text += ": " + o.Reason
	}
	return text
}

// wantOrigins compares how origins begin and end: a star stands for what is between.
func wantOrigins(t *testing.T, a account, want map[string]string) {
	t.Helper()
	for _, path := range slices.Sorted(maps.Keys(want)) {
		got := originOf(t, a, path)
		if begin, end, _ := strings.Cut(want[path], "*"); !strings.HasPrefix(got, begin) || !strings.HasSuffix(got, end) {
			t.Errorf("%s: got %q, want %q", path, got, want[path])
		}
	}
}

// wantExplained fails for each file that nobody can explain.
func wantExplained(t *testing.T, a account) {
	t.Helper()
	t.Logf("%v", a.contents.OriginCounts)
	for _, f := range a.contents.Files {
		if o := a.contents.Origins[f.Origin]; o.Class == provenance.OriginUnexplained {
			t.Errorf("%s is unexplained: %s", f.Path, o.Reason)
		}
	}
	if n := a.contents.OriginCounts[provenance.OriginUnexplained]; n > 0 {
		t.Errorf("%d files are unexplained", n)
	}
}

// mixedDockerfile is an image of packages of Debian, Node.js and Python, static programs
// out of another stage, an image and a URL, and files that later steps moved and changed.
func mixedDockerfile(wheel string) string {
	return `FROM golang:1.26 AS build
WORKDIR /src
COPY go.mod main.go ./
RUN CGO_ENABLED=0 go build -o /out/program . && cp /usr/bin/env /out/env
FROM busybox AS middle
COPY --from=build /out /dist
RUN mv /dist/program /dist/renamed && echo notes > /dist/notes

FROM debian:bookworm
RUN apt-get update && apt-get install -y --no-install-recommends npm python3-pip && rm -rf /var/lib/apt/lists/*
WORKDIR /app
COPY package.json ./
RUN --mount=type=secret,id=roots,target=/run/roots.crt \
    if [ -s /run/roots.crt ]; then export NODE_EXTRA_CA_CERTS=/run/roots.crt; fi; \
    npm_config_update_notifier=false npm install --omit=dev --no-audit --no-fund && rm -rf /root/.npm
RUN pip install --no-deps --no-compile --break-system-packages ` + wheel + `
COPY --from=middle /dist/renamed /dist/notes /usr/local/bin/
COPY --from=build /out/env /usr/local/bin/env
COPY --from=busybox /bin/busybox /usr/local/bin/busybox
COPY --link --chown=7:8 --chmod=600 package.json /linked/
ADD ` + wheel + ` /added.whl
COPY <<END /text
text
END
RUN --mount=type=bind,from=middle,source=/dist,target=/mnt cp /mnt/notes /copied && cp /usr/share/common-licenses/GPL-3 /GPL-3 && \
    chmod 700 /usr/local/bin/renamed && mv /text /moved && rm /usr/share/doc/npm/copyright && echo changed > /etc/issue && \
    mkdir -p /site && ln /moved /site/hard && ln -s hard /site/soft && : > /site/empty
RUN useradd --create-home somebody
ADD packed.tar /packed/
COPY package.json /bin/renamed.json
RUN mkdir /opt/d && echo one > /opt/d/one && echo two > /opt/d/two && echo was > /opt/turn
RUN cp /opt/d/two /tmp/two && rm -r /opt/d && mkdir /opt/d && mv /tmp/two /opt/d/three && rm /opt/turn && mkdir /opt/turn && echo in > /opt/turn/in
RUN rm -r /opt/turn && echo again > /opt/turn && mv /added.whl /ADDED.whl && mv /opt/d/three /srv/
RUN apt-get purge -y python3-pip
`
}

// mixedContext is what mixedDockerfile is built from, and the URL of the wheel in it, which
// is served as long as the test runs.
func mixedContext(t *testing.T) (context files, wheel string) {
	t.Helper()
	served := archives(t)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if b, ok := served[r.URL.Path]; ok {
			_, _ = w.Write(b)
			return
		}
		http.NotFound(w, r)
	}))
	t.Cleanup(server.Close)
	var packed bytes.Buffer
	w := tar.NewWriter(&packed)
	if err := w.WriteHeader(&tar.Header{Name: "dir/file", Mode: 0o644, Size: 6}); err != nil {
		t.Fatal(err)
	}
	fmt.Fprint(w, "packed")
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	wheel = server.URL + "/packages/ab/Zope_Thing-1.2.0-py3-none-any.whl"
	return files{
		"Dockerfile": mixedDockerfile(wheel), "go.mod": "module program.test\n\ngo 1.26\n", "main.go": "package main\n\nfunc main() {}\n",
		"package.json": mustRead(t, "testdata/corpus/npm/package.json"), "packed.tar": packed.String(),
	}, wheel
}

func TestEveryFileOfAMixedImageIsExplained(t *testing.T) {
	t.Parallel()
	e := mustEnv(t)
	context, wheel := mixedContext(t)
	_, a := buildAccount(t, e, build{
		context: context, frontend: recordingRoots(t), opts: []string{"build-arg:SWORN_NETWORK=record"}, args: roots(), output: push(imageName(e.registry, t, "latest")),
	})
	wantExplained(t, a)
	const debian = "pkg:docker/debian@bookworm*"
	wantOrigins(t, a, map[string]string{
		"/usr/local/bin/renamed": "stage of step RUN CGO_ENABLED=0 go build*, at /out/program",
		"/usr/local/bin/notes":   "stage of step RUN mv*, at /dist/notes", "/copied": "stage of step RUN mv*, at /dist/notes",
		"/usr/local/bin/env": "base pkg:docker/golang@*, at /usr/bin/env", "/usr/local/bin/busybox": "base pkg:docker/busybox@*, at /bin/busybox",
		"/linked/package.json": "context local:context, at /package.json", "/ADDED.whl": "download " + wheel,
		"/moved": "context *", "/site/hard": "context *", "/site/soft": "step RUN --mount*", "/site/empty": "step RUN --mount*",
		"/GPL-3": "base " + debian + ", at /usr/share/common-licenses/GPL-3", "/home/somebody/.bashrc": "base " + debian + ", at /etc/skel/.bashrc",
		"/etc/issue": "package-changed RUN --mount*", "/app": "step WORKDIR /app",
		"/usr/bin/npm": "package RUN apt-get*", "/etc/ld.so.cache": "package-manager-state RUN apt-get*", "/var/log/dpkg.log": "package-manager-state RUN apt-get*",
		"/packed/dir/file": "context local:context", "/usr/bin/renamed.json": "context local:context, at /package.json",
		"/srv/three": "step RUN mkdir /opt/d*, at /opt/d/two", "/opt/d": "step RUN mkdir /opt/d*", "/opt/turn": "step RUN rm -r /opt/turn*",
		"/usr/local/lib/python3.11/dist-packages/zope_thing.py": "package RUN pip install*",
	})
	wantElsewhere(t, a, map[string]string{"coreutils": "BUILD_TOOL_OF", "libc6": "BUILD_DEPENDENCY_OF", "python3-pip": "OTHER", "program.test": "", "go": "BUILD_TOOL_OF"})
}

// wantElsewhere verifies how packages that are not in the image are related to it, by name.
func wantElsewhere(t *testing.T, a account, want map[string]string) {
	t.Helper()
	elsewhere := map[string]string{}
	doc := spdxDocument(t, a)
	names := map[string]string{}
	for _, p := range doc.Packages {
		names[string(p.PackageSPDXIdentifier)] = p.PackageName
	}
	for _, r := range doc.Relationships {
		if r.Relationship == "BUILD_TOOL_OF" || r.Relationship == "BUILD_DEPENDENCY_OF" || r.Relationship == "OTHER" {
			elsewhere[names[string(r.RefA.ElementRefID)]] = r.Relationship
		}
	}
	for name, relation := range want {
		if elsewhere[name] != relation {
			t.Errorf("%s is %q, want %q: %v", name, elsewhere[name], relation, elsewhere)
		}
	}
}
