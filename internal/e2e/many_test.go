//go:build e2e && robustness

package e2e

import (
	"fmt"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Builds that run at once, most of them different, two of each the same, have the
// statements that they would have alone.
func TestBuildsAtOnceDoNotMix(t *testing.T) {
	const builds = 20
	e := mustEnv(t)
	d := newDaemon(t, e, nil)
	build{host: d.host, context: dockerfile("FROM busybox\nRUN true\n")}.mustRun(t, e)
	before := d.idle(t)
	of := func(i int) files {
		return files{
			"own": fmt.Sprintf("of build %d\n", i/2),
			"Dockerfile": fmt.Sprintf("FROM busybox AS build\nCOPY own /own\nRUN --mount=type=cache,target=/c,id=many cat /own /etc/passwd > /made && echo %[1]d >> /c/seen\n"+
				"FROM busybox\nRUN echo shared > /shared\nRUN echo %[1]d > /number\nCOPY --from=build /made /made\n", i/2),
		}
	}
	var refs [builds]string
	var wg sync.WaitGroup
	for i := range refs {
		refs[i] = imageName(e.registry, t, fmt.Sprint(i))
		wg.Go(func() {
			if r := (build{host: d.host, context: of(i), output: push(refs[i])}).run(t, e); r.err != nil {
				t.Errorf("build %d: %v\n%s", i, r.err, r.log)
			}
		})
	}
	wg.Wait()
	if t.Failed() {
		return
	}
	for i, ref := range refs {
		a := accountOf(t, ref)
		sameAsImage(t, ref, a)
		own := fmt.Sprintf("of build %d\n", i/2)
		step := a.step(t, "cat /own")
		wantComplete(t, step)
		wantInput(t, step, whole("/own", own))
		if diff := cmp.Diff(sha256Of(fmt.Appendln(nil, i/2)), a.file(t, "/number").Digest); diff != "" {
			t.Errorf("build %d: /number (-want +got):\n%s", i, diff)
		}
		if i%2 == 1 {
			samePredicates(t, accountOf(t, refs[i-1]), a)
		}
	}
	d.leftNothing(t, before)
	// Of two builds with the same local files BuildKit 0.33 holds results until it ends.
	d.restart(t, e)
	d.heldNothing(t, e)
	d.emptied(t, e)
}
