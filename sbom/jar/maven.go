package jar

import (
	"path"
	"strings"
	"unicode/utf8"
)

const (
	// pomProperties is what Maven writes for each artifact, below META-INF/maven.
	pomProperties = "pom.properties"
	manifestName  = "META-INF/MANIFEST.MF"
	maxWord       = 1 << 10
	// maxValue bounds a manifest's values in bytes; a list of packages can be longer.
	maxValue = 4 << 10
)

// described is what the descriptors of one archive say.
type described struct {
	poms     []Package
	manifest map[string]string
}

// parseProperties reads a pom.properties; false when it names no artifact.
func parseProperties(text string) (Package, bool) {
	fields := map[string]string{}
	for _, l := range strings.Split(text, "\n") {
		if key, value, ok := strings.Cut(l, "="); ok {
			fields[strings.TrimSpace(key)] = strings.TrimSpace(value)
		}
	}
	p := Package{Group: fields["groupId"], Artifact: fields["artifactId"], Version: fields["version"]}
	return p, word(p.Group) && word(p.Artifact) && word(p.Version)
}

// parseManifest reads the main section of a manifest (JAR file specification): "Key:
// value" a line, which goes on behind a space on the next. Keys are in lower case.
func parseManifest(text string) map[string]string {
	out := map[string]string{}
	last := ""
	for _, l := range strings.Split(strings.ReplaceAll(text, "\r\n", "\n"), "\n") {
		if l == "" {
			break
		}
		if rest, ok := strings.CutPrefix(l, " "); ok && last != "" {
			if len(out[last]) < maxValue {
				out[last] += rest
			}
			continue
		}
		key, value, ok := strings.Cut(l, ":")
		if last = strings.ToLower(key); ok {
			out[last] = strings.TrimPrefix(value, " ")
		}
	}
	return out
}

// packages are those of an archive: its own, which is not Inner, and those whose classes
// were unpacked into it. file is the archive's name.
func (d described) packages(file string) []Package {
	name, version := fileName(file)
	out := append([]Package(nil), d.poms...)
	own := -1
	for i, p := range out {
		named := p.Artifact == name || strings.HasPrefix(stem(file)+"-", p.Artifact+"-")
		if named && (own < 0 || len(p.Artifact) > len(out[own].Artifact)) {
			own = i
		}
	}
	if own < 0 && len(out) == 1 && d.agrees(out[0]) {
		own = 0
	}
	for i := range out {
		out[i].Inner = i != own
	}
	if own < 0 {
		if p, ok := d.byName(name, version); ok {
			own, out = len(out), append(out, p)
		}
	}
	if own >= 0 {
		out[own].Licence, out[own].Homepage = line(d.manifest["bundle-license"]), line(d.manifest["bundle-docurl"])
		out[own].Vendor = d.vendor()
	}
	return out
}

// vendor is who made an archive (JAR file specification, OSGi Core). A name that is a key
// of a translation, or was never filled in, is none.
func (d described) vendor() string {
	for _, key := range []string{"implementation-vendor", "bundle-vendor"} {
		if v := line(d.manifest[key]); v != "" && v[0] != '%' && !strings.Contains(v, "${") {
			return v
		}
	}
	return ""
}

// agrees reports whether a manifest that names its archive can mean a package: one artifact
// may be unpacked into another that has no descriptor of Maven's.
func (d described) agrees(p Package) bool {
	said := letters(d.manifest["bundle-symbolicname"] + d.manifest["automatic-module-name"] + d.manifest["implementation-title"])
	return said == "" || strings.Contains(said, letters(p.Artifact)) || strings.Contains(said, letters(p.Group))
}

// letters is a name without what stands between its words: "Maven Core" is maven-core.
func letters(s string) string {
	return strings.NewReplacer("-", "", "_", "", ".", "", " ", "").Replace(strings.ToLower(s))
}

// byName is the package that an archive's name and manifest tell of. A manifest names no
// group: what has the form of one stands for it, and else the artifact, as archives of
// old do.
func (d described) byName(name, version string) (Package, bool) {
	if version == "" {
		version = d.first("implementation-version", "bundle-version", "specification-version", "plugin-version")
		version, _, _ = strings.Cut(version, " ")
	}
	if name == "" || version == "" || !word(name) || !word(version) {
		return Package{}, false
	}
	p := Package{Group: name, Artifact: name, Version: version}
	for _, key := range []string{"bundle-symbolicname", "implementation-vendor-id", "extension-name", "automatic-module-name"} {
		group, _, _ := strings.Cut(d.manifest[key], ";")
		if group = strings.TrimSpace(group); strings.Contains(group, ".") && word(group) {
			p.Group = strings.TrimSuffix(group, "."+name)
			break
		}
	}
	return p, true
}

func (d described) first(keys ...string) string {
	for _, k := range keys {
		if v := strings.TrimSpace(d.manifest[k]); v != "" {
			return v
		}
	}
	return ""
}

// stem is a file's name without its extension.
func stem(file string) string { return strings.TrimSuffix(file, path.Ext(file)) }

// fileName splits NAME-VERSION.jar. The version begins with the first digit behind a dash
// or an underscore that is not followed by one more part of a name: log4j-1.2-api-2.17 is
// version 2.17. It is empty when there is none.
func fileName(file string) (name, version string) {
	s := stem(file)
	for i := 1; i+1 < len(s); i++ {
		if (s[i] == '-' || s[i] == '_') && digit(s[i+1]) && !namesMore(s[i+1:]) {
			return s[:i], s[i+1:]
		}
	}
	return s, ""
}

// qualifiers are words in versions.
var qualifiers = map[string]bool{
	"alpha": true, "beta": true, "rc": true, "cr": true, "m": true, "b": true, "pre": true, "snapshot": true, "sp": true,
	"ga": true, "final": true, "release": true, "incubating": true, "jre": true, "android": true, "build": true, "rev": true,
}

// namesMore reports whether a version has a word in it, with another version behind.
func namesMore(version string) bool {
	parts := strings.Split(version, "-")
	for i := 1; i+1 < len(parts); i++ {
		if w := strings.ToLower(parts[i]); w != "" && strings.Trim(w, "abcdefghijklmnopqrstuvwxyz") == "" && !qualifiers[w] && parts[i+1] != "" && digit(parts[i+1][0]) {
			return true
		}
	}
	return false
}

func digit(c byte) bool { return '0' <= c && c <= '9' }

// word reports whether s can be a group, an artifact or a version: a name that was never
// filled in, ${project.version}, is none.
func word(s string) bool {
	if strings.Trim(s, ".") == "" || len(s) > maxWord {
		return false
	}
	for i := range len(s) {
		c := s[i]
		if !digit(c) && (c|0x20 < 'a' || c|0x20 > 'z') && strings.IndexByte("._-+~", c) < 0 {
			return false
		}
	}
	return true
}

// line is a field of one line; empty when s is something else.
func line(s string) string {
	s = strings.TrimSpace(s)
	if len(s) > maxWord || !utf8.ValidString(s) || strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		return ""
	}
	return s
}
