package check

import (
	"fmt"
	"net/url"
	"strings"
	"time"
)

// digits is how many hex digits a checksum has, by what [algorithm] makes of the
// algorithm's name; 0 of those whose values have no fixed length.
func digits(algorithm string) int {
	switch algorithm {
	case "adler32":
		return 8
	case "md2", "md4", "md5":
		return 32
	case "sha1":
		return 40
	case "sha224", "sha3224":
		return 56
	case "sha256", "sha3256", "blake2b256", "streebog256":
		return 64
	case "sha384", "sha3384", "blake2b384":
		return 96
	case "sha512", "sha3512", "blake2b512", "streebog512":
		return 128
	}
	return 0
}

// algorithm is a checksum algorithm's name as the formats' spellings have in common.
func algorithm(name string) string {
	return strings.NewReplacer("-", "", "_", "").Replace(strings.ToLower(name))
}

// checksum says what is wrong with a checksum's value; nothing of algorithms whose values
// have no fixed length.
func checksum(name, value string) error {
	if value == "" {
		return fmt.Errorf("%s without a value", name)
	}
	if strings.Trim(value, "0123456789abcdefABCDEF") != "" {
		return fmt.Errorf("%s of %q, want hex digits", name, value)
	}
	if want := digits(algorithm(name)); want != 0 && len(value) != want {
		return fmt.Errorf("%s of %d hex digits, want %d", name, len(value), want)
	}
	return nil
}

// date says what is wrong with a time: SPDX wants UTC to the second.
func date(s string) error {
	if _, err := time.Parse("2006-01-02T15:04:05Z", s); err != nil {
		return fmt.Errorf("%q, want YYYY-MM-DDThh:mm:ssZ of a day that there is", s)
	}
	return nil
}

// rfc3339 says what is wrong with a time of CycloneDX.
func rfc3339(s string) error {
	if _, err := time.Parse(time.RFC3339, s); err != nil {
		return fmt.Errorf("%q, want a time as RFC 3339 has it", s)
	}
	return nil
}

// uri says what is wrong with an absolute URI.
func uri(s string) error {
	u, err := url.Parse(s)
	if err != nil || u.Scheme == "" || u.Opaque == "" && u.Host == "" && u.Path == "" || strings.ContainsAny(s, " \t\n<>\"") {
		return fmt.Errorf("%q is no absolute URI", s)
	}
	return nil
}

// cpe says what is wrong with a name of a platform, in the binding of version 2.3 or 2.2.
func cpe(s string) error {
	if strings.HasPrefix(s, "cpe:/") {
		return nil
	}
	if fields := strings.Count(strings.ReplaceAll(s, `\:`, ""), ":"); !strings.HasPrefix(s, "cpe:2.3:") || fields != 12 {
		return fmt.Errorf("%q is no CPE name of version 2.2 or 2.3", s)
	}
	return nil
}

// idString reports whether a string is one or more letters, digits, dots and dashes.
func idString(s string) bool {
	return s != "" && strings.Trim(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-") == ""
}

// asserted reports whether a value says something: SPDX has words for nothing and for
// what is not known.
func asserted(s string) bool { return s != "" && s != "NOASSERTION" && s != "NONE" }

// contact reports whether a text has an email address or a URL.
func contact(s string) bool {
	at := strings.LastIndexByte(s, '@')
	return at > 0 && strings.Contains(s[at:], ".") || strings.Contains(s, "://")
}
