//go:build e2e

package e2e

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Values of every kind, and as long as the kernel takes them, reach the step and its
// record as they are.
func TestBuildArgsReachTheStepAndItsRecordAsTheyAre(t *testing.T) {
	e := mustEnv(t)
	for name, value := range map[string]string{
		"newlines": "a\nb\n\nc=\td\r\n 'e' \"f\" $g\n",
		"long":     strings.Repeat("x", 131_000), // 128 KiB less its name
	} {
		t.Run(name, func(t *testing.T) {
			_, a := buildAccount(t, e, build{
				context: dockerfile("FROM busybox\nARG A\nRUN printf %s \"$A\" > /a\n"),
				opts:    []string{"build-arg:A=" + value}, output: push(imageName(e.registry, t, "latest")),
			})
			if diff := cmp.Diff(sha256Of([]byte(value)), a.file(t, "/a").Digest); diff != "" {
				t.Errorf("/a (-want +got):\n%s", diff)
			}
			if env := a.step(t, "RUN printf").Environment; !slices.Contains(env, "A="+value) {
				t.Errorf("the record's environment is %.200q", env)
			}
		})
	}
}
