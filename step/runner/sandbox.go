package runner

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/sworn-build/sworn/step"
	"golang.org/x/sys/unix"
)

// threadStatus is what the kernel says of a thread in /proc/PID/status.
type threadStatus struct {
	inheritable, permitted, effective, bounding, ambient capSet
	noNewPrivs                                           bool
	seccomp                                              string
	caught                                               uint64 // signals with a handler, bit N-1 for signal N
}

// parseStatus decodes the lines of /proc/PID/status that matter here. A missing
// or repeated line is an error: nothing may be claimed that was not read.
func parseStatus(text string) (threadStatus, error) {
	var st threadStatus
	sets := map[string]*capSet{
		"CapInh": &st.inheritable, "CapPrm": &st.permitted, "CapEff": &st.effective,
		"CapBnd": &st.bounding, "CapAmb": &st.ambient, "SigCgt": (*capSet)(&st.caught),
	}
	seccomp := map[string]string{"0": "disabled", "1": "strict", "2": "filter"}
	found := map[string]bool{}
	for line := range strings.Lines(text) {
		key, val, _ := strings.Cut(strings.TrimSuffix(line, "\n"), ":")
		val = strings.TrimSpace(val)
		switch set := sets[key]; {
		case set != nil:
			n, err := strconv.ParseUint(val, 16, 64)
			if err != nil {
				return threadStatus{}, fmt.Errorf("read process status: %s: %w", key, err)
			}
			*set = capSet(n)
		case key == "NoNewPrivs":
			st.noNewPrivs = val == "1"
		case key == "Seccomp":
			if st.seccomp = seccomp[val]; st.seccomp == "" {
				return threadStatus{}, fmt.Errorf("read process status: seccomp mode %q unknown", val)
			}
		default:
			continue
		}
		if found[key] {
			return threadStatus{}, fmt.Errorf("read process status: %s twice", key)
		}
		found[key] = true
	}
	if want := len(sets) + 2; len(found) != want {
		return threadStatus{}, fmt.Errorf("read process status: %d of %d lines missing", want-len(found), want)
	}
	return st, nil
}

// readSandbox reads back what is in force for the calling thread, and so for what
// it forks, after the profile was applied to it. Anything that should have been removed
// and is still there is an error.
func readSandbox(profile string, a applied) (step.Sandbox, threadStatus, error) {
	text, err := os.ReadFile("/proc/thread-self/status")
	if err != nil {
		return step.Sandbox{}, threadStatus{}, fmt.Errorf("read process status: %w", err)
	}
	st, err := parseStatus(string(text))
	if err != nil {
		return step.Sandbox{}, threadStatus{}, err
	}
	var core unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_CORE, &core); err != nil {
		return step.Sandbox{}, threadStatus{}, fmt.Errorf("read core limit: %w", err)
	}
	sb := step.Sandbox{
		Harden:          profile,
		Kernel:          a.kernel,
		NoNewPrivileges: st.noNewPrivs,
		Capabilities: step.CapabilitySets{
			Bounding:    st.bounding.names(),
			Effective:   st.effective.names(),
			Permitted:   st.permitted.names(),
			Inheritable: st.inheritable.names(),
			Ambient:     st.ambient.names(),
		},
		Seccomp:  st.seccomp,
		Filter:   a.filter,
		Landlock: a.landlock,
		Notes:    slices.Sorted(slices.Values(a.notes)),
	}
	if core.Cur != unix.RLIM_INFINITY {
		sb.CoreLimit = &core.Cur
	}
	if profile == step.HardenOff {
		return sb, st, nil
	}
	extra := (st.effective | st.permitted | st.inheritable | st.ambient) &^ keptCaps(profile)
	if extra != 0 || !st.noNewPrivs || core.Cur != 0 || a.filter != nil && st.seccomp != "filter" {
		return step.Sandbox{}, threadStatus{}, fmt.Errorf("harden: not in force after it was applied (capabilities left: %v)", extra.names())
	}
	return sb, st, nil
}

// intruders are capabilities with which a command can reach into the runner or
// read files where inotify does not see it.
func intruders() capSet {
	return capsOf(unix.CAP_SYS_PTRACE, unix.CAP_SYS_ADMIN, unix.CAP_SYS_MODULE,
		unix.CAP_SYS_RAWIO, unix.CAP_BPF, unix.CAP_DAC_READ_SEARCH)
}

// escapes names the capabilities with which the command can defeat observation.
func (st threadStatus) escapes() []string {
	reach := st.permitted | st.inheritable | st.ambient
	if !st.noNewPrivs {
		reach |= st.bounding
	}
	return (reach & intruders()).names()
}
