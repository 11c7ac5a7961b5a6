//go:build e2e && robustness

package e2e

import (
	"net/http"
	"strings"
	"testing"
)

// A registry that refuses a part of a push, be it the last, keeps the image that it
// had.
func TestARefusedPushKeepsTheTag(t *testing.T) {
	e := mustEnv(t)
	reg := newHeldRegistry(t, e.registry)
	image := imageName(reg.host, t, "latest")
	old, _ := buildAccount(t, e, build{context: dockerfile("FROM busybox\nRUN echo old > /made\n"), output: push(image)})
	for name, pick := range map[string]func(*http.Request, string) bool{
		"a blob": uploads, "the statements": putsStatements, "the tag": putsTag,
	} {
		t.Run(name, func(t *testing.T) {
			reg.fail(pick, http.StatusForbidden)
			r := build{context: dockerfile("FROM busybox\nRUN echo new > /made; : " + name + "\n"), output: push(image)}.run(t, e)
			reg.hold(nil)
			if r.err == nil {
				t.Errorf("pushed:\n%s", r.log)
			}
			if !strings.Contains(r.log, "403 Forbidden") {
				t.Errorf("the error does not say why:\n%s", r.log)
			}
			stillTagged(t, image, old.digest)
		})
	}
}
