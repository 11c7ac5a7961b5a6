//go:build e2e

package e2e

import (
	"path/filepath"
	"testing"
)

// TestPackagesOutliveTheirDatabase: a step that breaks or removes dpkg's database removes no
// package, and all that shows packages says so.
func TestPackagesOutliveTheirDatabase(t *testing.T) {
	t.Parallel()
	e := mustEnv(t)
	dir := files{"Dockerfile": `FROM debian:bookworm
RUN echo garbage > /var/lib/dpkg/status
RUN rm -rf /var/lib/dpkg && echo x > /made
RUN rm -rf /usr/share/doc /usr/bin/dash /usr/share/menu /usr/share/debianutils/shells.d/dash
`}.write(t)
	folder := filepath.Join(t.TempDir(), "out")
	swornBuild(t, e, 0, "--provenance=mode=max", "-o", "type=local,dest="+folder, dir)
	image := "local:" + folder
	wantSworn(t, e, 0, "steps removed 1,", "sbom", "--format", "table", image)
	wantSworn(t, e, 0, "step2 removed the package database /var/lib/dpkg/status", "sbom", "--format", "table", image)
	wantSworn(t, e, 0, "unlisted by step1  line 2  RUN echo garbage", "why", image, "bash")
	wantSworn(t, e, 0, "brought by source1", "why", image, "bash")
	wantSworn(t, e, 0, "pkg:deb/debian/bash", "why", image, "/bin/bash")
	wantSworn(t, e, 0, ", intact", "why", image, "/bin/bash")
	wantSworn(t, e, 0, "is gone since step2 (line 3: RUN rm -rf /var/lib/dpkg", "why", image, "/made")
	wantSworn(t, e, 1, "is gone since step2 (line 3: RUN rm -rf /var/lib/dpkg", "why", image, "nosuch")
	wantSworn(t, e, 0, "removed by step3  line 4", "why", image, "dash")
	wantSworn(t, e, 0, "no rule of the format is broken", "sbom", "--check", image)
}
