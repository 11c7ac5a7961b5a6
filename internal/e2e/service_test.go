//go:build e2e

package e2e

import (
	"archive/tar"
	"bytes"
	"encoding/hex"
	"fmt"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	spdxjson "github.com/spdx/tools-golang/json"
	"github.com/spdx/tools-golang/spdx/v2/v2_3"

	"github.com/sworn-build/sworn/provenance"
	"github.com/sworn-build/sworn/step"
)

// serviceContext is a service as people build them: packages of the distribution, a
// program of another stage, a file of the context, a user, a file of no package.
func serviceContext(t *testing.T, e env) files {
	t.Helper()
	program, err := os.ReadFile(e.tool("sworn-evidence")) // any static program
	if err != nil {
		t.Fatal(err)
	}
	return files{
		"program!": string(program), "service.conf": "listen = 8080\n",
		"Dockerfile": `FROM busybox AS build
COPY program /src/program
RUN mkdir /out && cp /src/program /out/service

FROM debian:bookworm
RUN apt-get update && apt-get install -y --no-install-recommends jq && rm -rf /var/lib/apt/lists/*
COPY --from=build /out/service /usr/local/bin/service
COPY --chown=7:8 --chmod=640 service.conf /etc/service/service.conf
RUN useradd --uid 1000 --create-home service && \
    echo generated > /srv/generated && ln /srv/generated /srv/hard && ln -s generated /srv/soft && \
    mkfifo -m 600 /srv/fifo && install -m 6755 /dev/null /srv/setuid && mkdir -m 1777 /srv/sticky && \
    rm /usr/share/doc/jq/copyright && echo changed > /etc/issue
USER service
RUN jq -n '{"made": "by a user"}' > /home/service/made.json
`,
	}
}

func TestTheStatementsOfAServiceAreItsImage(t *testing.T) {
	t.Parallel()
	e := mustEnv(t)
	ref := imageName(e.registry, t, "latest")
	_, a := buildAccount(t, e, build{context: serviceContext(t, e), output: push(ref)})
	img := extract(t, ref)
	t.Run("schemas", func(t *testing.T) { fitSchemas(t, a) })
	t.Run("every file", func(t *testing.T) { sameAsImage(t, ref, a) })
	t.Run("packages", func(t *testing.T) {
		want := dpkgPackages(t, img)
		if diff := cmp.Diff(want, spdxPackages(t, a)); diff != "" {
			t.Errorf("SPDX packages (-dpkg's +SPDX's):\n%s", diff)
		}
	})
	t.Run("packages added", func(t *testing.T) {
		base := dpkgPackages(t, extract(t, e.registry+"/library/"+debianImage))
		var want []string
		for _, p := range dpkgPackages(t, img) {
			if !slices.Contains(base, p) {
				want = append(want, p)
			}
		}
		s := a.step(t, "RUN apt-get")
		if diff := cmp.Diff(want, namesAndVersions(t, s.Outputs.PackagesAdded)); diff != "" || len(want) == 0 {
			t.Errorf("packages added (-dpkg's +step's):\n%s", diff)
		}
		if len(s.Outputs.PackagesRemoved) != 0 {
			t.Errorf("packages removed: %v", s.Outputs.PackagesRemoved)
		}
		wantComplete(t, s)
	})
	t.Run("origins", func(t *testing.T) { checkOrigins(t, a) })
	t.Run("unowned files", func(t *testing.T) { checkUnowned(t, a) })
}

// sameAsImage fails unless the contents are the image's files, all of them and
// nothing else.
func sameAsImage(t *testing.T, ref string, a account) {
	t.Helper()
	img := extract(t, ref)
	want := map[string]provenance.File{}
	for p, f := range img {
		if p != "/" {
			want[p] = fileOf(img, p, f)
		}
	}
	got := map[string]provenance.File{}
	for _, f := range a.contents.Files {
		f.Package, f.Step, f.Origin, f.OriginPath = nil, "", 0, ""
		got[string(f.Path)] = f
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("files (-image +contents):\n%s", diff)
	}
}

// fileOf describes an entry of a layer in the contents' terms.
func fileOf(img map[string]imageFile, p string, f imageFile) provenance.File {
	h := f.header
	if h.Typeflag == tar.TypeLink {
		f = img["/"+strings.Trim(h.Linkname, "/")]
		h = f.header
	}
	out := provenance.File{
		Path: step.Path(p), Mode: fmt.Sprintf("%04o", h.Mode&0o7777), UID: uint32(h.Uid), GID: uint32(h.Gid),
		Capability: hex.EncodeToString([]byte(h.PAXRecords["SCHILY.xattr.security.capability"])),
	}
	switch h.Typeflag {
	case tar.TypeReg:
		out.Type, out.Size, out.Digest = provenance.TypeFile, h.Size, sha256Of(f.data)
	case tar.TypeDir:
		out.Type = provenance.TypeDir
	case tar.TypeSymlink:
		out.Type, out.Target = provenance.TypeSymlink, step.Path(h.Linkname)
	case tar.TypeChar:
		out.Type, out.Device = provenance.TypeChar, fmt.Sprintf("%d:%d", h.Devmajor, h.Devminor)
	case tar.TypeBlock:
		out.Type, out.Device = provenance.TypeBlock, fmt.Sprintf("%d:%d", h.Devmajor, h.Devminor)
	case tar.TypeFifo:
		out.Type = provenance.TypeFifo
	}
	return out
}

// dpkgPackages reads name, version and architecture of what dpkg's own status says is
// installed, sorted.
func dpkgPackages(t *testing.T, img map[string]imageFile) []string {
	t.Helper()
	status := string(img["/var/lib/dpkg/status"].data)
	var out []string
	for para := range strings.SplitSeq(strings.TrimSpace(status), "\n\n") {
		field := map[string]string{}
		for line := range strings.Lines(para) {
			if k, v, ok := strings.Cut(line, ":"); ok && !strings.HasPrefix(line, " ") {
				field[k] = strings.TrimSpace(v)
			}
		}
		if field["Status"] == "install ok installed" {
			out = append(out, field["Package"]+" "+field["Version"]+" "+field["Architecture"])
		}
	}
	if len(out) < 50 {
		t.Fatalf("dpkg's status has %d packages", len(out))
	}
	slices.Sort(out)
	return out
}

// namesAndVersions takes purls of Debian apart.
func namesAndVersions(t *testing.T, purls []string) []string {
	t.Helper()
	var out []string
	for _, p := range purls {
		name, version, ok1 := strings.Cut(strings.TrimPrefix(p, "pkg:deb/debian/"), "@")
		version, query, ok2 := strings.Cut(version, "?")
		values, err1 := url.ParseQuery(query)
		name, err2 := url.PathUnescape(name)
		version, err3 := url.PathUnescape(version)
		if !ok1 || !ok2 || err1 != nil || err2 != nil || err3 != nil {
			t.Fatalf("purl %q", p)
		}
		if values.Get("distro") != "debian-12" {
			t.Errorf("%s: not of debian-12", p)
		}
		out = append(out, name+" "+version+" "+values.Get("arch"))
	}
	slices.Sort(out)
	return out
}

// spdxDocument reads the SPDX statement with the reference library.
func spdxDocument(t *testing.T, a account) *v2_3.Document {
	t.Helper()
	var doc v2_3.Document
	if err := spdxjson.ReadInto(bytes.NewReader(a.raw[provenance.SPDXType].Predicate), &doc); err != nil {
		t.Fatalf("tools-golang cannot read the document: %v", err)
	}
	return &doc
}

// spdxPackages are the packages of the document that have a purl of Debian.
func spdxPackages(t *testing.T, a account) []string {
	t.Helper()
	var purls []string
	for _, p := range spdxDocument(t, a).Packages {
		for _, r := range p.PackageExternalReferences {
			if r.RefType == "purl" && strings.HasPrefix(r.Locator, "pkg:deb/") {
				purls = append(purls, r.Locator)
			}
		}
	}
	return namesAndVersions(t, purls)
}

func checkOrigins(t *testing.T, a account) {
	t.Helper()
	owner := func(f provenance.File) string {
		if f.Package == nil {
			return ""
		}
		name, _, _ := strings.Cut(a.contents.Packages[*f.Package], "@")
		return name
	}
	for _, tt := range []struct{ path, owner, step string }{
		{"/usr/bin/jq", "pkg:deb/debian/jq", "RUN apt-get"},
		{"/etc/issue", "pkg:deb/debian/base-files", "RUN useradd"},
		{"/usr/local/bin/service", "pkg:golang/github.com/sworn-build/sworn", "COPY --from=build"},
		{"/etc/service/service.conf", "", "COPY --chown"},
		{"/srv/generated", "", "RUN useradd"},
		{"/srv/hard", "", "RUN useradd"},
		{"/etc/passwd", "", "RUN useradd"},
		{"/home/service/made.json", "", "RUN jq"},
	} {
		f := a.file(t, tt.path)
		if got := owner(f); got != tt.owner {
			t.Errorf("%s: package %q, want %q", tt.path, got, tt.owner)
		}
		if want := a.step(t, tt.step).ID; f.Step != want {
			t.Errorf("%s: written by %s, want %s", tt.path, f.Step, want)
		}
	}
	perl := a.file(t, "/usr/bin/perl")
	for _, m := range a.steps.Materials {
		if m.ID == perl.Step && strings.HasPrefix(m.URI, "pkg:docker/debian@bookworm") && m.Pinned {
			return
		}
	}
	t.Errorf("/usr/bin/perl is of %q, which is no pinned material of debian: %+v", perl.Step, a.steps.Materials)
}

// checkUnowned compares the files of the document with those that no package owns.
func checkUnowned(t *testing.T, a account) {
	t.Helper()
	want, got := map[string]string{}, map[string]string{}
	for _, f := range a.contents.Files {
		if f.Type == provenance.TypeFile && f.Package == nil {
			want["."+string(f.Path)] = f.Digest.String()
		}
	}
	for _, f := range spdxDocument(t, a).Files {
		for _, c := range f.Checksums {
			if c.Algorithm == "SHA256" {
				got[f.FileName] = c.Value
			}
		}
	}
	if diff := cmp.Diff(want, got); diff != "" || len(want) == 0 {
		t.Errorf("files without a package (-contents +SPDX):\n%s", diff)
	}
}
