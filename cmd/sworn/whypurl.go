package main

import (
	"net/url"
	"strings"
)

// isPackage reports whether a package is the one that is asked for: by purl, with or without
// qualifiers and version, or by name, with or without namespace and version.
func isPackage(purl, asked string) bool {
	bare := barePURL(purl)
	if strings.HasPrefix(asked, "pkg:") {
		name, _, _ := cutVersion(bare)
		return asked == purl || asked == bare || asked == name
	}
	_, version, _ := cutVersion(bare)
	version = unescaped(version)
	name, short := fullName(purl), packageName(purl)
	return asked == name || asked == short || version != "" && (asked == name+"@"+version || asked == short+"@"+version)
}

// named reports whether a document gives a package the name that is asked for: purls of some
// kinds write it in another way, of pypi in lower case.
func (k *whyPackage) named(asked string) bool {
	return k != nil && (asked == k.Name || k.Version != "" && asked == k.Name+"@"+k.Version)
}

// barePURL is a purl without qualifiers and subpath.
func barePURL(purl string) string {
	bare, _, _ := strings.Cut(purl, "?")
	bare, _, _ = strings.Cut(bare, "#")
	return bare
}

// cutVersion cuts a purl without qualifiers at its version.
func cutVersion(purl string) (name, version string, ok bool) {
	i := strings.LastIndex(purl, "@")
	if i <= strings.LastIndex(purl, "/") {
		return purl, "", false
	}
	return purl[:i], purl[i+1:], true
}

func unescaped(s string) string {
	if u, err := url.PathUnescape(s); err == nil {
		return u
	}
	return s
}

// fullName is the namespace and name in a purl.
func fullName(purl string) string {
	name, _, _ := cutVersion(strings.TrimPrefix(barePURL(purl), "pkg:"))
	_, name, _ = strings.Cut(name, "/") // without the type
	return unescaped(name)
}

// packageName is the name in a purl, without namespace.
func packageName(purl string) string {
	name := fullName(purl)
	return name[strings.LastIndex(name, "/")+1:]
}
