//go:build e2e

package e2e

import (
	"crypto/rand"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sworn-build/sworn/provenance"
)

// Two builds of one image at once share each step's one run, and its record.
func TestTwoBuildsOfOneImageAtOnce(t *testing.T) {
	e := mustEnv(t)
	ctx := choosing(false)
	ctx["Dockerfile"] = ownKeys(ctx["Dockerfile"], rand.Text())
	ctx["Dockerfile"] = strings.Replace(ctx["Dockerfile"], "\nRUN f=", "\nRUN sleep 1; f=", 1)
	dir := ctx.write(t)
	images := []string{imageName(e.registry, t, "one"), imageName(e.registry, t, "two")}
	results := make([]built, len(images))
	var wg sync.WaitGroup
	for i, image := range images {
		b := build{dir: dir, output: push(image), opts: []string{"attest:provenance="}}
		wg.Go(func() { results[i] = b.run(t, e) })
	}
	wg.Wait()
	var all []account
	for i, r := range results {
		if r.err != nil {
			t.Fatalf("build %d: %v\n%s", i, r.err, r.log)
		}
		a := accountOf(t, images[i])
		oneRun(t, images[i], a, "RUN sleep")
		all = append(all, a)
	}
	samePredicates(t, all[0], all[1])
}

// --no-cache-filter runs the steps of one stage again; the others keep their records.
// As with upstream, a later step may be found in the cache on top of the stage's earlier
// run: then the image has that run's file, and the statement says which step's state
// brought it.
func TestNoCacheFilterRunsOneStageAgain(t *testing.T) {
	e := mustEnv(t)
	random := func(to string) string { return "RUN cat " + random + " | tee " + to + "\n" }
	dir := dockerfile("FROM busybox AS anew\n" + random("/anew") + "FROM busybox AS kept\n" + random("/kept") +
		"FROM busybox\nCOPY --from=anew /anew /\nCOPY --from=kept /kept /\nRUN cat /anew /kept > /both\n").write(t)
	first, second := imageName(e.registry, t, "first"), imageName(e.registry, t, "second")
	_, before := buildAccount(t, e, build{dir: dir, output: push(first)})
	r, after := buildAccount(t, e, build{dir: dir, output: push(second), opts: []string{"no-cache=anew"}})
	if !r.printed("tee /anew") || r.printed("tee /kept") {
		t.Errorf("the other stage ran:\n%s", r.log)
	}
	for _, p := range []string{"/anew", "/kept", "/both"} {
		describedTruly(t, second, after, p)
	}
	if d := cmp.Diff(before.step(t, "tee /kept"), after.step(t, "tee /kept")); d != "" {
		t.Errorf("the step that was kept (-before +after):\n%s", d)
	}
	f := after.file(t, "/anew")
	i := slices.IndexFunc(after.steps.Steps, func(s provenance.Step) bool { return s.ID == f.Step })
	if i < 0 {
		t.Fatalf("/anew is of %q, which is no step", f.Step)
	}
	if d := cmp.Diff(f.Digest, output(t, after.steps.Steps[i], "/anew").Digest); d != "" {
		t.Errorf("/anew (-in the image +as %s left it):\n%s", after.steps.Steps[i].Name, d)
	}
	anew := output(t, after.step(t, "tee /anew"), "/anew").Digest
	if cmp.Equal(before.file(t, "/anew").Digest, anew) || !cmp.Equal(output(t, after.step(t, "COPY --from=anew"), "/anew").Digest, anew) {
		t.Errorf("the step and its copy are not of this run: %v", anew)
	}
}
