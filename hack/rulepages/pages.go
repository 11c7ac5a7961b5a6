package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/sworn-build/sworn/frontend/rules"
)

// What is between these lines is written from the table.
const (
	begin = "<!-- from frontend/rules by go generate ./hack/rulepages -->\n"
	end   = "<!-- by hand from here on -->\n"
)

// sections that every page has, in order.
var sections = []string{"## What it finds", "## Why it matters", "## Example", "## Select", "## False alarms"}

// pages returns what the files of the list and of every rule have to be, by name.
func pages(docs string) (map[string]string, error) {
	out := map[string]string{}
	var errs []error
	keep := func(name string, generated string) {
		text, err := replace(name, generated)
		if err != nil {
			errs = append(errs, err)
			return
		}
		out[name] = text
	}
	known := map[string]bool{}
	keep(filepath.Join(docs, "rules.md"), list())
	for _, r := range rules.Table() {
		name := filepath.Join(docs, "rules", r.ID+".md")
		known[name] = true
		keep(name, head(r))
		if err := complete(name, out[name]); err != nil {
			errs = append(errs, err)
		}
	}
	found, err := filepath.Glob(filepath.Join(docs, "rules", "*"))
	if err != nil {
		return nil, err
	}
	for _, name := range found {
		if !known[name] {
			errs = append(errs, fmt.Errorf("%s is the page of no rule", name))
		}
	}
	return out, errors.Join(errs...)
}

// replace puts text between the marks of a file.
func replace(name, generated string) (string, error) {
	data, err := os.ReadFile(name)
	if err != nil {
		return "", err
	}
	before, rest, ok := strings.Cut(string(data), begin)
	_, after, closed := strings.Cut(rest, end)
	if !ok || !closed {
		return "", fmt.Errorf("%s has no place for what is generated: the lines\n%s%s", name, begin, end)
	}
	return before + begin + generated + end + after, nil
}

// complete checks that a page has its sections, each with something in it.
func complete(name, text string) error {
	if text == "" {
		return nil // has been reported
	}
	var got []string
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		if strings.HasPrefix(line, "## ") {
			got = append(got, line)
			if i+2 >= len(lines) || lines[i+2] == "" || strings.HasPrefix(lines[i+2], "#") {
				return fmt.Errorf("%s: nothing below %q", name, line)
			}
		}
	}
	if !slices.Equal(got, sections) {
		return fmt.Errorf("%s has the sections %q, want %q", name, got, sections)
	}
	return nil
}

func head(r rules.Rule) string {
	return fmt.Sprintf("# %s\n\n%s.\n\n| default | looks at |\n|---|---|\n| `%s` | %s |\n\n", r.ID, r.Description, r.Level, where(r.Place))
}

func list() string {
	var b strings.Builder
	b.WriteString("| rule | default | looks at | what |\n|---|---|---|---|\n")
	for _, r := range rules.Table() {
		fmt.Fprintf(&b, "| [%s](rules/%s.md) | `%s` | %s | %s |\n", r.ID, r.ID, r.Level, where(r.Place), r.Description)
	}
	b.WriteString("\n")
	return b.String()
}

func where(p rules.Place) string {
	return map[rules.Place]string{
		rules.Dockerfile: "the Dockerfile", rules.Evidence: "what steps left behind", rules.Base: "base images",
	}[p]
}
