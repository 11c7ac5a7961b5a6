package frontend

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sworn-build/sworn/frontend/rules"
)

func TestOptions(t *testing.T) {
	defaults := map[string]string{
		"accept": "", "allow": "", "base": "any", "harden": "baseline", "licences": "", "network": "default", "observe": "on", "organization": "",
		"rules": rules.Default().String(), "sbom": "packages", "sources": "", "statements": "on",
	}
	with := func(kv ...string) map[string]string {
		m := map[string]string{}
		for k, v := range defaults {
			m[k] = v
		}
		for i := 0; i < len(kv); i += 2 {
			m[kv[i]] = kv[i+1]
		}
		return m
	}
	const keys = "valid: accept, allow, base, harden, licences, network, observe, organization, rules, sbom, sources, statements"
	for _, c := range []struct {
		name string
		env  []string
		opts map[string]string
		want map[string]string
		err  string
	}{
		{name: "defaults", want: with()},
		{name: "a syntax line alone", opts: map[string]string{"cmdline": "ref:1"}, want: with()},
		{name: "after the reference", opts: map[string]string{"cmdline": "ref:1 observe=off \t harden=off"}, want: with("observe", "off", "harden", "off")},
		{name: "the last of two", opts: map[string]string{"cmdline": "ref observe=off observe=on"}, want: with()},
		{name: "a build arg", opts: map[string]string{"build-arg:SWORN_STATEMENTS": "always"}, want: with("statements", "always")},
		{name: "a build arg in lower case", opts: map[string]string{"build-arg:SWORN_harden": "off"}, want: with("harden", "off")},
		{name: "the environment", env: []string{"PATH=/bin", "SWORN_OBSERVE=off"}, want: with("observe", "off")},
		{
			name: "the syntax line before the environment",
			env:  []string{"SWORN_OBSERVE=off"}, opts: map[string]string{"cmdline": "ref observe=on"}, want: with(),
		},
		{
			name: "the build arg before the syntax line",
			env:  []string{"SWORN_HARDEN=baseline"},
			opts: map[string]string{"cmdline": "ref observe=off harden=off", "build-arg:SWORN_OBSERVE": "on"}, want: with("harden", "off"),
		},
		{name: "all files", opts: map[string]string{"cmdline": "ref sbom=files"}, want: with("sbom", "files")},
		{name: "no documents", env: []string{"SWORN_SBOM=off"}, want: with("sbom", "off")},
		{name: "who builds", opts: map[string]string{"build-arg:SWORN_ORGANIZATION": " A  & B "}, want: with("organization", "A & B")},
		{
			name: "who builds, in two lines of escapes", opts: map[string]string{"build-arg:SWORN_ORGANIZATION": "A\x1b[2J"},
			err: `build arg SWORN_ORGANIZATION: "A\x1b[2J" is no name: want a line of at most 200 bytes`,
		},
		{name: "signed bases", opts: map[string]string{"cmdline": "ref base=signed"}, want: with("base", "signed")},
		{name: "the operator's signed bases", env: []string{"SWORN_BASE=signed"}, want: with("base", "signed")},
		{
			name: "the operator's signed bases asked for once more", want: with("base", "signed"), env: []string{"SWORN_BASE=signed"},
			opts: map[string]string{"cmdline": "ref base=signed", "build-arg:SWORN_BASE": "signed"},
		},
		{
			name: "any base where the operator says signed", env: []string{"SWORN_BASE=signed"}, opts: map[string]string{"cmdline": "ref base=any"},
			err: "syntax line: base=any is weaker than base=signed, which the frontend image holds all builds to; valid: signed",
		},
		{
			name: "any base by build arg where the operator says signed", env: []string{"SWORN_BASE=signed"},
			opts: map[string]string{"cmdline": "ref base=signed", "build-arg:SWORN_base": "any"},
			err:  "build arg SWORN_base: base=any is weaker than base=signed, which the frontend image holds all builds to; valid: signed",
		},
		{
			name: "signed bases where the operator says any", env: []string{"SWORN_BASE=any"},
			opts: map[string]string{"cmdline": "ref base=any", "build-arg:SWORN_BASE": "signed"}, want: with("base", "signed"),
		},
		{name: "strict has no network", opts: map[string]string{"cmdline": "ref harden=strict"}, want: with("harden", "strict", "network", "none")},
		{
			name: "strict with a network", want: with("harden", "strict", "network", "record"),
			env: []string{"SWORN_NETWORK=record"}, opts: map[string]string{"cmdline": "ref harden=strict"},
		},
		{
			name: "patterns add up", want: with("allow", "https://a.test/**,https://b.test/x,https://c.test/"),
			opts: map[string]string{"cmdline": "ref allow=https://c.test/,https://a.test/** allow=https://b.test/x allow=https://c.test/"},
		},
		{
			name: "patterns of a build arg replace those before", want: with("allow", "https://b.test/"),
			opts: map[string]string{"cmdline": "ref allow=https://a.test/", "build-arg:SWORN_ALLOW": "https://b.test/"},
		},
		{name: "no patterns", opts: map[string]string{"cmdline": "ref allow=a.test", "build-arg:SWORN_ALLOW": ""}, want: with()},
		{name: "an empty pattern", opts: map[string]string{"cmdline": "ref allow=a.test,,b.test"}, err: `syntax line: bad pattern ""; valid: PATTERN[,PATTERN] without spaces`},
		{name: "unknown network", opts: map[string]string{"cmdline": "ref network=host"}, err: `syntax line: unknown value "host" of option network; valid: default, none, record`},
		{name: "other build args", opts: map[string]string{"build-arg:SWORNX": "1", "build-arg:A_SWORN_B": "1"}, want: with()},
		{
			name: "the first word is the reference, whatever it looks like",
			opts: map[string]string{"cmdline": "observe=off"}, want: with(),
		},
		{name: "unknown key", opts: map[string]string{"cmdline": "ref speed=fast"}, err: `syntax line: unknown option "speed"; ` + keys},
		{name: "unknown value", opts: map[string]string{"cmdline": "ref observe=maybe"}, err: `syntax line: unknown value "maybe" of option observe; valid: on, off`},
		{name: "upper case", opts: map[string]string{"cmdline": "ref OBSERVE=off"}, err: `syntax line: unknown option "OBSERVE"; ` + keys},
		{name: "empty value", opts: map[string]string{"cmdline": "ref harden="}, err: `syntax line: unknown value "" of option harden; valid: baseline, strict, off`},
		{name: "no equals sign", opts: map[string]string{"cmdline": "ref observe"}, err: `syntax line: "observe" is not KEY=VALUE`},
		{name: "unknown build arg", opts: map[string]string{"build-arg:SWORN_SPEED": "fast"}, err: `build arg SWORN_SPEED: unknown option "speed"; ` + keys},
		{name: "unknown value of a build arg", opts: map[string]string{"build-arg:SWORN_STATEMENTS": "some"}, err: `build arg SWORN_STATEMENTS: unknown value "some" of option statements; valid: on, always, off`},
		{
			name: "the first of two bad build args, by name",
			opts: map[string]string{"build-arg:SWORN_Z": "1", "build-arg:SWORN_A": "1"}, err: `build arg SWORN_A: unknown option "a"; ` + keys,
		},
		{
			name: "rules change the default, and the build arg's replace the syntax line's",
			opts: map[string]string{"cmdline": "ref rules=none,UnpinnedBaseImage:error", "build-arg:SWORN_RULES": "none,UnexplainedFile:warn"},
			want: with("rules", "none,UnexplainedFile:warn"),
		},
		{
			name: "a build tightens the operator's rules", env: []string{"SWORN_RULES=none,UnpinnedBaseImage:warn"},
			opts: map[string]string{"cmdline": "ref rules=UnpinnedBaseImage:error,UnexplainedFile:warn"},
			want: with("rules", "none,UnexplainedFile:warn,UnpinnedBaseImage:error"),
		},
		{
			name: "rules of the operator alone", env: []string{"SWORN_RULES=none,UnpinnedBaseImage:warn"},
			want: with("rules", "none,UnpinnedBaseImage:warn"),
		},
		{
			name: "a build arg weakens the operator's rules", env: []string{"SWORN_RULES=UnpinnedBaseImage:error"},
			opts: map[string]string{"build-arg:SWORN_RULES": "all:warn"},
			err:  "build arg SWORN_RULES: UnpinnedBaseImage:warn is weaker than UnpinnedBaseImage:error, which the frontend image holds all builds to; valid: error",
		},
		{
			name: "a syntax line weakens the operator's rules", env: []string{"SWORN_RULES=UnpinnedBaseImage:error"},
			opts: map[string]string{"cmdline": "ref rules=none", "build-arg:SWORN_RULES": "UnpinnedBaseImage:error"},
			err:  "syntax line: UnpinnedBaseImage:off is weaker than UnpinnedBaseImage:error, which the frontend image holds all builds to; valid: error",
		},
		{name: "unknown level", opts: map[string]string{"cmdline": "ref rules=all:fatal"}, err: `syntax line: unknown level "fatal" of rule all; valid: off, warn, error`},
		{name: "unknown variable", env: []string{"SWORN_SPEED=fast"}, err: `environment of the frontend image: SWORN_SPEED: unknown option "speed"; ` + keys},
	} {
		t.Run(c.name, func(t *testing.T) {
			o, err := ParseOptions(c.env, c.opts)
			if c.err != "" {
				if err == nil || err.Error() != c.err {
					t.Errorf("error %v, want %s", err, c.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(c.want, o.Map()); d != "" {
				t.Errorf("options (-want +got):\n%s", d)
			}
		})
	}
}

func TestOwnBuildArgsDoNotReachTheDockerfile(t *testing.T) {
	args := map[string]string{"SWORN_OBSERVE": "off", "VERSION": "1", "sworn_x": "2"}
	got := withoutOptions(args)
	if d := cmp.Diff(map[string]string{"VERSION": "1", "sworn_x": "2"}, got); d != "" {
		t.Errorf("build args (-want +got):\n%s", d)
	}
	if len(args) != 3 {
		t.Errorf("the client's build args were changed: %v", args)
	}
}
