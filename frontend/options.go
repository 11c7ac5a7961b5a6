package frontend

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/sworn-build/sworn/frontend/directive"
	"github.com/sworn-build/sworn/frontend/rules"
	"github.com/sworn-build/sworn/step"
)

// Options are Sworn's own options. They follow the reference in the syntax line
// (`# syntax=REF observe=off`) or come as build args (`SWORN_OBSERVE=off`), which
// win. Variables of the same name in the frontend image's environment are defaults:
// an operator sets them for all builds with that image. What builds must not weaken
// (see [option]) they can only tighten.
type Options struct {
	// Accept are words ID:GLOB, sorted and with commas between: the files and packages,
	// by path and name, in which a rule finds nothing.
	Accept string
	// Base: "any" takes every base image, "signed" only those whose attestations are
	// signed by whom the operator trusts.
	Base string
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
	// Licences are globs of SPDX ids, sorted and with commas between: those that rule
	// ListedLicence finds.
	Licences string
	// Organization is the name of who builds, which documents name as their creator and as
	// the supplier of the image. Empty: nobody says.
	Organization string
	// Rules are the levels of the rules that the build is checked against, as
	// [rules.Parse] reads them.
	Rules string
	// SBOM: "packages" lists the packages and the files that none owns, "files" all files,
	// "off" attaches no documents.
	SBOM string
	// Sources are the patterns of URLs that packages may come from, sorted and with
	// commas between: others, rule UndeclaredPackageSource finds.
	Sources string
	// Statements: "on" attaches them as BuildKit attaches its own provenance,
	// "always" also where an exporter would leave inline ones out, "off" not at
	// all.
	Statements string

	operatorRules string // what the frontend image says of Rules
}

// option describes one key: its values, and the default.
type option struct {
	key     string
	values  []string // none: what parse takes
	initial string
	list    bool // a value has words with commas between
	field   func(*Options) *string
	// parse returns a value in its canonical form.
	parse func(value string) (string, error)
	// tighten returns what is in force when the operator's image has set one value and
	// the build asks for another, or an error when that would weaken it. Nil: what the
	// build asks for.
	tighten func(set, asked string) (string, error)
}

func options() []option {
	return []option{
		{key: "accept", list: true, field: func(o *Options) *string { return &o.Accept }, parse: parseAccept, tighten: united},
		{key: "allow", list: true, field: func(o *Options) *string { return &o.Allow }, parse: parsePatterns},
		{key: "base", values: []string{BaseAny, BaseSigned}, initial: BaseAny, field: func(o *Options) *string { return &o.Base }, tighten: tightenBase},
		{key: "harden", values: []string{step.HardenBaseline, step.HardenStrict, step.HardenOff}, initial: step.HardenBaseline, field: func(o *Options) *string { return &o.Harden }},
		{key: "licences", list: true, field: func(o *Options) *string { return &o.Licences }, parse: parsePatterns, tighten: united},
		{key: "network", values: []string{step.NetworkDefault, step.NetworkNone, step.NetworkRecord}, field: func(o *Options) *string { return &o.Network }},
		{key: "observe", values: []string{"on", "off"}, initial: "on", field: func(o *Options) *string { return &o.Observe }},
		{key: step.OptionOrganization, field: func(o *Options) *string { return &o.Organization }, parse: parseName},
		{key: "rules", field: func(o *Options) *string { return &o.Rules }, parse: parseRules, tighten: tightenRules},
		{key: step.OptionSBOM, values: []string{step.SBOMPackages, step.SBOMFiles, step.SBOMOff}, initial: step.SBOMPackages, field: func(o *Options) *string { return &o.SBOM }},
		{key: "sources", list: true, field: func(o *Options) *string { return &o.Sources }, parse: parsePatterns, tighten: tightenSources},
		{key: "statements", values: []string{"on", "always", "off"}, initial: "on", field: func(o *Options) *string { return &o.Statements }},
	}
}

// Values of [Options.Base].
const (
	BaseAny    = "any"
	BaseSigned = "signed"
)

func tightenBase(set, asked string) (string, error) {
	if set == BaseSigned && asked != BaseSigned {
		return "", fmt.Errorf("base=%s is weaker than base=%s, which the frontend image holds all builds to; valid: %s", asked, set, set)
	}
	return asked, nil
}

// parseName takes a name of one line.
func parseName(value string) (string, error) {
	value = strings.Join(strings.Fields(value), " ")
	if len(value) > maxName || !utf8.ValidString(value) || strings.ContainsFunc(value, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return "", fmt.Errorf("%.60q is no name: want a line of at most %d bytes", value, maxName)
	}
	return value, nil
}

// maxName bounds a name in bytes.
const maxName = 200

func parsePatterns(value string) (string, error) {
	if value == "" {
		return "", nil
	}
	patterns, err := directive.Patterns(value)
	return strings.Join(patterns, ","), err
}

// parseRules leaves a value as it is: what the words name matters, beside what they say.
func parseRules(value string) (string, error) {
	_, err := rules.Parse(value)
	return value, err
}

func tightenRules(set, asked string) (string, error) {
	s, err := rules.Tighten(set, asked)
	return s.String(), err
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
		if err := o.set(strings.ToLower(strings.TrimPrefix(k, argPrefix)), v, nil); err != nil {
			return Options{}, fmt.Errorf("environment of the frontend image: %s: %w", k, err)
		}
	}
	o.operatorRules = o.Rules
	operators := o
	if fields := strings.Fields(opts[optCmdline]); len(fields) > 1 {
		for _, f := range joined(fields[1:]) {
			k, v, ok := strings.Cut(f, "=")
			if !ok {
				return Options{}, fmt.Errorf("syntax line: %q is not KEY=VALUE", f)
			}
			if err := o.set(k, v, &operators); err != nil {
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
		if err := o.set(strings.ToLower(strings.TrimPrefix(name, argPrefix)), opts[k], &operators); err != nil {
			return Options{}, fmt.Errorf("build arg %s: %w", name, err)
		}
	}
	return o, o.checkAccept(operators)
}

// joined makes one word of several KEY=PATTERN of an option that is a list.
func joined(words []string) []string {
	var out []string
	lists, at := map[string]bool{}, map[string]int{}
	for _, d := range options() {
		lists[d.key] = d.list
	}
	for _, w := range words {
		key, value, _ := strings.Cut(w, "=")
		i, again := at[key]
		if again {
			out[i] += "," + value
			continue
		}
		if lists[key] {
			at[key] = len(out)
		}
		out = append(out, w)
	}
	return out
}

// set takes a value for an option. operators, where a build asks for it, are those of the
// frontend image.
func (o *Options) set(key, value string, operators *Options) error {
	var keys []string
	for _, d := range options() {
		if d.key != key {
			keys = append(keys, d.key)
			continue
		}
		value, err := d.read(value)
		if err == nil && operators != nil && d.tighten != nil {
			value, err = d.tighten(*d.field(operators), value)
		}
		if err == nil {
			*d.field(o) = value
		}
		return err
	}
	return fmt.Errorf("unknown option %q; valid: %s", key, strings.Join(keys, ", "))
}

func (d option) read(value string) (string, error) {
	if d.values == nil {
		return d.parse(value)
	}
	if !slices.Contains(d.values, value) {
		return "", fmt.Errorf("unknown value %q of option %s; valid: %s", value, d.key, strings.Join(d.values, ", "))
	}
	return value, nil
}

// heldTo names the variables of the frontend's environment that builds can only tighten.
func heldTo(env []string) []string {
	var out []string
	for _, kv := range env {
		k, v, _ := strings.Cut(kv, "=")
		for _, d := range options() {
			if d.tighten != nil && v != d.initial && strings.HasPrefix(k, argPrefix) && strings.ToLower(strings.TrimPrefix(k, argPrefix)) == d.key {
				out = append(out, k)
			}
		}
	}
	slices.Sort(out)
	return out
}

// plain reports whether the options leave nothing for Sworn to do: the build is then
// upstream's, vertex by vertex.
func (o Options) plain() bool {
	return o.Statements == "off" && o.Harden == step.HardenOff && o.profile().Network == step.NetworkDefault
}

// documents reports whether there are SPDX documents.
func (o Options) documents() bool { return o.Statements != "off" && o.SBOM != step.SBOMOff }

// allow are the patterns of Allow.
func (o Options) allow() []string { return listed(o.Allow) }

// listed are the words of an option that is a list.
func listed(value string) []string {
	if value == "" {
		return nil
	}
	return strings.Split(value, ",")
}

// ruleSet are the levels of Rules, which has been parsed before.
func (o Options) ruleSet() rules.Set {
	s, err := rules.Tighten(o.operatorRules, o.Rules)
	if err != nil {
		panic(err) // ParseOptions refuses it
	}
	return s
}

// Map returns the options as they are in force, every key present.
func (o Options) Map() map[string]string {
	m := map[string]string{}
	for _, d := range options() {
		m[d.key] = *d.field(&o)
	}
	m["network"] = o.profile().Network
	m["rules"] = o.ruleSet().String()
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
