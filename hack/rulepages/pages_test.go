package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sworn-build/sworn/frontend/rules"
)

func TestPagesAreThoseOfTheTable(t *testing.T) {
	want, err := pages("../../docs")
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range want {
		got, err := os.ReadFile(name)
		if err != nil || string(got) != text {
			t.Errorf("%s is not what the table gives (%v); run go generate ./hack/rulepages", name, err)
		}
	}
	if len(want) != len(rules.Table())+1 {
		t.Errorf("%d pages for %d rules", len(want), len(rules.Table()))
	}
}

// TestWhatIsWrongWithPagesIsSaid: of a copy of the docs in which one thing is wrong.
func TestWhatIsWrongWithPagesIsSaid(t *testing.T) {
	page := filepath.Join("rules", rules.UnpinnedBaseImage+".md")
	edit := func(old, new string) func(string) error {
		return func(docs string) error {
			name := filepath.Join(docs, page)
			data, err := os.ReadFile(name)
			if err != nil {
				return err
			}
			return os.WriteFile(name, []byte(strings.Replace(string(data), old, new, 1)), 0o644)
		}
	}
	for _, c := range []struct {
		name, err string
		change    func(docs string) error
	}{
		{"nothing", "", func(string) error { return nil }},
		{"no page", "no such file", func(docs string) error { return os.Remove(filepath.Join(docs, page)) }},
		{"no rule", "NoSuchRule.md is the page of no rule", func(docs string) error {
			return os.WriteFile(filepath.Join(docs, "rules", "NoSuchRule.md"), nil, 0o644)
		}},
		{"no section", "has the sections", edit("## False alarms", "False alarms")},
		{"an empty section", `nothing below "## Why it matters"`, edit("## Why it matters", "## Why it matters\n\n## Example\n\n## Example")},
		{"no marks", "has no place for what is generated", edit(begin, "")},
		{"no list", "no such file", func(docs string) error { return os.Remove(filepath.Join(docs, "rules.md")) }},
	} {
		docs := t.TempDir()
		if err := os.CopyFS(filepath.Join(docs, "rules"), os.DirFS("../../docs/rules")); err != nil {
			t.Fatal(err)
		}
		data, err := os.ReadFile("../../docs/rules.md")
		if err == nil {
			err = os.WriteFile(filepath.Join(docs, "rules.md"), data, 0o644)
		}
		if err == nil {
			err = c.change(docs)
		}
		if err != nil {
			t.Fatal(err)
		}
		if _, err := pages(docs); c.err == "" && err != nil || c.err != "" && (err == nil || !strings.Contains(err.Error(), c.err)) {
			t.Errorf("%s: error %v, want %s", c.name, err, c.err)
		}
	}
}

func TestAChangedTableIsWritten(t *testing.T) {
	docs := t.TempDir()
	if err := os.CopyFS(docs, os.DirFS("../../docs")); err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(docs, "rules", rules.UnpinnedBaseImage+".md")
	good, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	stale := strings.Replace(string(good), "# "+rules.UnpinnedBaseImage, "# Other", 1)
	if err := os.WriteFile(name, []byte(stale), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := write(docs); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(name); err != nil || string(got) != string(good) {
		t.Errorf("%v: written anew it is\n%s", err, got)
	}
}
