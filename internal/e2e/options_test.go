//go:build e2e

package e2e

import (
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/sworn-build/sworn/frontend/rules"
	"github.com/sworn-build/sworn/provenance"
	"github.com/sworn-build/sworn/step"
)

// dockerCapabilities are the 14 that BuildKit gives to a step, and baseline the seven
// that harden=baseline leaves.
func dockerCapabilities() []string {
	return slices.Sorted(slices.Values(append(baselineCapabilities(), "CAP_AUDIT_WRITE", "CAP_KILL", "CAP_MKNOD",
		"CAP_NET_BIND_SERVICE", "CAP_NET_RAW", "CAP_SETPCAP", "CAP_SYS_CHROOT")))
}

func baselineCapabilities() []string {
	return []string{"CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FOWNER", "CAP_FSETID", "CAP_SETFCAP", "CAP_SETGID", "CAP_SETUID"}
}

// optioned is how a step and its record look under options.
type optioned struct {
	Options      map[string]string
	Printed      string // what the step sees of itself
	Harden       string
	NoNewPrivs   bool
	Capabilities []string
	Mode         string
	Complete     bool
	ReadUsers    bool // /etc/passwd is among its inputs
}

func baseline() optioned {
	return optioned{
		Options: map[string]string{
			"accept": "", "allow": "", "base": "any", "harden": "baseline", "licences": "", "network": "default", "observe": "on", "organization": "",
			"rules": rules.Default().String(), "sbom": "packages", "sources": "", "statements": "on",
		},
		Printed: "CapEff:\t00000000800000db\nNoNewPrivs:\t1\n",
		Harden:  step.HardenBaseline, NoNewPrivs: true, Capabilities: baselineCapabilities(),
		Mode: step.ObserveInotify, Complete: true, ReadUsers: true,
	}
}

func hardenOff(o optioned) optioned {
	o.Options["harden"] = "off"
	o.Printed = "CapEff:\t00000000a80425fb\nNoNewPrivs:\t0\n"
	o.Harden, o.NoNewPrivs, o.Capabilities = step.HardenOff, false, dockerCapabilities()
	return o
}

func observeOff(o optioned) optioned {
	o.Options["observe"] = "off"
	o.Mode, o.Complete, o.ReadUsers = step.ObserveOff, false, false
	return o
}

func statementsAlways(o optioned) optioned {
	o.Options["statements"] = "always"
	return o
}

// Build args win over the syntax line, and that over the frontend image's environment.
func TestOptionsAreAppliedAndRecorded(t *testing.T) {
	t.Parallel()
	e := mustEnv(t)
	operator := imageName(e.registry, t, "frontend")
	build{
		context:  dockerfile("FROM " + e.frontend() + "\nENV SWORN_HARDEN=off SWORN_OBSERVE=off\n"),
		frontend: upstream, output: push(operator),
	}.mustRun(t, e)
	for _, c := range []struct {
		name     string
		frontend string
		line     string // options in the syntax line
		args     []string
		want     optioned
	}{
		{name: "defaults", want: baseline()},
		{name: "syntax line", line: " harden=off  observe=off", want: observeOff(hardenOff(baseline()))},
		{name: "build args", args: []string{"SWORN_HARDEN=off"}, want: hardenOff(baseline())},
		{name: "observe", args: []string{"SWORN_OBSERVE=off"}, want: observeOff(baseline())},
		{name: "always", line: " statements=always", want: statementsAlways(baseline())},
		{name: "build arg wins over the syntax line", line: " harden=off observe=off", args: []string{"SWORN_HARDEN=baseline"}, want: observeOff(baseline())},
		{name: "image", frontend: operator, want: observeOff(hardenOff(baseline()))},
		{name: "syntax line wins over the image", frontend: operator, line: " observe=on", want: hardenOff(baseline())},
		{name: "build arg wins over the image", frontend: operator, args: []string{"SWORN_HARDEN=baseline", "SWORN_OBSERVE=on"}, want: baseline()},
	} {
		t.Run(c.name, func(t *testing.T) {
			ref := c.frontend
			if ref == "" {
				ref = e.frontend()
			}
			image := imageName(e.registry, t, "latest")
			// The frontend that the syntax line names, as users call it.
			b := build{
				context: dockerfile("# syntax=" + ref + c.line + "\nFROM busybox\n" +
					"RUN grep -E '^(CapEff|NoNewPrivs)' /proc/self/status > /seen; ulimit -c > /core; cat /etc/passwd\n"),
				frontend: upstream, output: push(image), args: []string{"--no-cache"},
			}
			for _, a := range c.args {
				b.opts = append(b.opts, "build-arg:"+a)
			}
			b.mustRun(t, e)
			if d := cmp.Diff(c.want, readOptioned(t, image)); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
		})
	}
}

func readOptioned(t *testing.T, image string) optioned {
	t.Helper()
	a := accountOf(t, image)
	s := a.step(t, "RUN grep")
	if s.Sandbox == nil || s.Inputs == nil {
		t.Fatalf("the step has no sandbox or inputs: %+v", s)
	}
	o := optioned{
		Options: a.steps.Options, Harden: s.Sandbox.Harden, NoNewPrivs: s.Sandbox.NoNewPrivileges,
		Capabilities: s.Sandbox.Capabilities.Effective,
		Mode:         s.Inputs.Mode, Complete: s.Inputs.Complete,
	}
	_, o.ReadUsers = input(s, "/etc/passwd")
	files := extract(t, image)
	o.Printed = string(files["/seen"].data)
	core := "unlimited"
	if c := s.Sandbox.CoreLimit; c != nil {
		core = strconv.FormatUint(*c/512, 10) // in blocks, as ulimit has it
	}
	if seen := strings.TrimSpace(string(files["/core"].data)); seen != core || o.Harden == step.HardenBaseline && seen != "0" {
		t.Errorf("core limit is %s, recorded as %s", seen, core)
	}
	if d := cmp.Diff(s.Sandbox.Capabilities.Bounding, s.Sandbox.Capabilities.Effective); d != "" {
		t.Errorf("bounding set, effective set:\n%s", d)
	}
	return o
}

func TestStatementsOffAttachesNone(t *testing.T) {
	e := mustEnv(t)
	for _, c := range []struct{ name, line, arg string }{
		{"build arg", "", "build-arg:SWORN_STATEMENTS=off"},
		{"syntax line", " statements=off", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			image := imageName(e.registry, t, "latest")
			b := build{context: exported(t), output: push(image), opts: []string{"cmdline=" + e.frontend() + c.line, "attest:provenance=mode=max"}}
			if c.arg != "" {
				b.opts = append(b.opts, c.arg)
			}
			r := b.mustRun(t, e)
			for _, s := range statements(t, image) {
				checkTypes(t, s, []string{provenance.SLSAv1Type})
			}
			checkTool(t, pull(t, image))
			if strings.Contains(r.log, "sworn: evidence") && strings.Contains(r.log, "describe") {
				t.Errorf("evidence was made that nothing asked for:\n%s", r.log)
			}
		})
	}
}
