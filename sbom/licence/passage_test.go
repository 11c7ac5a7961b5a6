package licence

import (
	"os"
	"strings"
	"testing"
)

// followed fails the test when licensecheck finds a licence where the pattern cannot be
// followed, or one that goes on behind.
func followed(t *testing.T, s *scanner, text string) (matches int) {
	t.Helper()
	words := split(text)
	for _, f := range s.signatures.forms {
		in := &passage{text, words, maxCompared}
		after := in.follow(f.parts, span{0, len(words)})
		for _, m := range s.compiled[f.pattern]().Scan([]byte(text)).Match {
			matches++
			if len(choices(s.patterns[f.pattern].LRE)) > 1 {
				continue // of several forms another may be it
			}
			last := 0
			for last < len(words) && words[last].end <= m.End {
				last++
			}
			if last >= after.end {
				t.Errorf("%s at bytes %d to %d of %q, followed up to %v of %d words", m.ID, m.Start, m.End, text, after, last)
			}
		}
	}
	return matches
}

// few is a scanner for some licences: what all have takes long to compile.
func few() *scanner {
	s := newScanner()
	var forms []*form
	for _, f := range s.signatures.forms {
		switch s.patterns[f.pattern].ID {
		case "ISC", "MIT", "BSD-3-Clause", "GPL-2.0-or-later", "LGPL-2.1-only", "HPND", "Zlib":
			forms = append(forms, f)
		}
	}
	s.signatures.forms = forms
	return s
}

// spellings are changes to a licence's text that licensecheck sees through.
var spellings = []struct{ from, to string }{
	{"purpose", "purpse"}, {"purpose", "purposes"}, {"purpose", "purpole"}, {"distribute", "distri-\nbute"},
	{"with or without", "with orwithout"}, {"this", "these"}, {"is hereby", "<b>is</b> hereby"}, {"is hereby", "is&nbsp;hereby"},
	{"provided", "provided {#anchor}"}, {"fee", "[fee](http://example.test/fee)"}, {"Permission to", "Permissión tö"},
	{"SPECIAL", "SPECIAL(s)"}, {"Copyright (c)", "© Copyright"}, {"copyright", "(c)"}, {"and", "ànd"}, {"USE", "U\u0300SE"},
}

func TestPatternsAreFollowedThroughSpellings(t *testing.T) {
	b, err := os.ReadFile("testdata/isc")
	if err != nil {
		t.Fatal(err)
	}
	s, text := few(), string(b)
	whole := followed(t, s, text)
	if whole == 0 {
		t.Fatal("licensecheck finds nothing")
	}
	found := 0
	for _, c := range spellings {
		changed := strings.ReplaceAll(text, c.from, c.to)
		if changed == text {
			t.Errorf("the text has no %q", c.from)
		}
		found += followed(t, s, changed)
	}
	if found < whole*len(spellings)*3/4 {
		t.Errorf("licensecheck finds %d licences in %d texts", found, len(spellings))
	}
}

// A pattern that needs other words in the middle is not followed.
func TestOtherLicencesAreNotFollowed(t *testing.T) {
	text := "You can redistribute it and/or modify it under the terms of the GNU Lesser General Public License version 2.1."
	words := split(text)
	for _, f := range few().signatures.forms {
		in := &passage{text, words, maxCompared}
		after := in.follow(f.parts, span{0, len(words)})
		if id := newScanner().patterns[f.pattern].ID; (after.end > 0) != (id == "LGPL-2.1-only") {
			t.Errorf("%s is followed up to %v", id, after)
		}
	}
}

// FuzzFollow holds what is followed to what licensecheck finds.
func FuzzFollow(f *testing.F) {
	b, err := os.ReadFile("testdata/isc")
	if err != nil {
		f.Fatal(err)
	}
	for _, c := range spellings {
		f.Add(strings.ReplaceAll(string(b), c.from, c.to))
	}
	f.Add("You can redistribute it and/or modify it under the terms of the GNU Lesser General Public License version 2.1")
	s := few()
	f.Fuzz(func(t *testing.T, text string) { followed(t, s, text) })
}
