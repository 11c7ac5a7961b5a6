//go:build e2e

package e2e

import (
	"path/filepath"
	"testing"
)

// TestAnEntryInADatabaseIsNoPackage: of packages that steps added are told apart those whose
// archive a step read, those that a package manager may have brought, and those for which
// nothing but an entry speaks.
func TestAnEntryInADatabaseIsNoPackage(t *testing.T) {
	t.Parallel()
	e := mustEnv(t)
	dir := files{"pack": `#!/bin/sh
set -e
mkdir -p /p/DEBIAN /p/usr/bin
printf 'Package: %s\nVersion: 1\nArchitecture: all\nMaintainer: M <m@test>\nDescription: d\n' "$1" > /p/DEBIAN/control
echo "$1" > "/p/usr/bin/$1"
dpkg-deb -b /p "$2"
rm -r /p
`, "Dockerfile": `FROM debian:bookworm AS debs
COPY pack /pack
RUN sh /pack copied /copied && sh /pack mounted /mounted.deb && sh /pack fetched /fetched
FROM debian:bookworm
COPY --from=debs /copied /tmp/x.deb
RUN --network=none dpkg -i /tmp/x.deb && rm /tmp/x.deb
RUN --network=none --mount=type=bind,from=debs,target=/m dpkg -i /m/mounted.deb
RUN --mount=type=bind,from=debs,target=/m dpkg -i /m/fetched
RUN --network=none printf '\nPackage: noted\nStatus: install ok installed\nArchitecture: all\nVersion: 1\n' >> /var/lib/dpkg/status && \
    echo /usr/bin/noted > /var/lib/dpkg/info/noted.list && echo x > /usr/bin/noted
RUN --mount=type=bind,source=pack,target=/pack --network=none sh /pack built /tmp/b.deb && dpkg -i /tmp/b.deb && rm /tmp/b.deb
RUN printf '\nPackage: written\nStatus: install ok installed\nArchitecture: all\nVersion: 1\n' >> /var/lib/dpkg/status && \
    echo /usr/bin/written > /var/lib/dpkg/info/written.list && echo x > /usr/bin/written
`}.write(t)
	folder := filepath.Join(t.TempDir(), "out")
	swornBuild(t, e, 0, "--provenance=mode=max", "-o", "type=local,dest="+folder, dir)
	image := "local:" + folder
	const nothing = "nothing but its entry in the package database says where it came from"
	for name, want := range map[string]struct{ note, origin string }{
		"copied":  {"installed from /tmp/x.deb, as far as names tell", "origin     package, step"},
		"mounted": {"installed from /m/mounted.deb, as far as names tell", "origin     package, step"},
		"fetched": {"brought by ", "origin     package, step"}, // over a network that nobody saw
		"written": {nothing, "origin     unexplained, step"},
		"noted":   {nothing, "origin     step, step"},
		"built":   {nothing, "origin     step, step"}, // by the step itself
	} {
		wantSworn(t, e, 0, want.note, "why", image, name)
		wantSworn(t, e, 0, want.origin, "why", image, "/usr/bin/"+name)
	}
	wantSworn(t, e, 0, "which nothing but its entry in the database says", "why", image, "/usr/bin/noted")
	wantSworn(t, e, 0, "no rule of the format is broken", "sbom", "--check", image)
}
