package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// What a run of the suite is of.
const (
	modeUpstream   = "upstream"   // upstream's frontend
	modeAttached   = "attached"   // ours, statements attached
	modeUnattached = "unattached" // ours, statements off, the runner on
	// ours, statements attached, and the suite reads images as if they were not there.
	// Only tests that end in another way with modeAttached run so.
	modeHidden = "hidden"
	// Not compared.
	modeBare    = "bare"    // ours, nothing added at all
	modeBuiltin = "builtin" // the frontend inside buildkitd
)

// modes that are compared, in the order of a table's columns; the first is what the
// others are compared with.
func modes() []string { return []string{modeUpstream, modeAttached, modeUnattached} }

// columns of a record.
func columns() []string { return append(modes(), modeHidden) }

func isMode(s string) bool { return slices.Contains(columns(), s) }

// record is what became of every test in every mode.
type record struct {
	// suite is BuildKit's version.
	suite string
	// tests by name and mode.
	tests map[string]map[string]outcome
}

// recordFile is a record as it is stored.
type recordFile struct {
	Suite string              `json:"suite"`
	Tests []map[string]string `json:"tests"`
}

// names of all tests, sorted.
func (r *record) names() []string {
	var names []string
	for name := range r.tests {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// rest lists the tests that have no outcome in a mode, without their configurations.
func (r *record) rest(mode string) []string {
	var names []string
	for _, name := range r.names() {
		if r.lacks(name, mode) {
			names = append(names, base(name))
		}
	}
	return slices.Compact(names)
}

// lacks tells whether a test has no outcome in a mode, and should have.
func (r *record) lacks(name, mode string) bool {
	if mode == modeHidden && !r.remarkable(name, modeAttached) {
		return false
	}
	_, ok := r.tests[name][mode]
	return !ok
}

// base is a test's name without its configuration.
func base(name string) string {
	name, _, _ = strings.Cut(name, "/")
	return name
}

// missing says which outcomes the record lacks: all must be of the same tests.
func (r *record) missing() []string {
	var out []string
	for _, name := range r.names() {
		for _, mode := range columns() {
			if r.lacks(name, mode) {
				out = append(out, name+": no outcome of "+mode)
			}
		}
	}
	if len(r.tests) == 0 {
		out = append(out, "no outcome of any test")
	}
	return out
}

// take puts the outcomes of a run into the record. A whole one replaces what was
// there of its mode. One that runs failed tests again counts for those that
// passed this time; the others keep what they had. A test that did not end is
// there without an outcome.
func (r *record) take(run *results, mode string, whole, again bool) error {
	if whole {
		for name, t := range r.tests {
			delete(t, mode)
			if mode == modeAttached {
				delete(t, modeHidden)
			}
			if len(t) == 0 {
				delete(r.tests, name)
			}
		}
	}
	for _, t := range run.sorted() {
		if r.tests[t.label()] == nil {
			r.tests[t.label()] = map[string]outcome{}
		}
		if t.verdict == "" {
			continue
		}
		o := t.outcome()
		if o.verdict == failed && o.detail == "" {
			// A panic's stack belongs to no test.
			o.detail = failurePlace(run.rest.String())
		}
		was, known := r.tests[t.label()][mode]
		if again {
			switch {
			case !known:
				return fmt.Errorf("record %s: %s ran again, but never before", mode, t.label())
			case was.verdict != failed || o.verdict == failed:
				continue
			}
			o.again = true
		}
		r.tests[t.label()][mode] = o
	}
	return nil
}

// readRecord reads a record and refuses what no run could have written.
func readRecord(file string) (*record, error) {
	b, err := os.ReadFile(filepath.Clean(file))
	if err != nil {
		return nil, err
	}
	r, err := parseRecord(b)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", file, err)
	}
	return r, nil
}

func parseRecord(b []byte) (*record, error) {
	var f recordFile
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(&f); err != nil {
		return nil, err
	}
	r := &record{suite: f.Suite, tests: map[string]map[string]outcome{}}
	for _, t := range f.Tests {
		name := t["test"]
		if name == "" || r.tests[name] != nil {
			return nil, fmt.Errorf("test %q: no name, or there twice", name)
		}
		r.tests[name] = map[string]outcome{}
		for mode, text := range t {
			if mode == "test" {
				continue
			}
			if !isMode(mode) {
				return nil, fmt.Errorf("test %s: no mode is named %q", name, mode)
			}
			o, err := parseOutcome(text)
			if err != nil {
				return nil, fmt.Errorf("test %s, %s: %w", name, mode, err)
			}
			r.tests[name][mode] = o
		}
	}
	return r, nil
}

// bytes of the record: a line for each test, so that a change is easy to see.
func (r *record) bytes() []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "{\n\"suite\": %s,\n\"tests\": [\n", quote(r.suite))
	for i, name := range r.names() {
		if i > 0 {
			b.WriteString(",\n")
		}
		fmt.Fprintf(&b, "{\"test\": %s", quote(name))
		for _, mode := range columns() {
			if o, ok := r.tests[name][mode]; ok {
				fmt.Fprintf(&b, ", %s: %s", quote(mode), quote(o.String()))
			}
		}
		b.WriteString("}")
	}
	b.WriteString("\n]\n}\n")
	return b.Bytes()
}

func quote(s string) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	// A string can always be encoded.
	_ = e.Encode(s)
	return bytes.TrimSpace(b.Bytes())
}

// update changes a record's file. One of another version of the suite is begun
// anew.
func update(file, suite string, change func(*record) error) error {
	r, err := readRecord(file)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		r = &record{}
	case err != nil:
		return err
	}
	if r.suite != suite {
		r = &record{suite: suite, tests: map[string]map[string]outcome{}}
	}
	if err := change(r); err != nil {
		return err
	}
	return os.WriteFile(filepath.Clean(file), r.bytes(), 0o644)
}
