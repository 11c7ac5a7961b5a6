package directive

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/sworn-build/sworn/frontend/rules"
	"github.com/sworn-build/sworn/step"
)

// maxReason bounds a reason in bytes: a few sentences.
const maxReason = 1024

var (
	hardenValues  = []string{step.HardenOff, step.HardenBaseline, step.HardenStrict}
	networkValues = []string{step.NetworkDefault, step.NetworkNone, step.NetworkRecord}
)

const keys = "accept, allow, harden, network, reason, root"

// read reads the words behind the prefix: KEY=VALUE, the value in double quotes when it
// has spaces.
func read(text string) (step.Directive, error) {
	var d step.Directive
	given := map[string]bool{}
	for text = strings.TrimSpace(text); text != ""; {
		key, value, rest, err := next(text)
		if err != nil {
			return d, err
		}
		if given[key] && key != "allow" && key != "accept" {
			return d, fmt.Errorf("%s is given twice", key)
		}
		given[key] = true
		if err := set(&d, key, value); err != nil {
			return d, err
		}
		text = rest
	}
	if len(given) == 0 {
		return d, errors.New("it says nothing; valid: " + keys)
	}
	return d, nil
}

// next cuts one word off.
func next(text string) (key, value, rest string, err error) {
	end := strings.IndexFunc(text, unicode.IsSpace)
	key, value, ok := strings.Cut(text, "=")
	if !ok || end >= 0 && end < len(key) {
		word, _, _ := strings.Cut(text, " ")
		return "", "", "", fmt.Errorf("%q is not KEY=VALUE; valid keys: %s", word, keys)
	}
	if quoted, ok := strings.CutPrefix(value, `"`); ok {
		value, rest, ok = strings.Cut(quoted, `"`)
		if !ok {
			return "", "", "", fmt.Errorf("the value of %s has no closing quote", key)
		}
		if rest != "" && !unicode.IsSpace(rune(rest[0])) {
			return "", "", "", fmt.Errorf("no space behind the value of %s", key)
		}
		return key, value, strings.TrimSpace(rest), nil
	}
	if end := strings.IndexFunc(value, unicode.IsSpace); end >= 0 {
		value, rest = value[:end], strings.TrimSpace(value[end:])
	}
	return key, value, rest, nil
}

func set(d *step.Directive, key, value string) error {
	switch key {
	case "harden":
		d.Harden = value
		return oneOf(key, value, hardenValues)
	case "network":
		d.Network = value
		return oneOf(key, value, networkValues)
	case "root":
		d.Root = true
		return oneOf(key, value, []string{"yes"})
	case "reason":
		if d.Reason = value; strings.TrimSpace(value) == "" || len(value) > maxReason || !printable(value) {
			return fmt.Errorf("reason has to be 1 to %d bytes of printable text", maxReason)
		}
		return nil
	case "accept":
		ids, err := ruleIDs(value)
		d.Accept = append(d.Accept, ids...)
		return err
	case "allow":
		patterns, err := Patterns(value)
		d.Allow = append(d.Allow, patterns...)
		return err
	}
	return fmt.Errorf("unknown key %q; valid: %s", key, keys)
}

// ruleIDs splits a list of ids of rules at its commas. They come sorted, each once.
func ruleIDs(list string) ([]string, error) {
	out := strings.Split(list, ",")
	var valid []string
	for _, r := range rules.Table() {
		valid = append(valid, r.ID)
	}
	for _, id := range out {
		if err := oneOf("accept", id, valid); err != nil {
			return nil, err
		}
	}
	slices.Sort(out)
	return slices.Compact(out), nil
}

func oneOf(key, value string, valid []string) error {
	if slices.Contains(valid, value) {
		return nil
	}
	return fmt.Errorf("unknown value %q of %s; valid: %s", value, key, strings.Join(valid, ", "))
}

// Patterns splits a list of patterns at its commas. They come sorted, each once;
// an empty one or one with spaces is an error.
func Patterns(list string) ([]string, error) {
	out := strings.Split(list, ",")
	for _, p := range out {
		if p == "" || strings.ContainsFunc(p, unicode.IsSpace) || !printable(p) {
			return nil, fmt.Errorf("bad pattern %q; valid: PATTERN[,PATTERN] without spaces", p)
		}
	}
	slices.Sort(out)
	return slices.Compact(out), nil
}

func printable(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) })
}
