package licence

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

func sample(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// The files in testdata are those of Debian 12.
func TestCopyrightFilesOfDebian(t *testing.T) {
	r := NewReader()
	for _, c := range []struct{ name, declared, concluded string }{
		{"adduser", "GPL-2.0-or-later", "GPL-2.0-or-later"},
		{"at-spi2-common",
			"(AFL-2.1 OR GPL-2.0-or-later) AND GPL-2.0-only AND LGPL-2.0-or-later AND LGPL-2.1-or-later AND [public-domain]",
			"GPL-2.0-only AND LGPL-2.0-or-later AND LGPL-2.1-or-later AND ([AFL-2.1] OR GPL-2.0-or-later) AND [public-domain]"},
		{"base-files", "", "GPL-2.0-or-later"},
		{"ca-certificates", "GPL-2.0-or-later AND MPL-2.0", "GPL-2.0-or-later AND MPL-2.0"},
		{"dash", "BSD-3-Clause AND GPL-2.0-or-later AND [public-domain]", "BSD-3-Clause AND GPL-2.0-or-later AND [public-domain]"},
		{"debconf", "BSD-2-Clause", "BSD-2-Clause"},
		{"fakeroot", "", "Artistic-1.0-Perl AND GPL-3.0-or-later"},
	} {
		declared, concluded := r.Copyright(sample(t, c.name))
		valid(t, c.name, declared)
		valid(t, c.name, concluded)
		if short(declared) != c.declared || short(concluded) != c.concluded {
			t.Errorf("%s declares %q, want %q\nand is %q, want %q", c.name, short(declared), c.declared, short(concluded), c.concluded)
		}
	}
	declared, _ := r.Copyright(sample(t, "dash"))
	if len(declared.Refs) != 1 || !strings.Contains(strings.ToLower(declared.Refs[0].Text), "public domain") {
		t.Errorf("the text of what SPDX does not list is %q", declared.Refs)
	}
}

const (
	machine  = "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n\n"
	gplLater = "This program is free software; you can redistribute it and/or modify\nit under the terms of the GNU General Public License as published by\nthe Free Software Foundation; either version 2 of the License, or\n(at your option) any later version.\n"
)

// indent makes a text the continuation of a field.
func indent(s string) string {
	s = strings.ReplaceAll(strings.TrimSpace(s), "\n\n", "\n.\n")
	return " " + strings.ReplaceAll(strings.TrimSpace(s), "\n", "\n ") + "\n"
}

func TestTextsAreConcludedAndNeverGuessed(t *testing.T) {
	isc := string(sample(t, "isc"))
	for _, c := range []struct{ name, file, want string }{
		{"a tag", "SPDX-License-Identifier: MIT\n", "MIT"},
		{"a tag of an unknown id", "SPDX-License-Identifier: MITT\n", ""},
		{"a tag with a choice", "SPDX-License-Identifier: MIT OR ISC\n", ""},
		{"a reference with a version", "It is licensed under version 2 of the GPL, see /usr/share/common-licenses/GPL-2.\n", "GPL-2.0-only"},
		{"a reference with later versions", "You may use version 2 of the GPL or any later version: /usr/share/common-licenses/GPL-2\n", "GPL-2.0-or-later"},
		{"a reference without a version", "It is under the GPL; see /usr/share/common-licenses/GPL-2\n", ""},
		{"a reference to any version", "It is under the GPL; see /usr/share/common-licenses/GPL.\n", "GPL-1.0-or-later"},
		{"a reference to what has one version", "See /usr/share/common-licenses/Apache-2.0 for it.\n", "Apache-2.0"},
		{"a reference to nothing", "See /usr/share/common-licenses/Nothing for it.\n", ""},
		{"a text and where it is", gplLater + "\nOn Debian systems the text is in /usr/share/common-licenses/GPL-2.\n", "GPL-2.0-or-later"},
		{"two texts", gplLater + "\n\n" + isc, "GPL-2.0-or-later AND ISC"},
		{"a choice of two texts", "You can choose either of these licences:\n\n" + gplLater + "\n\n" + isc, ""},
		{"nothing", "This is free.\n", ""},
		{"empty", "", ""},
		{"a stanza's text", machine + "Files: *\nLicense: GPL-2+\n" + indent(gplLater), "GPL-2.0-or-later"},
		{"a stanza's text of another licence", machine + "Files: *\nLicense: Expat\n\nLicense: Expat\n" + indent(isc), "ISC"},
		{"a stanza that only points to the text", machine + "Files: *\nLicense: GPL-1+\n On Debian systems, see /usr/share/common-licenses/GPL-1\n", "GPL-1.0-or-later"},
		{"a stanza that points to another licence's", machine + "Files: *\nLicense: GPL-1+\n On Debian systems, see /usr/share/common-licenses/GPL-2\n", "[GPL-1+]"},
		{"a stanza with more than the licence", machine + "Files: *\nLicense: GPL-2+\n" + indent(gplLater+strings.Repeat("You must also pay for every copy.\n", 20)), "[GPL-2+]"},
		{"a stanza without a text", machine + "Files: *\nLicense: GPL-2+\n", ""},
		{"two joined", machine + "Files: *\nLicense: GPL-2+ or ISC\n\nLicense: GPL-2+\n" + indent(gplLater) + "\nLicense: ISC\n" + indent(isc), "GPL-2.0-or-later OR ISC"},
		{"two, one without a text", machine + "Files: *\nLicense: GPL-2+ or ISC\n\nLicense: GPL-2+\n" + indent(gplLater), ""},
	} {
		_, concluded := NewReader().Copyright([]byte(c.file))
		valid(t, c.name, concluded)
		if got := short(concluded); got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
}

// Several licence files are of one package: that both hold, or one may be chosen, only its
// declaration can say.
func TestLicenceFilesAreConcludedTogether(t *testing.T) {
	r := NewReader()
	isc := sample(t, "isc")
	for _, c := range []struct {
		files    map[string][]byte
		declared string
		want     string
	}{
		{map[string][]byte{"LICENSE": isc}, "MIT", "ISC"},
		{map[string][]byte{"LICENSE": isc, "LICENSE.txt": isc}, "", "ISC"},
		{map[string][]byte{"LICENSE-GPL": []byte(gplLater), "LICENSE-ISC": isc}, "GPL-2.0-or-later OR ISC", "GPL-2.0-or-later OR ISC"},
		{map[string][]byte{"LICENSE-GPL": []byte(gplLater), "LICENSE-ISC": isc}, "MIT", ""},
		{map[string][]byte{"LICENSE": isc, "COPYING": []byte("Ask me.")}, "", ""},
		{nil, "MIT", ""},
	} {
		if got := short(r.Texts(c.files, Declare(c.declared))); got != c.want {
			t.Errorf("%d files, declared %q: got %q, want %q", len(c.files), c.declared, got, c.want)
		}
	}
}

func FuzzCopyright(f *testing.F) {
	for _, name := range []string{"adduser", "base-files", "dash", "fakeroot"} {
		f.Add(sample(f, name))
	}
	f.Add([]byte(machine + "Files: *\nLicense: , and ; | with\n x\n\nLicense:\n .\n"))
	f.Add([]byte("\n\x00:\n \n:\nSPDX-License-Identifier: ((((MIT\n"))
	r := NewReader()
	f.Fuzz(func(t *testing.T, b []byte) {
		declared, concluded := r.Copyright(b)
		for _, got := range []Result{declared, concluded} {
			if len(got.Expression) <= maxExpression {
				check(t, got)
			}
		}
	})
}

func FuzzDeclare(f *testing.F) {
	f.Add("MIT AND (custom OR GPL-2.0-only WITH GCC-exception-3.1)")
	f.Add("LGPLv2+ and , | with (")
	f.Add("LicenseRef-a WITH b")
	f.Fuzz(func(t *testing.T, text string) { check(t, Declare(text)) })
}

func check(t *testing.T, r Result) {
	valid(t, "fuzzed", r)
	if strings.ContainsAny(r.Expression, "\n\x00\"") {
		t.Errorf("expression %q", r.Expression)
	}
}

// A file that looks like every licence costs as much as one that is a few.
func TestFilesThatLookLikeEveryLicenceAreNotConcluded(t *testing.T) {
	r := NewReader()
	of := r.scanner().signatures
	signatures := map[string]bool{}
	for _, f := range of.forms {
		for p := range f.parts {
			for i, g := range grams(p.words) {
				if of.of[g] != nil {
					signatures[strings.Join(p.said[i:i+signatureWords], " ")] = true
				}
			}
		}
	}
	text := strings.Join(slices.Sorted(maps.Keys(signatures)), ".\n")
	text = strings.Repeat(text, MaxText/len(text))
	begun := time.Now()
	for name, file := range map[string]string{
		"plain":    text,
		"stanzas":  machine + "Files: *\nLicense: Expat\n" + indent(text),
		"pointers": strings.Repeat("on debian ", MaxText/10),
		"tags":     strings.Repeat("SPDX-License-Identifier: (\n", MaxText/30),
		"names":    machine + "Files: *\nLicense: " + strings.Repeat("x with ", MaxText/8) + "\n",
		"fields":   machine + strings.Repeat("Files: *\nLicense: a\n b\n\n", MaxText/30),
	} {
		declared, concluded := r.Copyright([]byte(file))
		valid(t, name, declared)
		valid(t, name, concluded)
		if e, ok := Parse(concluded.Expression); ok && !e.Each(func(e Expression) bool { return strings.HasPrefix(e.ID, RefPrefix) }) {
			t.Errorf("%s is concluded to be %s", name, concluded.Expression)
		}
	}
	t.Logf("%d bytes each, in %v", len(text), time.Since(begun))
}
