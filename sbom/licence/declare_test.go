package licence

import (
	"strings"
	"testing"
)

// short writes an expression without the digests of LicenseRefs.
func short(r Result) string {
	s := r.Expression
	for _, x := range r.Refs {
		s = strings.ReplaceAll(s, x.ID, "["+x.Name+"]")
	}
	return s
}

func TestDeclarationsBecomeExpressions(t *testing.T) {
	for text, want := range map[string]string{
		"MIT":                                   "MIT",
		"mit":                                   "MIT",
		"GPL-2.0-only AND custom":               "GPL-2.0-only AND [custom]",
		"(MIT OR Apache-2.0)":                   "MIT OR Apache-2.0",
		"MIT AND (ISC OR Zlib)":                 "(ISC OR Zlib) AND MIT",
		"MIT AND MIT":                           "MIT",
		"GPL-2.0":                               "GPL-2.0-only",
		"GPL-2.0+":                              "GPL-2.0-or-later",
		"GPL2":                                  "GPL-2.0-only",
		"GPLv3+":                                "GPL-3.0-or-later",
		"LGPLv2+ and MIT":                       "LGPL-2.0-or-later AND MIT",
		"GPL-2.0-or-later WITH GCC-exception-2": "[GPL-2.0-or-later WITH GCC-exception-2]",
		"Apache-2.0 WITH LLVM-exception":        "Apache-2.0 WITH LLVM-exception",
		"Apache License 2.0":                    "Apache-2.0",
		"BSD":                                   "[BSD]",
		"BSD License":                           "[BSD License]",
		"LicenseRef-own":                        "[LicenseRef-own]",
		"see LICENSE, or ask":                   "[see LICENSE, or ask]",
		"DocumentRef-x:LicenseRef-y":            "[DocumentRef-x:LicenseRef-y]",
		"UNLICENSED":                            "[UNLICENSED]",
		"UNKNOWN":                               "",
		"NOASSERTION":                           "",
		"  ":                                    "",
		"\xff":                                  "[?]",
		strings.Repeat("x", maxDeclared+1):      "",
		strings.Repeat("(", 2000):               "[" + strings.Repeat("(", maxName) + "]",
	} {
		got := Declare(text)
		valid(t, text, got)
		if short(got) != want {
			t.Errorf("%.60q: got %q, want %q", text, short(got), want)
		}
	}
}

func TestShortNamesAreJoinedAsDebianDoes(t *testing.T) {
	for synopsis, want := range map[string]string{
		"GPL-1+ or Artistic, and BSD-3-clause":    "BSD-3-Clause AND (GPL-1.0-or-later OR Artistic-1.0-Perl)",
		"GPL-1+ or Artistic and BSD-3-clause":     "GPL-1.0-or-later OR Artistic-1.0-Perl AND BSD-3-Clause",
		"Expat":                                   "MIT",
		"Apache-2":                                "Apache-2.0",
		"GPL":                                     "GPL-1.0-or-later",
		"LGPL-2.1":                                "LGPL-2.1-only",
		"GFDL-NIV-1.3+":                           "GFDL-1.3-no-invariants-or-later",
		"GPL-2+ with Autoconf exception":          "GPL-2.0-or-later WITH Autoconf-exception-2.0",
		"GPL-3+ with Autoconf exception":          "GPL-3.0-or-later WITH Autoconf-exception-3.0",
		"GPL-3+ with Bison exception":             "GPL-3.0-or-later WITH Bison-exception-2.2",
		"GPL-2 with Linux-syscall-note exception": "GPL-2.0-only WITH Linux-syscall-note",
		"GPL-2+ with OpenSSL exception":           "[GPL-2+ with OpenSSL exception]",
		"public-domain":                           "[public-domain]",
		"MPL-1.1 or GPL-2+ or LGPL-2.1+":          "MPL-1.1 OR GPL-2.0-or-later OR LGPL-2.1-or-later",
		"GPL-2+, Expat":                           "GPL-2.0-or-later AND MIT",
		"perl":                                    "Artistic-1.0-Perl OR GPL-1.0-or-later",
		"and":                                     "[and]",
		strings.Repeat("GPL-2+ and ", 1000) + "Expat":       "",
		strings.Repeat("Expat or ", maxWords-2) + "OFL-1.1": "MIT OR OFL-1.1",
	} {
		file := "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n\nFiles: *\nCopyright: x\nLicense: " + synopsis + "\n"
		got, _ := NewReader().Copyright([]byte(file))
		valid(t, synopsis, got)
		if s := short(got); s != want && want != "" {
			t.Errorf("%.60q: got %q, want %q", synopsis, s, want)
		}
	}
}

func TestClassifiersOfPythonAreLicences(t *testing.T) {
	for text, want := range map[string]string{
		"License :: OSI Approved :: MIT License":                                     "MIT",
		"License :: OSI Approved :: GNU General Public License v2 or later (GPLv2+)": "GPL-2.0-or-later",
		"License :: OSI Approved :: GNU Lesser General Public License v3 (LGPLv3)":   "LGPL-3.0-only",
		"License :: OSI Approved :: Mozilla Public License 2.0 (MPL 2.0)":            "MPL-2.0",
		"License :: OSI Approved :: BSD License":                                     "[BSD License]",
		"License :: OSI Approved :: Apache Software License":                         "[Apache Software License]",
		"Programming Language :: Python":                                             "",
		"License :: OSI Approved :: European Union Public Licence 1.2 (EUPL 1.2)":    "[European Union Public Licence 1.2 (EUPL 1.2)]",
		"License :: OSI Approved :: ISC License (ISCL)":                              "ISC",
		"License :: OSI Approved :: The Unlicense (Unlicense)":                       "Unlicense",
	} {
		if got := short(Declare(Classifier(text))); got != want {
			t.Errorf("%s: got %q, want %q", text, got, want)
		}
	}
}
