//go:build e2e

package e2e

import (
	"path/filepath"
	"strings"
	"testing"
)

// TestWhyGoesOn: inside a RUN, into a base that Sworn built, to what is gone or in another
// stage, in an image with and without documents.
func TestWhyGoesOn(t *testing.T) {
	t.Parallel()
	e := mustEnv(t)
	base, image := imageName(e.registry, t, "base"), imageName(e.registry, t, "app")
	dir := files{"Dockerfile": "FROM busybox\nCOPY conf /etc/conf\nRUN echo made > /etc/made\n", "conf": "company\n"}.write(t)
	swornBuild(t, e, 0, "--push", "-t", base, dir)
	dir = files{"bound": "bound\n", "moved": "moved\n", "Dockerfile": `FROM busybox AS build
COPY moved /src/
RUN mkdir /out && mv /src/moved /out/moved && echo app > /out/app
FROM ` + base + `
COPY --from=build /out/app /bin/app
COPY --from=build /out/moved /srv/
RUN --mount=type=bind,target=/context mkdir -p /srv/in && cp /context/bound /srv/in/ && cp /etc/conf /srv/in/conf && chmod 600 /srv/moved
RUN rm /etc/made && ln -s /etc/made /srv/in/dangling
`}.write(t)
	swornBuild(t, e, 0, "--push", "-t", image, dir)
	key := filepath.Join(t.TempDir(), "k")
	wantSworn(t, e, 0, "", "key", "generate", "--output-prefix", key)
	wantSworn(t, e, 0, "", "sign", "--key", key+".key", image)

	for path, want := range map[string]string{
		"/srv/in/bound":    "the same bytes as an input of the step: /context/bound",
		"/srv/in/conf":     "the same bytes as an input of the step: /etc/conf",
		"/srv/moved":       "the same bytes as before the step, which changed mode or owner",
		"/srv/in":          "holds      3 entries, 2 files of ",
		"/srv/in/dangling": "removed /etc/made: RUN rm /etc/made",
	} {
		wantSworn(t, e, 0, want, "why", image, path)
	}
	if out := wantSworn(t, e, 0, "/src/moved", "why", image, "/srv/moved"); !strings.Contains(out, "local:context") {
		t.Errorf("the way does not lead into the context:\n%s", out)
	}
	wantSworn(t, e, 1, "removed by step", "why", image, "/etc/made")
	wantSworn(t, e, 1, "in another stage; no copy brought it", "why", image, "/out/app")

	// Into the base, which has to be signed where a key is named.
	wantSworn(t, e, 0, "COPY conf /etc/conf  /etc/conf", "why", "--follow", image, "/srv/in/conf")
	wantSworn(t, e, 1, "RUN echo made > /etc/made", "why", "--follow", image, "/etc/made")
	wantSworn(t, e, 1, "follow source", "why", "--key", key+".pub", "--follow", image, "/srv/in/conf")
	wantSworn(t, e, 0, "", "sign", "--key", key+".key", base)
	wantSworn(t, e, 0, "COPY conf /etc/conf  /etc/conf", "why", "--key", key+".pub", "--follow", image, "/srv/in/conf")

	swornBuild(t, e, 0, "--push", "--build-arg", "SWORN_SBOM=off", "-t", image, dir)
	wantSworn(t, e, 1, "the image was built with sbom=off and has no SPDX document", "why", image, "curl")
}
