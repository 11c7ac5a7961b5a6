//go:build e2e

package e2e

import (
	"strings"
	"testing"
)

// A layer takes a name that begins with .wh. for an order to remove another file.
func TestNamesThatNoLayerHoldsFailTheBuild(t *testing.T) {
	e := mustEnv(t)
	image := imageName(e.registry, t, "refused")
	r := build{context: dockerfile("FROM busybox\nRUN true\nRUN mkdir /d && touch /d/.wh.passwd /d/.wh.other\n"), output: push(image)}.run(t, e)
	if r.err == nil {
		t.Fatalf("built:\n%s", r.log)
	}
	oneError(t, r.log, "assemble statements: the image has more or other files than statements or layers can hold (the log of this build says which); with statements=off it is built without")
	want := "sworn: assemble: /d/.wh.other from [3/3] RUN mkdir /d && touch /d/.wh.passwd /d/.wh.other (Dockerfile:3), and 1 more like it: an image layer holds no name that begins with .wh.; rename or remove it"
	if !strings.Contains(r.log, want) {
		t.Errorf("no %q in\n%s", want, r.log)
	}
	if strings.Contains(r.log, "evidence again") {
		t.Errorf("the evidence was made again:\n%s", r.log)
	}
	notPushed(t, image)
	// In a stage that the image does not come from they are files like any other.
	build{context: dockerfile("FROM busybox AS a\nRUN echo x > /.wh.a && echo y > /b\nFROM busybox\nCOPY --from=a /b /b\n"), output: push(imageName(e.registry, t, "other"))}.mustRun(t, e)
}
