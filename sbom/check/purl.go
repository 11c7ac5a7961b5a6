package check

import (
	"fmt"
	"net/url"
	"strings"
)

// purl says what is wrong with a package URL
// (https://github.com/package-url/purl-spec/blob/main/PURL-SPECIFICATION.rst). The parser of
// package-url's own library cannot be shown any text: it panics at "?A".
func purl(s string) error {
	if why := purlFault(s); why != "" {
		return fmt.Errorf("%q is no package URL: %s", s, why)
	}
	return nil
}

func purlFault(s string) string {
	rest, ok := strings.CutPrefix(s, "pkg:")
	if !ok {
		return "it does not begin with pkg:"
	}
	rest, _, _ = strings.Cut(strings.TrimLeft(rest, "/"), "#")
	rest, qualifiers, qualified := strings.Cut(rest, "?")
	kind, path, ok := strings.Cut(rest, "/")
	switch {
	case !ok || !purlType(kind):
		return "it has no type"
	case strings.ContainsAny(s, " \t\r\n"):
		return "it has white space"
	}
	if _, err := url.PathUnescape(rest); err != nil {
		return "it is not percent-encoded"
	}
	path = strings.Trim(path, "/")
	name := path[strings.LastIndex(path, "/")+1:]
	if strings.HasPrefix(name, "@") || name == "" {
		return "it has no name"
	}
	if strings.HasSuffix(name, "@") {
		return "its version is empty"
	}
	if !qualified {
		return ""
	}
	for pair := range strings.SplitSeq(qualifiers, "&") {
		key, value, ok := strings.Cut(pair, "=")
		if !ok || value == "" || !purlType(key) {
			return "its qualifiers are not KEY=VALUE"
		}
		if _, err := url.PathUnescape(value); err != nil {
			return "it is not percent-encoded"
		}
	}
	return ""
}

// purlType reports whether a string can be a type or the key of a qualifier.
func purlType(s string) bool {
	return s != "" && (s[0] < '0' || s[0] > '9') &&
		strings.Trim(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-_") == ""
}
