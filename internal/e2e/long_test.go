//go:build e2e

package e2e

import (
	"strings"
	"testing"
)

// A client hands a build's answer to the builder in one message of at most 16 MiB,
// with the definition of each result in it.
func TestBuildsWithMuchToSayAreAttested(t *testing.T) {
	t.Parallel()
	const steps = 70
	e := mustEnv(t)
	ref := imageName(e.registry, t, "long")
	command := "RUN : " + strings.Repeat("x", 8_000) + "\n"
	build{
		context: files{"Dockerfile": "FROM busybox\n" + strings.Repeat(command, steps)},
		output:  push(ref),
	}.mustRun(t, e)
	if n := len(accountOf(t, ref).steps.Steps); n != steps {
		t.Errorf("%d steps, want %d", n, steps)
	}
}
