package rules_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/moby/buildkit/frontend/dockerfile/parser"

	"github.com/sworn-build/sworn/frontend/rules"
)

func TestWordsChangeTheDefault(t *testing.T) {
	every := func(l rules.Level) string {
		out := []string{"none"}
		for _, r := range rules.Table() {
			out = append(out, r.ID+":"+string(l))
		}
		return strings.Join(out, ",")
	}
	const none = "none"
	for _, c := range []struct{ text, want, err string }{
		{"", rules.Default().String(), ""},
		{"default", rules.Default().String(), ""},
		{"none", none, ""},
		{"all:off", none, ""},
		{"all:warn", every(rules.Warn), ""},
		{"all:error,default", rules.Default().String(), ""},
		{"none,UnpinnedBaseImage:error", "none,UnpinnedBaseImage:error", ""},
		{"UnpinnedBaseImage:error,none", none, ""},
		{"none,UnpinnedBaseImage:error,UnpinnedBaseImage:warn", "none,UnpinnedBaseImage:warn", ""},
		{"none,UnpinnedBaseImage:warn,AddWithoutChecksum:error", "none,AddWithoutChecksum:error,UnpinnedBaseImage:warn", ""},
		{"all", "", `"all" is none of the words of rules; valid: ID:LEVEL, all:LEVEL, default, none`},
		{"none,", "", `"" is none of the words of rules; valid: ID:LEVEL, all:LEVEL, default, none`},
		{"none, all:warn", "", `unknown rule " all"; valid: all, AddWithoutChecksum, `},
		{"unpinnedbaseimage:warn", "", `unknown rule "unpinnedbaseimage"; valid: all, AddWithoutChecksum, `},
		{"default:warn", "", `unknown rule "default"; valid: all, AddWithoutChecksum, `},
		{"all:", "", `unknown level "" of rule all; valid: off, warn, error`},
		{"UnpinnedBaseImage:Error", "", `unknown level "Error" of rule UnpinnedBaseImage; valid: off, warn, error`},
	} {
		s, err := rules.Parse(c.text)
		if c.err != "" {
			if err == nil || !strings.HasPrefix(err.Error(), c.err) {
				t.Errorf("%q: error %v, want %s", c.text, err, c.err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%q: %v", c.text, err)
			continue
		}
		if s.String() != c.want {
			t.Errorf("%q is %s, want %s", c.text, s, c.want)
		}
		if again, err := rules.Parse(s.String()); err != nil || again.String() != s.String() {
			t.Errorf("%q: what is written reads as %s, %v", c.text, again, err)
		}
	}
}

func TestNobodyWeakensWhatTheOperatorNamed(t *testing.T) {
	for _, c := range []struct{ operator, asked, want, err string }{
		{"", "none", "none", ""},
		{"none", "UnpinnedBaseImage:error", "none,UnpinnedBaseImage:error", ""},
		{"none,UnpinnedBaseImage:error", "", "none,UnpinnedBaseImage:error", ""},
		{"none,UnpinnedBaseImage:warn", "UnpinnedBaseImage:error", "none,UnpinnedBaseImage:error", ""},
		{"none,UnpinnedBaseImage:error", "all:error,UnexplainedFile:off", "", ""},
		// Not named by the operator: the build may do as it likes.
		{"UnpinnedBaseImage:error", "none,UnpinnedBaseImage:error", "none,UnpinnedBaseImage:error", ""},
		{"UnpinnedBaseImage:error", "UnpinnedBaseImage:warn", "", "UnpinnedBaseImage:warn is weaker than UnpinnedBaseImage:error"},
		{"UnpinnedBaseImage:error", "none", "", "UnpinnedBaseImage:off is weaker than UnpinnedBaseImage:error"},
		{"UnpinnedBaseImage:error", "default", "", "UnpinnedBaseImage:off is weaker than UnpinnedBaseImage:error"},
		{"all:error,UnexplainedFile:warn", "UnexplainedFile:off", "", "UnexplainedFile:off is weaker than UnexplainedFile:warn"},
		{"default", "SecretValueInArgOrEnv:off", "", "SecretValueInArgOrEnv:off is weaker than SecretValueInArgOrEnv:warn"},
		{"x", "none", "", `"x" is none of the words`},
		{"none", "x", "", `"x" is none of the words`},
	} {
		s, err := rules.Tighten(c.operator, c.asked)
		switch {
		case c.err == "" && err != nil, c.err != "" && (err == nil || !strings.HasPrefix(err.Error(), c.err)):
			t.Errorf("%q, then %q: error %v, want %q", c.operator, c.asked, err, c.err)
		case c.want != "" && s.String() != c.want:
			t.Errorf("%q, then %q: %s, want %s", c.operator, c.asked, s, c.want)
		}
	}
}

func TestTheTableIsInOrder(t *testing.T) {
	table := rules.Table()
	if !slices.IsSortedFunc(table, func(a, b rules.Rule) int { return strings.Compare(a.ID, b.ID) }) {
		t.Error("the table is not sorted by id")
	}
	for _, r := range table {
		if got, ok := rules.ByID(r.ID); !ok || got != r {
			t.Errorf("%s is not found by its id: %v", r.ID, got)
		}
	}
	if _, ok := rules.ByID("NoSuchRule"); ok {
		t.Error("a rule that is not in the table was found")
	}
}

func TestFindingsAreSplitByLevel(t *testing.T) {
	at := func(rule, message string, line int) rules.Finding {
		f := rules.Finding{Rule: rule, Message: message}
		if line > 0 {
			f.Ranges = []parser.Range{{Start: parser.Position{Line: line}}}
		}
		return f
	}
	set, err := rules.Parse("none,UnpinnedBaseImage:error,UnexplainedFile:warn")
	if err != nil {
		t.Fatal(err)
	}
	warnings, refused := set.Split([]rules.Finding{
		at(rules.UnpinnedBaseImage, "b", 7), at(rules.UnexplainedFile, "u", 0), at(rules.UnpinnedBaseImage, "b", 2),
		at(rules.UnpinnedBaseImage, "b", 7), at(rules.UnpinnedBaseImage, "a", 7), at(rules.SetuidFileAdded, "s", 1),
	})
	show := func(fs []rules.Finding) (out []string) {
		for _, f := range fs {
			out = append(out, f.String())
		}
		return out
	}
	if d := cmp.Diff([]string{"UnexplainedFile: u"}, show(warnings)); d != "" {
		t.Errorf("warnings (-want +got):\n%s", d)
	}
	want := []string{"UnpinnedBaseImage: b (line 2)", "UnpinnedBaseImage: a (line 7)", "UnpinnedBaseImage: b (line 7)"}
	if d := cmp.Diff(want, show(refused)); d != "" {
		t.Errorf("refused (-want +got):\n%s", d)
	}
}
