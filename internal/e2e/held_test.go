//go:build e2e && robustness

package e2e

import (
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// What BuildKit holds of a cancelled step, it holds for its own frontend too.
func TestOfACancelledStepBuildKitHoldsTheSame(t *testing.T) {
	e := mustEnv(t)
	d := newDaemon(t, e, nil)
	held := map[string][]string{}
	for _, frontend := range []string{upstream, ""} {
		prune(t, e, d.host, "--all")
		b := build{host: d.host, frontend: frontend, context: slowContext("held", forever, 0)}
		if r := b.interrupt(t, e, signal(t, os.Interrupt), wrote("now"), nil); r.err == nil {
			t.Errorf("the build came to its end:\n%s", r.log)
		}
		time.Sleep(2 * time.Second)
		held[frontend] = d.inUse(t, e)
		d.restart(t, e)
		d.heldNothing(t, e)
	}
	var want []string
	for _, r := range held[upstream] {
		want = append(want, strings.Replace(r, "exec /bin/sh", "exec RUN /bin/sh", 1))
	}
	ours := slices.DeleteFunc(held[""], func(r string) bool { return strings.Contains(r, "sworn") })
	if diff := cmp.Diff(want, ours); diff != "" || len(want) == 0 {
		t.Errorf("held, but for Sworn's own (-upstream's +ours):\n%s", diff)
	}
}
