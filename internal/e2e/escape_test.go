//go:build e2e

package e2e

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/sworn-build/sworn/provenance"
	"github.com/sworn-build/sworn/step"
)

// The escape suite: a hostile program, step/runner/testdata/forger, runs as a RUN of real
// builds under each profile and says what the kernel answered to each attempt. The
// runner's own tests run the same program without BuildKit's sandbox; a step against its
// own record is in forge_test.go.

// forgerProgram builds it.
func forgerProgram(t *testing.T) string {
	return staticProgram(t, "../../step/runner/testdata/forger")
}

// trial is a step that runs the program.
type trial struct {
	name string // of its stage, and the last word of its command
	// directive says what is in force.
	directive string
	user      string
	args      []string
}

// trialContext has a stage for each trial, all from the same state.
func trialContext(program string, trials []trial) files {
	var df strings.Builder
	df.WriteString(`FROM scratch AS base
COPY --chmod=755 forger /forger
COPY --chmod=4755 forger /setuid
COPY --chmod=755 forger /capable
COPY input server.pem /
WORKDIR /d
WORKDIR /tmp
WORKDIR /proc
WORKDIR /sys
WORKDIR /d
RUN ["/forger", "prepare"]
`)
	for _, tr := range trials {
		var args []string
		for _, a := range slices.Concat([]string{"/forger"}, tr.args, []string{tr.name}) {
			args = append(args, fmt.Sprintf("%q", a))
		}
		fmt.Fprintf(&df, "FROM base AS %s\nUSER %s\n# sworn: %s\nRUN [%s]\n", tr.name, tr.user, tr.directive, strings.Join(args, ", "))
	}
	df.WriteString("FROM scratch\n")
	for _, tr := range trials {
		fmt.Fprintf(&df, "COPY --from=%s /input /%[1]s\n", tr.name)
	}
	return files{"Dockerfile": df.String(), "forger": program, "input": "input\n", "server.pem": ""}
}

// stepOutput is what a step printed, by a part of its name.
func stepOutput(log, part string) string {
	ids := map[string]bool{}
	var out strings.Builder
	for line := range strings.Lines(log) {
		id, rest, ok := strings.Cut(line, " ")
		if !ok || !strings.HasPrefix(id, "#") {
			continue
		}
		if strings.HasPrefix(rest, "[") && strings.Contains(rest, part) {
			ids[id] = true
		} else if _, text, ok := strings.Cut(rest, " "); ok && ids[id] {
			out.WriteString(text)
		}
	}
	return out.String()
}

// trialAnswers are what a trial printed: of each attempt why it was refused, "" if it was not.
func trialAnswers(t *testing.T, log string, tr trial) map[string]string {
	t.Helper()
	out := map[string]string{}
	for line := range strings.Lines(stepOutput(log, fmt.Sprintf("%q]", tr.name))) {
		if name, why, ok := strings.Cut(strings.TrimSpace(strings.TrimPrefix(line, "refused: ")), ": "); ok && strings.HasPrefix(line, "refused: ") {
			out[name] = why
		} else if name, ok := strings.CutPrefix(strings.TrimSpace(line), "escaped: "); ok {
			out[name] = ""
		}
	}
	return out
}

const (
	notPermitted = "operation not permitted"
	denied       = "permission denied"
	noFamily     = "address family not supported by protocol"
	noCall       = "function not implemented"
	noFile       = "no such file or directory"
	noProtocol   = "protocol not supported"
)

// refusals are the attempts that no profile but off lets through, and the answer to each.
func refusals(root bool) map[string]string {
	out := map[string]string{
		"/proc/1/mem": denied, "record by the runner's root": denied, "folder beside the record": noFile,
		"clone3": noCall, "x32": noCall,
		"vsock": noFamily, "packet socket": noFamily, "crypto socket": noFamily, "key socket": noFamily, "bluetooth socket": noFamily,
		"program with capabilities": notPermitted,
	}
	for _, name := range []string{"vsock", "packet socket", "crypto socket", "key socket", "bluetooth socket"} {
		out[name+" directly"] = noFamily
	}
	for _, name := range []string{"raw socket", "raw IPv6 socket", "old packet socket"} {
		out[name], out[name+" directly"] = notPermitted, notPermitted
	}
	for _, name := range []string{
		"ptrace attach", "ptrace seize", "process_vm_readv", "process_vm_writev", "pidfd_getfd", "kcmp",
		"mount", "bind mount", "umount", "pivot_root", "fsopen", "open_tree", "mount_setattr",
		"clone user namespace", "clone mount namespace", "unshare user", "unshare mount", "unshare network", "setns",
		"io_uring", "bpf", "perf_event_open", "userfaultfd", "keyctl", "add_key", "request_key", "init_module",
		"settimeofday", "adjtimex", "swapon", "quotactl", "syslog", "open_by_handle_at",
		"character device", "character device for a removed file", "block device", "block device for a removed file",
		"capabilities of the container", "ambient capability", "chroot", "record by handle",
	} {
		out[name] = notPermitted
	}
	if !root {
		out["set-user-ID program"] = notPermitted
	}
	return out
}

// escapeTrials run everything that needs no server, as root and as a user.
func escapeTrials() []trial {
	var out []trial
	for name, directive := range map[string]string{
		"baseline": `harden=baseline reason="the options are stricter"`,
		"strict":   `harden=strict root=yes reason="root is what is tried"`,
		"record":   `network=record`,
		"off":      `harden=off reason="the control"`,
	} {
		for user, id := range map[string]string{"root": "0:0", "user": "1000:1000"} {
			out = append(out, trial{name + "-" + user, directive, id, []string{"escape"}})
		}
	}
	slices.SortFunc(out, func(a, b trial) int { return strings.Compare(a.name, b.name) })
	return out
}

// confinedTrials try to write and to signal where a strict step may not, as root.
func confinedTrials() (confined, open trial) {
	args := []string{"strict"}
	return trial{"confined", `harden=strict root=yes reason="root is what is tried"`, "0:0", args}, trial{"open", "harden=baseline", "0:0", args}
}

// confinement is the answer to each.
func confinement() map[string]string {
	out := map[string]string{}
	for _, name := range []string{
		"file in the root folder", "folder in the root folder", "link in the root folder", "move to the root folder",
		"file in /dev", "file in /proc", "file of the record",
	} {
		out[name] = denied
	}
	for _, name := range []string{"set-user-ID by chmod", "set-user-ID by open", "set-user-ID by mknod", "signal to the runner"} {
		out[name] = notPermitted
	}
	return out
}

func TestEscapesAreRefusedAndTheRecordSaysByWhat(t *testing.T) {
	e := mustEnv(t)
	trials := escapeTrials()
	confined, open := confinedTrials()
	ref := imageName(e.registry, t, "latest")
	r, a := buildAccount(t, e, build{
		context: trialContext(forgerProgram(t), append(slices.Clone(trials), confined, open)), output: push(ref), args: []string{"--no-cache"},
	})
	got, control := trialAnswers(t, r.log, confined), trialAnswers(t, r.log, open)
	for name, want := range confinement() {
		if why := got[name]; why != want {
			t.Errorf("strict: %s: %q, want %q", name, why, want)
		}
		if why, ok := control[name]; !ok || why != "" {
			t.Errorf("baseline: %s is refused too (%q): the suite shows nothing of it", name, why)
		}
	}
	if l := a.step(t, `"confined"]`).Sandbox.Landlock; l == nil || slices.Contains(l.Writable, "/") || slices.Contains(l.Writable, "/dev") || !slices.Contains(l.Writable, "/tmp") {
		t.Errorf("the record says %+v", l)
	}
	for _, tr := range trials {
		t.Run(tr.name, func(t *testing.T) {
			profile, user, _ := strings.Cut(tr.name, "-")
			got := trialAnswers(t, r.log, tr)
			want := refusals(user == "root")
			if profile == "off" {
				checkOpen(t, got, user)
			} else if !maps.Equal(want, got) {
				for name := range maps.Keys(merge(want, got)) {
					if w, g := want[name], got[name]; w != g {
						t.Errorf("%s: %q, want %q", name, g, w)
					}
				}
			}
			checkSandbox(t, a.step(t, fmt.Sprintf("%q]", tr.name)), profile, user)
		})
	}
}

func merge(a, b map[string]string) map[string]string {
	out := maps.Clone(a)
	maps.Copy(out, b)
	return out
}

// checkOpen is the control: attempts that a step without Sworn's sandbox may make.
func checkOpen(t *testing.T, got map[string]string, user string) {
	t.Helper()
	open := []string{"ptrace attach", "process_vm_readv", "process_vm_writev", "program with capabilities"}
	if user == "root" {
		open = append(open, "capabilities of the container", "chroot", "raw socket", "raw IPv6 socket", "character device")
	} else {
		open = append(open, "set-user-ID program")
	}
	for _, name := range open {
		if why, ok := got[name]; !ok || why != "" {
			t.Errorf("%s is refused without the sandbox too (%q): the suite shows nothing of it", name, why)
		}
	}
}

// checkSandbox compares what the record says with the profile.
func checkSandbox(t *testing.T, s provenance.Step, profile, user string) {
	t.Helper()
	want := map[string]struct {
		harden, filter string
		restricts      []string
	}{
		"off":      {harden: step.HardenOff},
		"baseline": {step.HardenBaseline, "baseline/", []string{step.RestrictSockets}},
		"record":   {step.HardenBaseline, "baseline+proxy/", []string{step.RestrictSockets, step.RestrictTCP}},
		"strict":   {step.HardenStrict, "strict/", []string{step.RestrictSockets, step.RestrictSignals, step.RestrictWrites}},
	}[profile]
	sb := s.Sandbox
	if sb == nil || sb.Harden != want.harden || sb.NoNewPrivileges != (profile != "off") || sb.Kernel == "" {
		t.Fatalf("sandbox %+v, want %s", sb, profile)
	}
	// The kernel lets root alone cut the bounding set. Under no_new_privs it gives nothing.
	var notes []string
	if profile != "off" && user != "root" {
		notes = []string{"capability bounding set not cut: operation not permitted"}
	}
	if !slices.Equal(sb.Notes, notes) {
		t.Errorf("notes %q, want %q", sb.Notes, notes)
	}
	if profile == "off" {
		if sb.Filter != nil || sb.Landlock != nil {
			t.Errorf("off, but %+v", sb)
		}
		return
	}
	if sb.Filter == nil || !strings.HasPrefix(sb.Filter.Name, want.filter) || !regexp.MustCompile(`^sha256:[0-9a-f]{64}$`).MatchString(sb.Filter.Digest) ||
		sb.Landlock == nil || !slices.Equal(sb.Landlock.Restricts, want.restricts) || sb.Landlock.ABI < 6 {
		t.Errorf("filter %+v, Landlock %+v, want %+v", sb.Filter, sb.Landlock, want)
	}
	allowed := map[string]int{"root": 7}[user] // and of others none
	if c := sb.Capabilities; len(c.Effective) > allowed || len(c.Permitted) > allowed || len(c.Inheritable)+len(c.Ambient) > 0 ||
		user == "root" && len(c.Bounding) > allowed {
		t.Errorf("capabilities %+v", c)
	}
	if n := s.Network; (profile == "record") != (n != nil && n.Mode == step.NetworkRecord) || profile == "record" && (!n.Enforced || !n.Complete) {
		t.Errorf("network %+v", n)
	}
	wantComplete(t, s)
}
