package sbom

import (
	"slices"
	"strings"
)

// knownLicence reports whether s is an SPDX licence expression made of
// identifiers that distributions' packages use. Anything else is quoted in a
// comment, not declared: an identifier that SPDX does not know would make the
// document invalid.
func knownLicence(s string) bool {
	l, ok := parseLicence(s)
	return ok && l.each(func(l licence) bool { return licenceID(l.id) && (l.exception == "" || exceptionID(l.exception)) })
}

// ListedLicence reports whether nobody can have a package without one of some licences,
// which listed knows by their ids, alone or as `ID WITH EXCEPTION`. Of "A OR B" either
// will do, of "A AND B" both are needed. In a text that is no SPDX expression, any
// word that is listed counts.
func ListedLicence(text string, listed func(id string) bool) bool {
	l, ok := parseLicence(text)
	if !ok {
		return slices.ContainsFunc(strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(" ,;/|()&\t\n", r) }), listed)
	}
	return l.needs(listed)
}

// licence is an SPDX licence expression: an id, or others joined.
type licence struct {
	id, exception string
	join          string // "OR", "AND"; empty of an id
	of            []licence
}

// each reports whether every id of an expression is as it is wanted.
func (l licence) each(want func(licence) bool) bool {
	if l.join == "" {
		return want(l)
	}
	return !slices.ContainsFunc(l.of, func(l licence) bool { return !l.each(want) })
}

// needs reports whether a listed licence cannot be avoided.
func (l licence) needs(listed func(string) bool) bool {
	switch l.join {
	case "OR":
		return !slices.ContainsFunc(l.of, func(l licence) bool { return !l.needs(listed) })
	case "AND":
		return slices.ContainsFunc(l.of, func(l licence) bool { return l.needs(listed) })
	}
	return listed(l.id) || l.exception != "" && listed(l.id+" WITH "+l.exception)
}

// maxLicenceWords bounds an expression: parentheses nest only as deep as a written one
// would.
const maxLicenceWords = 256

// parseLicence reads an SPDX licence expression (annex D); false when it is none.
func parseLicence(s string) (licence, bool) {
	words := strings.Fields(strings.NewReplacer("(", " ( ", ")", " ) ").Replace(s))
	if len(words) > maxLicenceWords {
		return licence{}, false
	}
	p := &expression{words: words}
	l, ok := p.joined("OR")
	return l, ok && len(p.words) == 0
}

// expression is a parser of licence expressions: the words left.
type expression struct{ words []string }

func (p *expression) take(word string) bool {
	if len(p.words) == 0 || p.words[0] != word {
		return false
	}
	p.words = p.words[1:]
	return true
}

// joined reads what one word joins; AND binds more than OR.
func (p *expression) joined(by string) (licence, bool) {
	all := licence{join: by}
	for {
		var one licence
		var ok bool
		if by == "OR" {
			one, ok = p.joined("AND")
		} else {
			one, ok = p.single()
		}
		if !ok {
			return licence{}, false
		}
		all.of = append(all.of, one)
		if !p.take(by) {
			return all, true
		}
	}
}

func (p *expression) single() (licence, bool) {
	if p.take("(") {
		l, ok := p.joined("OR")
		return l, ok && p.take(")")
	}
	var l licence
	var ok bool
	if l.id, ok = p.word(); !ok || !p.take("WITH") {
		return l, ok
	}
	l.exception, ok = p.word()
	return l, ok
}

// word takes an id or an exception.
func (p *expression) word() (string, bool) {
	if len(p.words) == 0 || slices.Contains([]string{"(", ")", "AND", "OR", "WITH"}, p.words[0]) {
		return "", false
	}
	if strings.TrimLeft(p.words[0], "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-.+:") != "" {
		return "", false
	}
	w := p.words[0]
	p.words = p.words[1:]
	return w, true
}

func licenceID(id string) bool {
	switch id {
	case "0BSD", "AGPL-3.0-only", "AGPL-3.0-or-later", "Apache-1.1", "Apache-2.0", "Artistic-1.0-Perl", "Artistic-2.0",
		"BSD-1-Clause", "BSD-2-Clause", "BSD-3-Clause", "BSD-4-Clause", "BSL-1.0", "bzip2-1.0.6", "BlueOak-1.0.0",
		"CC0-1.0", "CC-BY-4.0", "CC-BY-SA-4.0", "CDDL-1.0", "CDDL-1.1", "curl", "EPL-1.0", "EPL-2.0", "FSFAP", "FTL",
		"GFDL-1.3-or-later", "GPL-1.0-or-later", "GPL-2.0-only", "GPL-2.0-or-later", "GPL-3.0-only", "GPL-3.0-or-later",
		"ICU", "IJG", "ISC", "LGPL-2.0-only", "LGPL-2.0-or-later", "LGPL-2.1-only", "LGPL-2.1-or-later",
		"LGPL-3.0-only", "LGPL-3.0-or-later", "libpng-2.0", "Libpng", "MIT", "MIT-0", "MPL-1.1", "MPL-2.0", "NCSA",
		"OFL-1.1", "OLDAP-2.8", "OpenSSL", "PHP-3.01", "PostgreSQL", "PSF-2.0", "Python-2.0", "Ruby",
		"SSH-OpenSSH", "TCL", "Unicode-3.0", "Unlicense", "UPL-1.0", "Vim", "W3C", "X11", "Zlib", "ZPL-2.1":
		return true
	}
	return false
}

func exceptionID(id string) bool {
	switch id {
	case "Autoconf-exception-2.0", "Autoconf-exception-3.0", "Bison-exception-2.2", "Classpath-exception-2.0",
		"GCC-exception-2.0", "GCC-exception-3.1", "LLVM-exception", "Libtool-exception", "Linux-syscall-note",
		"OpenSSL-exception", "openvpn-openssl-exception", "u-boot-exception-2.0":
		return true
	}
	return false
}
