package frontend

import (
	"fmt"
	"slices"
	"strings"

	"github.com/sworn-build/sworn/frontend/directive"
	"github.com/sworn-build/sworn/step"
)

// Options are Sworn's own options. They follow the reference in the syntax line
// (`# syntax=REF observe=off`) or come as build args (`SWORN_OBSERVE=off`), which
// win. Variables of the same name in the frontend image's environment are defaults:
// an operator sets them for all builds with that image.
type Options struct {
	// Observe: "on" watches the files that steps open, "off" does not.
	Observe string
	// Harden: "baseline" runs steps with no_new_privs, few capabilities and a filter of
	// system calls, "strict" with more than all Dockerfiles can do with, "off" as BuildKit
	// runs them.
	Harden string
	// Network: "default" is what BuildKit gives, "none" none, "record" a proxy that
	// records. Empty, when nothing was said: none under strict, or else default.
	Network string
	// Allow are the patterns of URLs that steps with "record" may ask for, sorted and
	// with commas between; empty allows all.
	Allow string
	// Statements: "on" attaches them as BuildKit attaches its own provenance,
	// "always" also where an exporter would leave inline ones out, "off" not at
	// all.
	Statements string
}

// option describes one key: its values, and the default.
type option struct {
	key     string
	values  []string // none: patterns
	initial string
	field   func(*Options) *string
}

func options() []option {
	return []option{
		{"allow", nil, "", func(o *Options) *string { return &o.Allow }},
		{"harden", []string{step.HardenBaseline, step.HardenStrict, step.HardenOff}, step.HardenBaseline, func(o *Options) *string { return &o.Harden }},
		{"network", []string{step.NetworkDefault, step.NetworkNone, step.NetworkRecord}, "", func(o *Options) *string { return &o.Network }},
		{"observe", []string{"on", "off"}, "on", func(o *Options) *string { return &o.Observe }},
		{"statements", []string{"on", "always", "off"}, "on", func(o *Options) *string { return &o.Statements }},
	}
}

// Keys of the frontend's request (BUILDKIT_FRONTEND_OPT_*).
const (
	optCmdline  = "cmdline" // the syntax line after `syntax=`
	optBuildArg = "build-arg:"
	argPrefix   = "SWORN_"
)

// ParseOptions reads the options of a build from the frontend's environment
// (KEY=value) and the opts that BuildKit hands to it. Unknown keys and values are
// errors that list the valid ones.
func ParseOptions(env []string, opts map[string]string) (Options, error) {
	var o Options
	for _, d := range options() {
		*d.field(&o) = d.initial
	}
	for _, kv := range env {
		k, v, _ := strings.Cut(kv, "=")
		if !strings.HasPrefix(k, argPrefix) {
			continue
		}
		if err := o.set(strings.ToLower(strings.TrimPrefix(k, argPrefix)), v); err != nil {
			return Options{}, fmt.Errorf("environment of the frontend image: %s: %w", k, err)
		}
	}
	if fields := strings.Fields(opts[optCmdline]); len(fields) > 1 {
		for _, f := range joined(fields[1:]) {
			k, v, ok := strings.Cut(f, "=")
			if !ok {
				return Options{}, fmt.Errorf("syntax line: %q is not KEY=VALUE", f)
			}
			if err := o.set(k, v); err != nil {
				return Options{}, fmt.Errorf("syntax line: %w", err)
			}
		}
	}
	var args []string
	for k := range opts {
		if strings.HasPrefix(k, optBuildArg+argPrefix) {
			args = append(args, k)
		}
	}
	slices.Sort(args)
	for _, k := range args {
		name := strings.TrimPrefix(k, optBuildArg)
		if err := o.set(strings.ToLower(strings.TrimPrefix(name, argPrefix)), opts[k]); err != nil {
			return Options{}, fmt.Errorf("build arg %s: %w", name, err)
		}
	}
	return o, nil
}

// joined makes one word of several allow=PATTERN.
func joined(words []string) []string {
	var out, patterns []string
	for _, w := range words {
		if p, ok := strings.CutPrefix(w, "allow="); ok {
			patterns = append(patterns, p)
		} else {
			out = append(out, w)
		}
	}
	if len(patterns) > 0 {
		out = append(out, "allow="+strings.Join(patterns, ","))
	}
	return out
}

func (o *Options) set(key, value string) error {
	var keys []string
	for _, d := range options() {
		if d.key == key {
			if d.values == nil && value == "" {
				*d.field(o) = ""
				return nil
			}
			if d.values == nil {
				patterns, err := directive.Patterns(value)
				*d.field(o) = strings.Join(patterns, ",")
				return err
			}
			if !slices.Contains(d.values, value) {
				return fmt.Errorf("unknown value %q of option %s; valid: %s", value, key, strings.Join(d.values, ", "))
			}
			*d.field(o) = value
			return nil
		}
		keys = append(keys, d.key)
	}
	return fmt.Errorf("unknown option %q; valid: %s", key, strings.Join(keys, ", "))
}

// plain reports whether the options leave nothing for Sworn to do: the build is then
// upstream's, vertex by vertex.
func (o Options) plain() bool {
	return o.Statements == "off" && o.Harden == step.HardenOff && o.profile().Network == step.NetworkDefault
}

// allow are the patterns of Allow.
func (o Options) allow() []string {
	if o.Allow == "" {
		return nil
	}
	return strings.Split(o.Allow, ",")
}

// Map returns the options as they are in force, every key present.
func (o Options) Map() map[string]string {
	m := map[string]string{}
	for _, d := range options() {
		m[d.key] = *d.field(&o)
	}
	m["network"] = o.profile().Network
	return m
}

// withoutOptions returns build args less Sworn's own, which no Dockerfile declares.
func withoutOptions(args map[string]string) map[string]string {
	out := make(map[string]string, len(args))
	for k, v := range args {
		if !strings.HasPrefix(k, argPrefix) {
			out[k] = v
		}
	}
	return out
}
