//go:build e2e && corpus

package e2e

import (
	"os"
	"strings"
	"testing"

	"github.com/sworn-build/sworn/step"
)

// All of the corpus under the default profile: make corpus.
func TestCorpus(t *testing.T) {
	buildCorpus(t, corpus(t), "", nil, nil)
}

// Those of the corpus that download something, with every request recorded: the same
// images, and nothing but the recorder could be reached. The operator gives the recorder the
// machine's authorities, for the npm registry: of those in a step's secret it knows nothing.
func TestCorpusRecorded(t *testing.T) {
	names := []string{
		"apt", "apt-purge", "autotools", "ca", "cron", "git-clone", "go", "gosu", "locales", "nginx", "npm", "perl", "ping",
		"python", "redis", "setcap", "sqlite", "strip", "tzdata",
	}
	frontend := ""
	if _, err := os.Stat(machineRoots); err == nil {
		frontend = rootsFrontend(t, mustEnv(t), files{"roots/machine.pem": mustRead(t, machineRoots)})
	}
	buildCorpus(t, names, frontend, []string{"build-arg:SWORN_NETWORK=record"}, func(t *testing.T, _, image string) {
		ref, _, _ := strings.Cut(image, "@")
		a := accountOf(t, ref)
		requests := 0
		for _, s := range a.steps.Steps {
			if s.Kind != step.KindExec {
				continue
			}
			want := step.NetworkRecord
			if s.NetworkMode == step.NetworkNone { // RUN --network=none has nothing to record
				want = step.NetworkNone
			}
			if n := s.Network; n == nil || n.Mode != want || !n.Enforced || !n.Complete {
				t.Errorf("network of %s: %+v", s.ID, n)
			} else {
				requests += len(n.Requests)
			}
		}
		if requests == 0 {
			t.Error("no request was recorded")
		}
	})
}
