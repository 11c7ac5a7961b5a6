package sbom

import "strings"

// knownLicence reports whether s is an SPDX licence expression made of
// identifiers that distributions' packages use. Anything else is quoted in a
// comment, not declared: an identifier that SPDX does not know would make the
// document invalid.
func knownLicence(s string) bool {
	words := strings.Fields(strings.NewReplacer("(", " ( ", ")", " ) ").Replace(s))
	p := &expression{words: words}
	return p.or() && len(p.words) == 0
}

// expression is a parser of SPDX licence expressions (annex D): the words left.
type expression struct{ words []string }

func (p *expression) take(word string) bool {
	if len(p.words) == 0 || p.words[0] != word {
		return false
	}
	p.words = p.words[1:]
	return true
}

func (p *expression) or() bool {
	for {
		if !p.and() {
			return false
		}
		if !p.take("OR") {
			return true
		}
	}
}

func (p *expression) and() bool {
	for {
		if !p.single() {
			return false
		}
		if !p.take("AND") {
			return true
		}
	}
}

func (p *expression) single() bool {
	if len(p.words) == 0 {
		return false
	}
	// Parentheses nest only as deep as a written expression would.
	if len(p.words) > 64 {
		return false
	}
	if p.take("(") {
		return p.or() && p.take(")")
	}
	if !licenceID(p.words[0]) {
		return false
	}
	p.words = p.words[1:]
	if !p.take("WITH") {
		return true
	}
	if len(p.words) == 0 || !exceptionID(p.words[0]) {
		return false
	}
	p.words = p.words[1:]
	return true
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
