package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// wanted is a test that must pass.
type wanted struct {
	name string
	// partly: the suite itself skips the test's last part with this worker, and go
	// test then calls all of it skipped; what fails before still fails.
	partly bool
	// unattached: the test counts manifests or statements, so it holds only where
	// nothing of ours is attached.
	unattached bool
}

// readList reads the tests of a list whose name matches only and that are for a mode:
// with statements attached those that hold then, without them the others, and all for
// any other frontend. No file is no list.
func readList(file, only, mode string) ([]wanted, error) {
	if file == "" {
		return nil, nil
	}
	if !isMode(mode) && mode != modeBare && mode != modeBuiltin {
		return nil, fmt.Errorf("pick tests: no mode is named %q", mode)
	}
	name, err := regexp.Compile(only)
	if err != nil {
		return nil, fmt.Errorf("pick tests: %w", err)
	}
	b, err := os.ReadFile(filepath.Clean(file))
	if err != nil {
		return nil, err
	}
	tests, err := parseList(string(b))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", file, err)
	}
	tests = slices.DeleteFunc(tests, func(w wanted) bool {
		return !name.MatchString(w.name) || mode == modeAttached && w.unattached ||
			(mode == modeUnattached || mode == modeBare) && !w.unattached
	})
	if len(tests) == 0 {
		return nil, fmt.Errorf("read %s: no test matches %q", file, only)
	}
	return tests, nil
}

// parseList reads a test a line: its name, and "partly" or "unattached" where that is
// so. # starts a comment. A name that is there twice is an error.
func parseList(text string) ([]wanted, error) {
	name := regexp.MustCompile(`^Test[A-Za-z0-9_]+$`)
	var tests []wanted
	for line := range strings.Lines(text) {
		line, _, _ = strings.Cut(line, "#")
		f := strings.Fields(line)
		if len(f) == 0 {
			continue
		}
		w := wanted{name: f[0], partly: slices.Contains(f[1:], "partly"), unattached: slices.Contains(f[1:], "unattached")}
		unknown := slices.ContainsFunc(f[1:], func(s string) bool { return s != "partly" && s != "unattached" })
		switch {
		case unknown || !name.MatchString(w.name):
			return nil, fmt.Errorf("%q is no test", strings.TrimSpace(line))
		case slices.ContainsFunc(tests, func(o wanted) bool { return o.name == w.name }):
			return nil, fmt.Errorf("%s is there twice", w.name)
		}
		tests = append(tests, w)
	}
	return tests, nil
}

// expression matches the names of the tests, and nothing else.
func expression(tests []wanted) string {
	var names []string
	for _, w := range tests {
		names = append(names, w.name)
	}
	return either(names)
}

func either(names []string) string { return "^(" + strings.Join(names, "|") + ")$" }
