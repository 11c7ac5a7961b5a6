package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
)

// reasons say why outcomes are what they are: for each test that fails with
// upstream's frontend, and for each whose outcome with ours is another.
type reasons struct {
	// Kinds of reason, in the order in which the document has them.
	Kinds []kind `json:"kinds"`
}

// kind is a reason that several tests can share, and what it is for each.
type kind struct {
	Title string `json:"title"`
	// Text explains it, in Markdown.
	Text  string  `json:"text"`
	Tests []cause `json:"tests"`
}

// cause is what makes one test end in another way.
type cause struct {
	Test string `json:"test"`
	// Modes in which it does.
	Modes []string `json:"modes"`
	// At is where in the suite it fails, as FILE:LINE: a failure elsewhere is one
	// that nobody has looked at. Empty where the test does not fail.
	At string `json:"at,omitempty"`
	// Why in a sentence, in Markdown.
	Why string `json:"why"`
}

func readReasons(file string) (*reasons, error) {
	b, err := os.ReadFile(filepath.Clean(file))
	if err != nil {
		return nil, err
	}
	r, err := parseReasons(b)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", file, err)
	}
	return r, nil
}

func parseReasons(b []byte) (*reasons, error) {
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	r := new(reasons)
	if err := d.Decode(r); err != nil {
		return nil, err
	}
	for _, k := range r.Kinds {
		if k.Title == "" || k.Text == "" || len(k.Tests) == 0 {
			return nil, fmt.Errorf("kind %q: no title, no text or no tests", k.Title)
		}
		for _, c := range k.Tests {
			switch {
			case c.Test == "" || c.Why == "":
				return nil, fmt.Errorf("kind %q: test %q: no name or no reason", k.Title, c.Test)
			case len(c.Modes) == 0 || slices.ContainsFunc(c.Modes, func(m string) bool { return !isMode(m) }):
				return nil, fmt.Errorf("kind %q: test %s: modes %q: none, or one that does not exist", k.Title, c.Test, c.Modes)
			}
		}
	}
	return r, nil
}

// find is the cause of a test's outcome in a mode.
func (r *reasons) find(test, mode string) (cause, error) {
	var found []cause
	for _, k := range r.Kinds {
		for _, c := range k.Tests {
			if c.Test == test && slices.Contains(c.Modes, mode) {
				found = append(found, c)
			}
		}
	}
	switch len(found) {
	case 0:
		return cause{}, errors.New("no reason")
	case 1:
		return found[0], nil
	}
	return cause{}, errors.New("several reasons")
}

// remarkable tells whether an outcome needs a reason: a failure of upstream's
// frontend, and with ours whatever is not as with upstream's.
func (r *record) remarkable(test, mode string) bool {
	o, ok := r.tests[test][mode]
	if mode == modeUpstream {
		return o.verdict == failed
	}
	return ok && !o.same(r.tests[test][modeUpstream])
}

// check says what is wrong with the outcome of a test; nil when it is as expected or
// has its reason.
func (r *reasons) check(rec *record, name, mode string) error {
	if !rec.remarkable(name, mode) {
		return nil
	}
	o := rec.tests[name][mode]
	c, err := r.find(name, mode)
	switch {
	case err != nil:
		return fmt.Errorf("%s, %s: %s: %w", name, mode, o, err)
	case o.verdict == failed && o.detail != c.At:
		return fmt.Errorf("%s, %s: it failed at %q, the reason is for %q", name, mode, o.detail, c.At)
	}
	return nil
}

// unexplained lists the tests that failed in a mode and have no reason to, without
// their configurations.
func (r *reasons) unexplained(rec *record, mode string) []string {
	var names []string
	for _, name := range rec.names() {
		if rec.tests[name][mode].verdict == failed && r.check(rec, name, mode) != nil {
			names = append(names, base(name))
		}
	}
	return slices.Compact(names)
}

// problems says what is not accounted for.
func (r *reasons) problems(rec *record) []string {
	out := rec.missing()
	for _, name := range rec.names() {
		for _, mode := range columns() {
			if err := r.check(rec, name, mode); err != nil {
				out = append(out, err.Error())
			}
		}
	}
	for _, k := range r.Kinds {
		for _, c := range k.Tests {
			for _, mode := range c.Modes {
				if o := rec.tests[c.Test][mode]; !rec.remarkable(c.Test, mode) {
					out = append(out, fmt.Sprintf("%s, %s: a reason, but the outcome is as expected (%s)", c.Test, mode, o))
				}
			}
		}
	}
	return out
}
