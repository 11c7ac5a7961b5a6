package licence

import (
	"regexp"
	"strings"
	"testing"
)

// datedLine is what [dated] looks for, as an expression.
var datedLine = regexp.MustCompile(`(?im)^[ \t*#]*(copyright|©|\(c\))[^\n]{0,40}[0-9]{4}[^\n]{0,60}$`)

func FuzzUndated(f *testing.F) {
	f.Add(" * Copyright (C) 1999-2003 A\n#©2001\r\n(c)20010\n(C) " + strings.Repeat("é", 36) + "1999" + strings.Repeat("è", 60) + "\n")
	f.Add("copyright " + strings.Repeat("1", 43) + "\ncopyright" + strings.Repeat("\xff", 41) + "2000")
	f.Fuzz(func(t *testing.T, text string) {
		if got, want := undated(text), datedLine.ReplaceAllString(text, someHolder); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	})
}

func TestDatedLinesOfRealFilesAreReplaced(t *testing.T) {
	for _, name := range []string{"adduser", "base-files", "dash", "fakeroot"} {
		text := string(sample(t, name))
		got := undated(text)
		if got == text || got != datedLine.ReplaceAllString(text, someHolder) {
			t.Errorf("%s: got %q", name, got)
		}
	}
}
