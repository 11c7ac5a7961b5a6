package licence

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/licensecheck"
)

// installed are the copyright files of this machine's packages, each content once.
func installed(t *testing.T) map[string]string {
	t.Helper()
	files, err := filepath.Glob("/usr/share/doc/*/copyright")
	if err != nil {
		t.Fatal(err)
	}
	out, seen := map[string]string{}, map[string]bool{}
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err == nil && !seen[string(b)] {
			seen[string(b)] = true
			out[filepath.Base(filepath.Dir(f))] = string(b)
		}
	}
	if len(out) < 50 {
		t.Skipf("skipped: this machine has %d copyright files of Debian, too few to say something", len(out))
	}
	return out
}

// TestCopyrightFilesOfThisMachine reads real files: each machine-readable one declares
// something, and all that is said is valid. It logs the shares that docs/statements.md has.
func TestCopyrightFilesOfThisMachine(t *testing.T) {
	r := NewReader()
	var machine, declared, listed, concluded, plain, plainConcluded int
	for name, text := range installed(t) {
		s, is := parseMachine(text)
		d, c := r.Copyright([]byte(text))
		valid(t, name, d)
		valid(t, name, c)
		if !is {
			plain++
			if c.Expression != "" {
				plainConcluded++
			}
			if d.Expression != "" {
				t.Errorf("%s: a text for people declares %s", name, d.Expression)
			}
			continue
		}
		machine++
		if d.Expression != "" {
			declared++
		} else if len(s.files) > 0 {
			t.Errorf("%s declares nothing", name)
		}
		if d.Expression != "" && len(d.Refs) == 0 {
			listed++
		}
		if c.Expression != "" {
			concluded++
		}
	}
	t.Logf("%d machine-readable files: %d declared, %d of these by listed ids alone, %d concluded; %d plain files: %d concluded",
		machine, declared, listed, concluded, plain, plainConcluded)
	if machine > 0 && concluded*2 < machine || plain > 0 && plainConcluded*3 < plain {
		t.Error("less than a half, or a third of plain ones, is concluded")
	}
}

// valid holds a result to what a document may have.
func valid(t testing.TB, name string, r Result) {
	t.Helper()
	if r.Expression == "" {
		if len(r.Refs) > 0 {
			t.Errorf("%s: texts of no expression", name)
		}
		return
	}
	e, ok := parse(r.Expression, maxExpression)
	if !ok {
		t.Fatalf("%s: %.200q is no expression", name, r.Expression)
	}
	used := map[string]bool{}
	e.Each(func(e Expression) bool {
		if strings.HasPrefix(e.ID, RefPrefix) {
			used[e.ID] = true
			if !slices.ContainsFunc(r.Refs, func(x Extracted) bool { return x.ID == e.ID && x.Text != "" }) {
				t.Errorf("%s: %s has no text", name, e.ID)
			}
		} else if !Listed(e.ID) || e.Exception != "" && !ListedException(e.Exception) {
			t.Errorf("%s: SPDX does not list %s", name, e)
		}
		return true
	})
	if len(used) != len(r.Refs) {
		t.Errorf("%s: %d licences, %d texts", name, len(used), len(r.Refs))
	}
}

// TestScanFindsWhatLicensecheckDoes compares with licensecheck on all licences at once,
// over the texts of real files.
func TestScanFindsWhatLicensecheckDoes(t *testing.T) {
	all := licensecheck.BuiltinLicenses()
	all = slices.DeleteFunc(all, func(l licensecheck.License) bool { return l.LRE == "" })
	whole, err := licensecheck.NewScanner(all)
	if err != nil {
		t.Fatal(err)
	}
	s := newScanner()
	var texts, with, other, most int
	compare := func(name, text string) {
		var want, got []string
		for _, m := range whole.Scan([]byte(text)).Match {
			want = append(want, m.ID)
		}
		found, cost := s.scan(text)
		most = max(most, cost)
		for _, m := range found {
			got = append(got, m.id)
		}
		texts++
		if len(want) > 0 {
			with++
		}
		if !slices.Equal(want, got) {
			other++
			t.Logf("%s: licensecheck finds %q, we %q", name, want, got)
		}
	}
	for name, text := range installed(t) {
		if m, ok := parseMachine(text); ok {
			for synopsis, body := range m.texts {
				compare(name+" "+synopsis, body)
			}
			continue
		}
		compare(name, text)
	}
	t.Logf("%d texts, %d of them with licences, %d differ; patterns read at most %d bytes of one", texts, with, other, most)
	if other*100 > with {
		t.Errorf("%d of %d texts differ, more than one in a hundred", other, with)
	}
}

func TestEachPatternCompiles(t *testing.T) {
	for _, compile := range newScanner().compiled {
		compile()
	}
}
