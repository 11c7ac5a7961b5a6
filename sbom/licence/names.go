package licence

import (
	"regexp"
	"strings"

	"github.com/github/go-spdx/v2/spdxexp/spdxlicenses"
)

// words are names of licences that distributions and registries use and SPDX does not, in
// lower case. A name without a version stands for one only where its licence has one.
var words = map[string]string{
	"expat": "MIT", "mit license": "MIT", "the mit license": "MIT", "the mit license (mit)": "MIT",
	"mit no attribution license": "MIT-0",
	"artistic":                   "Artistic-1.0-Perl", // what Debian's common-licenses has under this name
	"perl":                       "Artistic-1.0-Perl OR GPL-1.0-or-later",
	"cc0":                        "CC0-1.0", "boost-1.0": "BSL-1.0", "boost": "BSL-1.0", "openldap-2.8": "OLDAP-2.8",
	"sil-1.1": "OFL-1.1", "sil-ofl-1.1": "OFL-1.1", "sil open font license 1.1": "OFL-1.1",
	"apache license 2.0": "Apache-2.0", "apache license, version 2.0": "Apache-2.0", "apache license version 2.0": "Apache-2.0",
	"apache 2.0": "Apache-2.0", "apache 2": "Apache-2.0", "apache software license 2.0": "Apache-2.0", "asl 2.0": "Apache-2.0",
	"apache2": "Apache-2.0", "apache2.0": "Apache-2.0", "apache-2.0 license": "Apache-2.0",
	"bsd-2": "BSD-2-Clause", "bsd 2-clause": "BSD-2-Clause", "2-clause bsd": "BSD-2-Clause", "bsd 2-clause license": "BSD-2-Clause",
	"bsd-3": "BSD-3-Clause", "bsd 3-clause": "BSD-3-Clause", "3-clause bsd": "BSD-3-Clause", "bsd 3-clause license": "BSD-3-Clause",
	"bsd 3 clause": "BSD-3-Clause", "3-clause bsd license": "BSD-3-Clause", "bsd-3-clause license": "BSD-3-Clause",
	"isc license": "ISC", "iscl": "ISC", "mpl 2.0": "MPL-2.0", "mpl2.0": "MPL-2.0", "mozilla public license 2.0": "MPL-2.0",
	"the unlicense": "Unlicense", "zpl 2.1": "ZPL-2.1", "zlib license": "Zlib", "bzip2": "bzip2-1.0.6", "fsf-unlimited": "FSFUL",
	"php 3.01": "PHP-3.01", "postgresql license": "PostgreSQL",
}

// exceptions are names of exceptions, in lower case and without the word. Autoconf's and
// GCC's go by the version of the licence.
var exceptions = map[string]string{
	"bison": "Bison-exception-2.2", "classpath": "Classpath-exception-2.0", "libtool": "Libtool-exception", "llvm": "LLVM-exception",
	"font": "Font-exception-2.0", "linux-syscall-note": "Linux-syscall-note", "texinfo": "Texinfo-exception",
	"autoconf 2": "Autoconf-exception-2.0", "autoconf 3": "Autoconf-exception-3.0",
	"gcc 2": "GCC-exception-2.0", "gcc 3": "GCC-exception-3.1", "gcc runtime library 3": "GCC-exception-3.1",
}

// gnu matches the many ways to write a GNU licence: family, version, whether later ones do.
var gnu = regexp.MustCompile(`^(gpl|lgpl|agpl|gfdl|gfdl-niv)[- ]?v?([0-9](?:\.[0-9])?)?(?:\.0)?( ?\+|-or-later|-only)?$`)

// first is the first version of each family, which is meant where none is said.
var first = map[string]string{"gpl": "1.0", "lgpl": "2.0", "agpl": "1.0", "gfdl": "1.1", "gfdl-niv": "1.1"}

// Named returns the listed licence that a name stands for in a distribution or registry;
// false when it stands for none of SPDX's, or for one of several.
func Named(name string) (Expression, bool) {
	name = strings.ToLower(strings.Join(strings.Fields(name), " "))
	if m := gnu.FindStringSubmatch(name); m != nil {
		return gnuLicence(m[1], m[2], m[3])
	}
	if s, ok := words[name]; ok {
		e, ok := Parse(s)
		return simplify(e), ok
	}
	for _, id := range []string{name, name + ".0"} { // DEP-5: a trailing .0 may be missing
		bare, later := strings.CutSuffix(id, "+")
		if ok, as := spdxlicenses.IsActiveLicense(bare); ok {
			if later {
				as += "+"
			}
			return Expression{ID: as}, true
		}
	}
	if ok, as := spdxlicenses.IsDeprecatedLicense(name); ok {
		return Expression{ID: as}, true
	}
	return Expression{}, false
}

func gnuLicence(family, version, suffix string) (Expression, bool) {
	later := strings.Trim(suffix, " ") == "+" || suffix == "-or-later"
	if version == "" {
		if suffix != "" {
			return Expression{}, false
		}
		version, later = first[family], true // the licences say so of a program that names no version
	}
	if len(version) == 1 {
		version += ".0"
	}
	name := strings.ToUpper(family) + "-" + version
	if family == "gfdl-niv" {
		name = "GFDL-" + version + "-no-invariants"
	}
	if later {
		name += "-or-later"
	} else {
		name += "-only"
	}
	return Expression{ID: name}, Listed(name)
}

// exceptionNamed returns the exception that a name stands for beside a licence.
func exceptionNamed(name, id string) (string, bool) {
	name = strings.ToLower(strings.Join(strings.Fields(name), " "))
	if ok, as := spdxlicenses.IsException(name); ok {
		return as, true
	}
	name = strings.TrimSuffix(strings.TrimSuffix(name, " exception"), " exceptions")
	for _, key := range []string{name, name + " " + strings.TrimLeft(id, "AGLP-")[:min(1, len(strings.TrimLeft(id, "AGLP-")))]} {
		if as, ok := exceptions[key]; ok && ListedException(as) {
			return as, true
		}
	}
	return "", false
}
