//go:build e2e

package e2e

import (
	"encoding/json"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/sworn-build/sworn/provenance"
	"github.com/sworn-build/sworn/sbom/check"
)

// TestWhatAnImageIsMadeOfIsShown: sworn sbom and sworn why on an image in a registry and on
// the folder of a local export. Documents of a real build break no rule.
func TestWhatAnImageIsMadeOfIsShown(t *testing.T) {
	t.Parallel()
	e := mustEnv(t)
	image := imageName(e.registry, t, "latest")
	dir := files{"note": "from the context\n", "Dockerfile": `FROM busybox AS build
RUN mkdir /out && echo '#!/bin/sh' > /out/tool && chmod 755 /out/tool
FROM busybox
COPY --from=build /out/tool /usr/local/bin/tool
COPY note /srv/
RUN cp /usr/local/bin/tool /usr/local/bin/again && ln -s again /usr/local/bin/link
`}.write(t)
	swornBuild(t, e, 0, "--push", "-t", image, dir)
	folder := filepath.Join(t.TempDir(), "out")
	swornBuild(t, e, 0, "--provenance=mode=max", "-o", "type=local,dest="+folder, dir)
	key := filepath.Join(t.TempDir(), "k")
	wantSworn(t, e, 0, "", "key", "generate", "--output-prefix", key)
	wantSworn(t, e, 0, "", "sign", "--key", key+".key", image)

	t.Run("as attested", func(t *testing.T) {
		attached := statements(t, image)["linux/"+runtime.GOARCH]
		for format, kind := range map[string]string{"spdx-json": provenance.SPDXType, "spdx3-json": provenance.SPDX3Type} {
			_, fromRegistry, _ := sworn(t, e, "sbom", "--key", key+".pub", "--format", format, image)
			_, fromFolder, _ := sworn(t, e, "sbom", "--format", format, "local:"+folder)
			if want := string(attached[kind].Predicate); want == "" || fromRegistry != want || fromFolder != want {
				t.Errorf("%s: %d bytes from the registry, %d from the folder, %d are attached", format, len(fromRegistry), len(fromFolder), len(want))
			}
		}
	})
	t.Run("checked", func(t *testing.T) {
		for _, ref := range []string{image, "local:" + folder} {
			var out struct{ Documents []check.Report }
			if err := json.Unmarshal([]byte(wantSworn(t, e, 0, "", "sbom", "--check", "--json", ref)), &out); err != nil {
				t.Fatal(err)
			}
			if len(out.Documents) != 2 || out.Documents[0].Format != "SPDX-2.3" || out.Documents[1].Format != "SPDX-3.0.1" {
				t.Errorf("%s: documents %+v", ref, out.Documents)
			}
			for _, d := range out.Documents {
				if len(d.Findings) > 0 {
					t.Errorf("%s: %s: %+v", ref, d.Format, d.Findings)
				}
			}
		}
	})
	t.Run("exported", func(t *testing.T) {
		for format, want := range map[string]string{
			"spdx-tag-value": "FileName: ./usr/local/bin/tool", "mtree": "./usr/local/bin/link type=link link=again",
			"table": "entries by origin:", "cyclonedx-json": `"name": "/usr/local/bin/tool"`,
		} {
			file := filepath.Join(t.TempDir(), "out")
			wantSworn(t, e, 0, "", "sbom", "--format", format, "-o", file, image)
			b, err := os.ReadFile(file)
			if err != nil || !strings.Contains(string(b), want) {
				t.Errorf("%s: %v\n%s", format, err, b)
			}
			if format == "cyclonedx-json" {
				wantSworn(t, e, 0, "no rule of the format is broken", "sbom", "--check", file)
			}
		}
	})
	t.Run("why", func(t *testing.T) {
		for _, ref := range []string{image, "local:" + folder} {
			wantSworn(t, e, 0, "from       step1  line 2  RUN mkdir /out", "why", ref, "/usr/local/bin/tool")
			wantSworn(t, e, 0, "through    the link /usr/local/bin/link -> again", "why", ref, "/usr/local/bin/link")
			wantSworn(t, e, 0, "local:context", "why", ref, "/srv/note")
			wantSworn(t, e, 0, "origin     base, source", "why", ref, "/bin/sh")
			wantSworn(t, e, 1, "it has /usr/local/bin/tool", "why", ref, "/usr/bin/tool")
		}
	})
}
