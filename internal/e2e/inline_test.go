//go:build e2e

package e2e

import (
	"strings"
	"testing"
)

// An inline cache has the layers of the image and nothing of the stage that one of them
// was copied from: that stage runs anew, and the copy in the cache is of the first run.
func TestACopyInAnInlineCacheIsOfTheRunThatItsStatementsTell(t *testing.T) {
	e := mustEnv(t)
	host := ownBuilder(t, e)
	dir := files{"Dockerfile": "FROM busybox AS build\nRUN cat " + random + " > /unique\nFROM busybox\nCOPY --from=build /unique /\n"}.write(t)
	first := imageName(e.registry, t, "first")
	build{dir: dir, host: host, output: push(first), args: []string{"--export-cache", "type=inline"}}.mustRun(t, e)
	emptyBuilder(t, e, host)
	second := imageName(e.registry, t, "second")
	r, a := buildAccount(t, e, build{dir: dir, host: host, output: push(second), args: []string{"--import-cache", "type=registry,ref=" + first}})
	describedTruly(t, second, a, "/unique")
	if want := "[internal] sworn: the cache had what was made in another run of these, so they run again: [build 2/2] RUN cat"; !strings.Contains(r.log, want) {
		t.Errorf("the progress does not say %q:\n%s", want, r.log)
	}
}
