//go:build e2e

package e2e

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// archives are a wheel, a tarball of npm's, an archive of Java and a module as their indexes
// serve them, by path.
func archives(t *testing.T) map[string][]byte {
	t.Helper()
	zipped := func(prefix string, files ...string) []byte {
		var b bytes.Buffer
		z := zip.NewWriter(&b)
		for i := 0; i < len(files); i += 2 {
			w, err := z.Create(prefix + files[i])
			if err != nil {
				t.Fatal(err)
			}
			fmt.Fprint(w, files[i+1])
		}
		if err := z.Close(); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	var tgz bytes.Buffer
	g := gzip.NewWriter(&tgz)
	w := tar.NewWriter(g)
	text := `{"name":"@scope/left","version":"3.0.0","license":"MIT"}`
	if err := w.WriteHeader(&tar.Header{Name: "package/package.json", Mode: 0o644, Size: int64(len(text))}); err != nil {
		t.Fatal(err)
	}
	fmt.Fprint(w, text)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := g.Close(); err != nil {
		t.Fatal(err)
	}
	const module = "module greet.test/Word\n"
	return map[string][]byte{
		"/packages/ab/Zope_Thing-1.2.0-py3-none-any.whl": zipped("",
			"zope_thing.py", "x = 1\n",
			"Zope_Thing-1.2.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: Zope.Thing\nVersion: 1.2.0\n",
			"Zope_Thing-1.2.0.dist-info/WHEEL", "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
			"Zope_Thing-1.2.0.dist-info/RECORD", "zope_thing.py,,\nZope_Thing-1.2.0.dist-info/METADATA,,\nZope_Thing-1.2.0.dist-info/WHEEL,,\nZope_Thing-1.2.0.dist-info/RECORD,,\n"),
		"/npm/@scope/left/-/left-3.0.0.tgz": tgz.Bytes(),
		"/maven2/a/test/lib/1.0/lib-1.0.jar": zipped("",
			"META-INF/MANIFEST.MF", "Manifest-Version: 1.0\r\n",
			"META-INF/maven/a.test/lib/pom.properties", "groupId=a.test\nartifactId=lib\nversion=1.0\n"),
		"/go/greet.test/!word/@v/v1.4.0.info": []byte(`{"Version":"v1.4.0"}`),
		"/go/greet.test/!word/@v/v1.4.0.mod":  []byte(module),
		"/go/greet.test/!word/@v/v1.4.0.zip":  zipped("greet.test/Word@v1.4.0/", "go.mod", module, "word.go", "package word\n\nconst Hello = \"hello\"\n"),
	}
}

// TestPackagesOfLanguagesSayWhatTheyCameFrom: a wheel, a package of Node.js, an archive of
// Java and a module in a program of another stage have the URL and the digest of what was downloaded, on a
// fresh build and on a cached one, and own their files.
func TestPackagesOfLanguagesSayWhatTheyCameFrom(t *testing.T) {
	t.Parallel()
	e := mustEnv(t)
	served := archives(t)
	var asked atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		b, ok := served[r.URL.Path]
		if !ok {
			http.NotFound(w, r)
			return
		}
		_, _ = w.Write(b)
	}))
	defer server.Close()
	// Go never asks a proxy for an address of the machine itself.
	host := strings.Replace(server.URL, "127.0.0.1", "index.test", 1)
	dockerfile := `FROM golang:1.26 AS build
WORKDIR /src
COPY go.mod main.go ./
# sworn: network=record
RUN GOFLAGS=-mod=mod GOSUMDB=off GOPROXY=` + host + `/go CGO_ENABLED=0 go build -o /program .
FROM busybox
COPY --from=build /program /usr/bin/program
# sworn: network=record
RUN mkdir -p /site-packages /app/node_modules/@scope/left && \
    wget -q -O /tmp/x.whl ` + host + `/packages/ab/Zope_Thing-1.2.0-py3-none-any.whl && unzip -q -d /site-packages /tmp/x.whl && \
    wget -q -O /tmp/x.tgz ` + host + `/npm/@scope/left/-/left-3.0.0.tgz && tar -xz -f /tmp/x.tgz -C /app/node_modules/@scope/left --strip-components=1 && rm -r /tmp/x.* && \
    wget -q -O /lib.jar ` + host + `/maven2/a/test/lib/1.0/lib-1.0.jar && echo no archive >/broken.jar
RUN program
`
	b := build{
		context: files{
			"Dockerfile": dockerfile,
			"go.mod":     "module program.test\n\ngo 1.26\n\nrequire greet.test/Word v1.4.0\n",
			"main.go":    "package main\n\nimport word \"greet.test/Word\"\n\nfunc main() { println(word.Hello) }\n",
		},
		args: []string{"--opt", "add-hosts=index.test=127.0.0.1"},
	}
	want := map[string]string{}
	for purl, path := range map[string]string{
		"pkg:pypi/zope-thing@1.2.0":         "/packages/ab/Zope_Thing-1.2.0-py3-none-any.whl",
		"pkg:npm/%40scope/left@3.0.0":       "/npm/@scope/left/-/left-3.0.0.tgz",
		"pkg:maven/a.test/lib@1.0":          "/maven2/a/test/lib/1.0/lib-1.0.jar",
		"pkg:golang/greet.test/word@v1.4.0": "/go/greet.test/!word/@v/v1.4.0.zip",
	} {
		// Go's client escapes the mark of a capital letter.
		want[purl] = host + strings.ReplaceAll(path, "!", "%21") + " " + sha256Of(served[path]).Hex
	}
	var before int32
	for _, name := range []string{"first", "cached"} {
		b.output = push(imageName(e.registry, t, name))
		_, a := buildAccount(t, e, b)
		got := map[string]string{}
		doc := spdxDocument(t, a)
		if want := "/broken.jar (broken.jar: it is no ZIP archive)"; !strings.Contains(doc.DocumentComment, want) {
			t.Errorf("%s: the comment %q has no %q", name, doc.DocumentComment, want)
		}
		for _, p := range doc.Packages {
			for _, r := range p.PackageExternalReferences {
				if _, ok := want[r.Locator]; ok && len(p.PackageChecksums) == 1 {
					got[r.Locator] = p.PackageDownloadLocation + " " + p.PackageChecksums[0].Value
				}
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: downloads (-want +got):\n%s", name, diff)
		}
		owners := map[string]string{}
		for _, f := range a.contents.Files {
			if f.Package != nil {
				owners[string(f.Path)] = a.contents.Packages[*f.Package]
			}
		}
		for path, owner := range map[string]string{
			"/site-packages/zope_thing.py":               "pkg:pypi/zope-thing@1.2.0",
			"/app/node_modules/@scope/left/package.json": "pkg:npm/%40scope/left@3.0.0",
			"/usr/bin/program":                           "pkg:golang/program.test",
			"/lib.jar":                                   "pkg:maven/a.test/lib@1.0",
		} {
			if owners[path] != owner {
				t.Errorf("%s: %s is owned by %q, want %q", name, path, owners[path], owner)
			}
		}
		added := a.step(t, "RUN mkdir").Outputs.PackagesAdded
		if wanted := []string{"pkg:maven/a.test/lib@1.0", "pkg:npm/%40scope/left@3.0.0", "pkg:pypi/zope-thing@1.2.0"}; !slices.Equal(added, wanted) {
			t.Errorf("%s: packages added %q, want %q", name, added, wanted)
		}
		materials := map[string]bool{}
		for _, m := range a.steps.Materials {
			materials[m.URI+" "+m.Digest["sha256"]] = true
		}
		for _, from := range slices.Sorted(maps.Values(want)) {
			if !materials[from] {
				t.Errorf("%s: %s is no material", name, from)
			}
		}
		if name == "first" {
			before = asked.Load()
		}
	}
	if now := asked.Load(); now != before {
		t.Errorf("the cached build asked the server %d times", now-before)
	}
}
