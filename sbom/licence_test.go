package sbom_test

import (
	"strings"
	"testing"

	"github.com/sworn-build/sworn/sbom"
)

// gpl lists GPL licences but for those of which an exception takes the effect away.
func gpl(id string) bool {
	return strings.HasPrefix(id, "GPL-") && !strings.Contains(id, " WITH ")
}

func TestListedLicencesAreThoseThatCannotBeAvoided(t *testing.T) {
	for text, want := range map[string]bool{
		"GPL-2.0-only":                              true,
		"MIT":                                       false,
		"LGPL-2.1-only":                             false,
		"MIT OR GPL-2.0-only":                       false,
		"GPL-2.0-only OR GPL-3.0-only":              true,
		"MIT AND GPL-2.0-only":                      true,
		"MIT AND (BSD-3-Clause OR GPL-2.0-only)":    false,
		"MIT AND (GPL-3.0-only OR GPL-2.0-only)":    true,
		"(MIT OR GPL-2.0-only) AND GPL-3.0-only":    true,
		"MIT OR GPL-2.0-only AND ISC":               false, // AND binds more
		"GPL-3.0-or-later WITH GCC-exception-3.1":   true,
		"Apache-2.0 WITH LLVM-exception":            false,
		"custom":                                    false,
		"":                                          false,
		"GPL-2.0 GPL-3.0":                           true, // no expression
		"MIT or GPL-2.0-only":                       true,
		"MIT,GPL-2.0-only":                          true,
		"(MIT OR GPL-2.0-only":                      true,
		"AND GPL-2.0-only":                          true,
		strings.Repeat("(", 1<<20) + "GPL-2.0-only": true,
		strings.Repeat("MIT AND ", 1<<16) + "GPL-2.0-only": true,
	} {
		if got := sbom.ListedLicence(text, gpl); got != want {
			t.Errorf("%.60q: %t, want %t", text, got, want)
		}
	}
	with := func(id string) bool { return id == "GPL-2.0-only WITH Linux-syscall-note" }
	if !sbom.ListedLicence("GPL-2.0-only WITH Linux-syscall-note", with) || sbom.ListedLicence("GPL-2.0-only", with) {
		t.Error("an exception is not told from the licence alone")
	}
}

func FuzzListedLicence(f *testing.F) {
	f.Add("MIT AND (BSD-3-Clause OR GPL-2.0-only WITH GCC-exception-3.1)")
	f.Add("GPL-2.0 or later, (c) someone")
	f.Fuzz(func(t *testing.T, text string) {
		if sbom.ListedLicence(text, func(string) bool { return false }) {
			t.Errorf("%q: nothing is listed", text)
		}
		named := strings.FieldsFunc(text, func(r rune) bool { return !('a' <= r && r <= 'z') })
		if len(named) > 0 && !sbom.ListedLicence(text, func(string) bool { return true }) {
			t.Errorf("%q: everything is listed", text)
		}
	})
}
