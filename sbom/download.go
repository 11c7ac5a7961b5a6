package sbom

import (
	"encoding/hex"
	"net/url"
	"path"
	"slices"
	"strings"

	"github.com/sworn-build/sworn/sbom/jar"
)

// Download is a file that a step downloaded.
type Download struct {
	URL string
	// SHA256 of the file, lower-case hex.
	SHA256 string
}

// fileName is the last name in its URL; empty of one that has none.
func (d Download) fileName() string {
	u, err := url.Parse(d.URL)
	if err != nil {
		return ""
	}
	return strings.TrimPrefix(path.Base("/"+u.Path), "/")
}

// Downloads returns, by purl, the downloads that packages were installed from: those
// named as their repositories name them, with the very name, version and architecture.
// A package that files of different content match has none. Downloads are in order of
// preference.
func Downloads(packages []Package, downloads []Download) map[string]Download {
	type match struct {
		Download
		ambiguous bool
	}
	named := map[string]*match{}
	for _, d := range downloads {
		for _, key := range fileKeys(d.URL) {
			switch m := named[key]; {
			case m == nil:
				named[key] = &match{Download: d}
			case m.SHA256 != d.SHA256:
				m.ambiguous = true
			}
		}
	}
	out := map[string]Download{}
	for _, p := range packages {
		var found *match
		for _, key := range packageKeys(p) {
			switch m := named[key]; {
			case m == nil:
			case found != nil && found.SHA256 != m.SHA256:
				found = &match{ambiguous: true}
			case found == nil:
				found = m
			}
		}
		if found != nil && !found.ambiguous {
			out[p.PURL] = found.Download
		}
	}
	return out
}

// IsDownloaded reports whether a file can be told to be the package's by its name. The
// main module of a program that is built from a folder has no version, and Go's
// standard library comes with the compiler.
func (p Package) IsDownloaded() bool { return len(packageKeys(p)) > 0 }

// fileKeys are what the URL of a package's file says of it, in the form that packageKeys
// has; none for other files:
//
//	NAME_VERSION_ARCH.deb
//	ARCH/NAME-VERSION.apk
//	NAME-VERSION-RELEASE.ARCH.rpm
//	NAME-VERSION[-PLATFORM].gem
//	NAME-VERSION.crate
//	NAME.VERSION.nupkg                            (in any case)
//	GROUP/ARTIFACT/VERSION/ARTIFACT-VERSION.jar   (or another archive, Maven's repositories)
//	NAME-VERSION-[BUILD-]PYTHON-ABI-PLATFORM.whl  (PEP 427)
//	NAME-VERSION.tar.gz, NAME-VERSION.zip         (PEP 625)
//	[@SCOPE/]NAME/-/NAME-VERSION.tgz              (npm's registry)
//	MODULE/@v/VERSION.zip                         (Go's module proxy)
//	goVERSION.linux-ARCH.tar.gz, node-vVERSION-linux-ARCH.tar.xz, Python-VERSION.tgz, ...
func fileKeys(raw string) []string {
	raw, _, _ = strings.Cut(raw, "#")
	raw, _, _ = strings.Cut(raw, "?")
	_, raw, _ = strings.Cut(raw, "://")
	file, ok := unescape(raw)
	if !ok {
		return nil
	}
	dir, name := path.Split(file)
	switch {
	case strings.HasSuffix(name, ".deb"):
		// An epoch's colon is escaped in the name itself, as apt's own archive has it.
		return []string{strings.NewReplacer("%3a", ":", "%3A", ":").Replace(name)}
	case strings.HasSuffix(name, ".rpm"), strings.HasSuffix(name, ".gem"), strings.HasSuffix(name, ".crate"):
		return []string{name}
	case strings.HasSuffix(name, ".nupkg"):
		return []string{strings.ToLower(name)}
	case jar.IsArchive(name):
		return mavenFileKeys(dir, name)
	case strings.HasSuffix(name, ".apk"):
		return []string{path.Base(dir) + "/" + name}
	case strings.HasSuffix(name, ".tgz"):
		return append(nodeFileKeys(dir, name), toolchainFileKeys(name)...)
	case strings.HasSuffix(dir, "/@v/"):
		return append(goFileKeys(dir, name), toolchainFileKeys(name)...)
	}
	return append(pythonFileKeys(name), toolchainFileKeys(name)...)
}

// unescape decodes the %XX of a URL; false when one is none.
func unescape(s string) (string, bool) {
	parts := strings.Split(s, "%")
	out := []byte(parts[0])
	for _, part := range parts[1:] {
		if len(part) < 2 {
			return "", false
		}
		b, err := hex.DecodeString(part[:2])
		if err != nil {
			return "", false
		}
		out = append(append(out, b...), part[2:]...)
	}
	return string(out), true
}

// packageKeys are the keys that a package's file can have.
func packageKeys(p Package) []string {
	switch p.Type {
	case typeDeb:
		keys := []string{p.Name + "_" + p.Version + "_" + p.Arch + ".deb"}
		// Archives leave the epoch out of file names.
		if _, version, ok := strings.Cut(p.Version, ":"); ok {
			keys = append(keys, p.Name+"_"+version+"_"+p.Arch+".deb")
		}
		return keys
	case typeApk:
		return []string{p.Arch + "/" + p.Name + "-" + p.Version + ".apk"}
	case typeRPM:
		return []string{p.Name + "-" + p.Version + "." + p.Arch + ".rpm"}
	case typeGem:
		if p.Arch != "" {
			return []string{p.Name + "-" + p.Version + "-" + p.Arch + ".gem"}
		}
		return []string{p.Name + "-" + p.Version + ".gem"}
	case typeNuget:
		return []string{strings.ToLower(p.Name + "." + p.Version + ".nupkg")}
	case typeCargo:
		return []string{p.Name + "-" + p.Version + ".crate"}
	case typeGeneric:
		if slices.ContainsFunc(toolchainArchives, func(a toolchainArchive) bool { return a.name == p.Name }) {
			return []string{languageKey(typeGeneric, p.Name, p.Version)}
		}
	case typeMaven, typePython, typeNode, typeGo:
		if p.Version != "" && (p.Type != typeGo || p.Name != goStandard) {
			return []string{languageKey(p.Type, p.Name, p.Version)}
		}
	}
	return nil
}
