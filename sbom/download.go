package sbom

import (
	"encoding/hex"
	"path"
	"strings"
)

// Download is a file that a step downloaded.
type Download struct {
	URL string
	// SHA256 of the file, lower-case hex.
	SHA256 string
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
		key := fileKey(d.URL)
		switch m := named[key]; {
		case key == "":
		case m == nil:
			named[key] = &match{Download: d}
		case m.SHA256 != d.SHA256:
			m.ambiguous = true
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

// fileKey is what the name of a package file says: NAME_VERSION_ARCH.deb or, below a
// folder for the architecture, NAME-VERSION.apk. Empty for other files.
func fileKey(raw string) string {
	raw, _, _ = strings.Cut(raw, "#")
	raw, _, _ = strings.Cut(raw, "?")
	file, ok := unescape(raw)
	if !ok {
		return ""
	}
	name := path.Base(file)
	switch path.Ext(name) {
	case ".deb":
		// An epoch's colon is escaped in the name itself, as apt's own archive has it.
		return strings.NewReplacer("%3a", ":", "%3A", ":").Replace(name)
	case ".apk":
		return path.Base(path.Dir(file)) + "/" + name
	}
	return ""
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
	case "deb":
		keys := []string{p.Name + "_" + p.Version + "_" + p.Arch + ".deb"}
		// Archives leave the epoch out of file names.
		if _, version, ok := strings.Cut(p.Version, ":"); ok {
			keys = append(keys, p.Name+"_"+version+"_"+p.Arch+".deb")
		}
		return keys
	case "apk":
		return []string{p.Arch + "/" + p.Name + "-" + p.Version + ".apk"}
	}
	return nil
}
