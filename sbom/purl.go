package sbom

import (
	"fmt"
	"strings"
)

// purl builds a package URL (https://github.com/package-url/purl-spec). The
// distribution is that of the file system; without an os-release the namespace is
// fallback and there is no distro qualifier.
func purl(kind, fallback string, d Distro, name, version, arch string) string {
	namespace := d.ID
	if namespace == "" {
		namespace = fallback
	}
	s := "pkg:" + kind + "/" + escape(strings.ToLower(namespace)) + "/" + escape(strings.ToLower(name)) + "@" + escape(version)
	return s + query(d.qualifiers(arch))
}

// qualifiers are those of a distribution's package, in order.
func (d Distro) qualifiers(arch string) []string {
	var q []string
	if arch != "" {
		q = append(q, "arch="+escape(arch))
	}
	if d.ID != "" {
		distro := d.ID
		if d.Version != "" {
			distro += "-" + d.Version
		}
		q = append(q, "distro="+escape(distro))
	}
	return q
}

// query joins qualifiers.
func query(q []string) string {
	if len(q) == 0 {
		return ""
	}
	return "?" + strings.Join(q, "&")
}

// escape percent-encodes a purl component: letters, digits, ".-_~" and ":" stay.
func escape(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', strings.IndexByte(".-_~:", c) >= 0:
			b.WriteByte(c)
		default:
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}

// languagePURL builds the package URL of a language's package. A name's folders are its
// namespace; a package without a version has none in the URL either.
func languagePURL(kind, name, version string) string {
	parts := strings.Split(name, "/")
	for i, p := range parts {
		parts[i] = escape(p)
	}
	s := "pkg:" + kind + "/" + strings.Join(parts, "/")
	if version != "" {
		s += "@" + escape(version)
	}
	return s
}
