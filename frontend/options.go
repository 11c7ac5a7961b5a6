package frontend

import (
	"fmt"
	"slices"
	"strings"
)

// Options are Sworn's own options. They follow the reference in the syntax line
// (`# syntax=REF observe=off`) or come as build args (`SWORN_OBSERVE=off`), which
// win. Variables of the same name in the frontend image's environment are defaults:
// an operator sets them for all builds with that image.
type Options struct {
	// Observe: "on" watches the files that steps open, "off" does not.
	Observe string
	// Harden: "baseline" runs steps with no_new_privs and few capabilities, "off"
	// as BuildKit runs them.
	Harden string
	// Statements: "on" attaches them as BuildKit attaches its own provenance,
	// "always" also where an exporter would leave inline ones out, "off" not at
	// all.
	Statements string
}

// option describes one key: its values, the first being the default.
type option struct {
	key    string
	values []string
	field  func(*Options) *string
}

func options() []option {
	return []option{
		{"harden", []string{"baseline", "off"}, func(o *Options) *string { return &o.Harden }},
		{"observe", []string{"on", "off"}, func(o *Options) *string { return &o.Observe }},
		{"statements", []string{"on", "always", "off"}, func(o *Options) *string { return &o.Statements }},
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
		*d.field(&o) = d.values[0]
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
		for _, f := range fields[1:] {
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

func (o *Options) set(key, value string) error {
	var keys []string
	for _, d := range options() {
		if d.key == key {
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
func (o Options) plain() bool { return o.Statements == "off" && o.Harden == "off" }

// Map returns the options as they are in force, every key present.
func (o Options) Map() map[string]string {
	m := map[string]string{}
	for _, d := range options() {
		m[d.key] = *d.field(&o)
	}
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
