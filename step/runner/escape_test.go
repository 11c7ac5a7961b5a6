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
	refusals := []string{
		"operation not permitted", "function not implemented", "address family not supported by protocol", "permission denied",
		"no such file or directory",
	}
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
					c.privileged(arch)
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
	c.privileged("")
	got := c.run()
	for _, name := range []string{
		"ptrace attach", "pidfd_getfd", "kcmp", "clone user namespace", "clone3",
		"raw socket", "packet socket", "add_key", "mount", "character device", "adjtimex",
		"capabilities of the container", "ambient capability", "chroot", "program with capabilities",
	} {
		if !strings.Contains(got.stdout, "escaped: "+name+"\n") {
			t.Errorf("%s is refused:\n%s", name, got.stdout)
		}
	}
	if sb := got.record.Sandbox; sb.Filter != nil || sb.Landlock != nil || sb.Harden != step.HardenOff {
		t.Errorf("sandbox %+v", sb)
	}
}

// Without no_new_privs the file's owner is who the program runs as.
func TestASetUserIDProgramGivesPrivilegesWithoutTheSandbox(t *testing.T) {
	c := newContainer(t, "/forger", "escape")
	c.uid, c.cfg.Harden = 1000, step.HardenOff
	c.forger(0o755)
	c.privileged("")
	if got := c.run(); !strings.Contains(got.stdout, "escaped: set-user-ID program\n") {
		t.Errorf("it is refused:\n%s", got.stdout)
	}
}

// Landlock and the strict filter, as root, whom permissions do not stop. Under baseline
// all of it is open, so the attempts are worth something.
func TestStrictStepWritesAndSignalsNowhereElse(t *testing.T) {
	refused := map[string]string{}
	for _, name := range []string{
		"file in the root folder", "folder in the root folder", "link in the root folder", "move to the root folder",
		"file in /dev", "file in /proc", "file of the record",
	} {
		refused[name] = "permission denied"
	}
	for _, name := range []string{"set-user-ID by chmod", "set-user-ID by open", "set-user-ID by mknod", "signal to the runner"} {
		refused[name] = "operation not permitted"
	}
	for _, profile := range []string{step.HardenStrict, step.HardenBaseline} {
		t.Run(profile, func(t *testing.T) {
			c := newContainer(t, "/forger", "strict")
			c.cfg.Harden, c.cfg.Root = profile, profile == step.HardenStrict
			c.forger(0o755)
			got := c.run()
			if got.record == nil {
				t.Fatalf("%+v", got)
			}
			for name, why := range refused {
				want := "escaped: " + name + "\n"
				if profile == step.HardenStrict {
					want = "refused: " + name + ": " + why + "\n"
				}
				if !strings.Contains(got.stdout, want) {
					t.Errorf("no %q in\n%s", want, got.stdout)
				}
			}
			want := []string{step.RestrictSockets}
			if profile == step.HardenStrict {
				want = []string{step.RestrictSockets, step.RestrictSignals, step.RestrictWrites}
			}
			if l := got.record.Sandbox.Landlock; l == nil || !slices.Equal(l.Restricts, want) || slices.Contains(l.Writable, "/") || slices.Contains(l.Writable, "/dev") {
				t.Errorf("the record says %+v, want %q", l, want)
			}
		})
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
