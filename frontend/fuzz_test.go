package frontend

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// FuzzParseOptions: what is accepted is in force as it was written, the build arg
// before the syntax line before the environment, and nothing else is accepted.
func FuzzParseOptions(f *testing.F) {
	// As README.md and docs/ tell people to write them, and as CI systems do.
	for _, s := range []struct{ env, cmdline, arg, value string }{
		{"", "127.0.0.1:5000/sworn/frontend:dev", "", ""},
		{"SWORN_HARDEN=off", "docker.io/sworn/frontend:dev observe=off", "", ""},
		{"", "registry.example/sworn@sha256:50dc230f6261e054529b1eb36270a4a0d654dc0b9c03c7a21dceec7dbd17d001 harden=off statements=always", "SWORN_OBSERVE", "off"},
		{"PATH=/usr/local/sbin:/usr/bin:/bin", "ref\tobserve=on  harden=baseline", "SWORN_STATEMENTS", "off"},
		{"SWORN_RULES=UnpinnedBaseImage:error", "ref rules=none,UnpinnedBaseImage:error,AddWithoutChecksum:warn", "SWORN_RULES", "all:error"},
		{"SWORN_RULES=all:warn", "ref rules=none", "SWORN_RULES", "default"},
		{"SWORN_", "ref =", "SWORN_", ""},
		{"SWORN_OBSERVE", "ref observe", "SWORN_observe", "on\n"},
		{"SWORN_BASE=signed", "ref base=signed", "SWORN_BASE", "any"},
	} {
		f.Add(s.env, s.cmdline, s.arg, s.value)
	}
	f.Fuzz(func(t *testing.T, env, cmdline, arg, value string) {
		opts := map[string]string{optCmdline: cmdline}
		if arg != "" {
			opts[optBuildArg+arg] = value
		}
		o, err := ParseOptions([]string{env}, opts)
		if err != nil {
			if !strings.Contains(err.Error(), "valid: ") && !strings.Contains(err.Error(), "is not KEY=VALUE") {
				t.Errorf("error %q does not say what is valid", err)
			}
			return
		}
		for _, d := range options() {
			if d.values != nil && !slices.Contains(d.values, o.Map()[d.key]) {
				t.Errorf("%s is %q", d.key, *d.field(&o))
			}
		}
		if name, ok := strings.CutPrefix(arg, argPrefix); ok && o.Map()[strings.ToLower(name)] != value && !slices.Contains([]string{"allow", "rules"}, strings.ToLower(name)) {
			t.Errorf("build arg %s=%s gives %v", arg, value, o.Map())
		}
		if env == "SWORN_BASE=signed" && o.Base != BaseSigned {
			t.Errorf("the operator's base=signed became %s", o.Base)
		}
		again := map[string]string{}
		for k, v := range o.Map() {
			again[optBuildArg+argPrefix+strings.ToUpper(k)] = v
		}
		if same, err := ParseOptions(nil, again); err != nil || !cmp.Equal(o.Map(), same.Map()) {
			t.Errorf("%v given once more is %v, %v", o, same, err)
		}
	})
}

// FuzzCheckCaps: a client that requires what is not known is told so.
func FuzzCheckCaps(f *testing.F) {
	for _, s := range []string{"", "moby.buildkit.frontend.inputs", "moby.buildkit.frontend.contexts+forward,moby.buildkit.frontend.subrequests", "x+forward", ",", "+"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, req string) {
		forward, err := checkCaps(req)
		if forward && err == nil {
			t.Error("forwarded although nothing is missing")
		}
		for c := range strings.SplitSeq(req, ",") {
			name, _, _ := strings.Cut(c, "+")
			if req != "" && err == nil && !slices.Contains(frontendCaps(), name) {
				t.Errorf("%q is not known and was taken", name)
			}
		}
	})
}
