package runner

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/sworn-build/sworn/step"
)

// mustRefuse runs the forger's escapes and checks that the kernel refused each.
func mustRefuse(t *testing.T, got outcome) {
	t.Helper()
	if got.record == nil || !strings.Contains(got.stdout, "tried all: <nil>\n") {
		t.Fatalf("%+v", got)
	}
	refusals := []string{"operation not permitted", "function not implemented", "address family not supported by protocol", "permission denied"}
	for line := range strings.Lines(strings.TrimSuffix(got.stdout, "tried all: <nil>\n")) {
		refused := func(why string) bool { return strings.HasSuffix(line, ": "+why+"\n") }
		if !strings.HasPrefix(line, "refused: ") || !slices.ContainsFunc(refusals, refused) {
			t.Errorf("not refused: %s", line)
		}
	}
	sb := got.record.Sandbox
	if sb.Filter == nil || !strings.HasPrefix(sb.Filter.Name, sb.Harden+"/") || sb.Seccomp != "filter" || sb.Kernel == "" {
		t.Errorf("the record does not show what refused them: %+v", sb)
	}
}

// runc sets no seccomp filter here and the command has all capabilities of a BuildKit
// step to begin with: what refuses is the runner's sandbox.
func TestStepCannotEscape(t *testing.T) {
	for _, arch := range []string{"", "386"} {
		for _, profile := range []string{step.HardenBaseline, step.HardenStrict} {
			for _, uid := range []int{0, 1000} {
				t.Run(fmt.Sprint(arch, " ", profile, " ", uid), func(t *testing.T) {
					c := newContainer(t, "/forger", "escape")
					c.uid, c.cfg.Harden = uid, profile
					c.cfg.Root = profile == step.HardenStrict
					c.forgerFor(arch, 0o755)
					mustRefuse(t, c.run())
				})
			}
		}
	}
}

// Without the sandbox most of them are open: the test above shows something.
func TestEscapesAreOpenWithoutTheSandbox(t *testing.T) {
	c := newContainer(t, "/forger", "escape")
	c.cfg.Harden = step.HardenOff
	c.extraCaps = []string{"CAP_SYS_ADMIN", "CAP_SYS_PTRACE"}
	c.forger(0o755)
	got := c.run()
	for _, name := range []string{
		"ptrace attach", "pidfd_getfd", "kcmp", "clone user namespace", "clone3",
		"raw socket", "packet socket", "add_key", "mount", "character device", "adjtimex",
	} {
		if !strings.Contains(got.stdout, "escaped: "+name+"\n") {
			t.Errorf("%s is refused:\n%s", name, got.stdout)
		}
	}
	if sb := got.record.Sandbox; sb.Filter != nil || sb.Landlock != nil || sb.Harden != step.HardenOff {
		t.Errorf("sandbox %+v", sb)
	}
}

// A debugger may trace what it starts.
func TestStepCanTraceItsChildren(t *testing.T) {
	c := newContainer(t, "/forger", "debug")
	c.forger(0o755)
	if got := c.run(); got.exit != 0 || got.stdout != "traced a child to its end\n" {
		t.Errorf("%+v", got)
	}
}
