package sbom

import (
	"bytes"
	"strings"
)

// eachLine calls f with the lines of a text until it returns false.
func eachLine(b []byte, f func(string) bool) {
	for len(b) > 0 {
		l, rest, _ := bytes.Cut(b, []byte("\n"))
		if !f(strings.TrimSuffix(string(l[:min(len(l), maxWord)]), "\r")) {
			return
		}
		b = rest
	}
}

// maxRelease bounds a version in bytes, several times what the longest in use has.
const maxRelease = 100

// releaseBytes are what versions of releases have besides numbers: 3.13.0rc1, 21.0.4+7-LTS.
const releaseBytes = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.+-_~"

// release reports whether a version begins as numbers do, and can be a part of a file's name.
func release(v string) bool {
	number, _ := splitRelease(v)
	_, ok := dotted(strings.Split(number, ".")...)
	return ok && len(v) <= maxRelease && !strings.ContainsFunc(v, func(r rune) bool { return !strings.ContainsRune(releaseBytes, r) })
}

// splitRelease splits the numbers of a version from what follows.
func splitRelease(v string) (number, rest string) {
	number = v[:len(v)-len(strings.TrimLeft(v, "0123456789."))]
	return number, v[len(number):]
}

// dotted joins the numbers of a version; false when one is none.
func dotted(numbers ...string) (string, bool) {
	for _, n := range numbers {
		if n == "" || len(n) > 9 || strings.Trim(n, "0123456789") != "" {
			return "", false
		}
	}
	return strings.Join(numbers, "."), true
}

// parseGoVersion reads VERSION of a GOROOT (go.dev/src/cmd/dist/build.go, findgoversion):
// its first line is "go1.26.8". A Go that was built from a working copy says devel.
func parseGoVersion(_, _ string, b []byte) (Package, bool) {
	first, _, _ := strings.Cut(string(b[:min(len(b), maxWord)]), "\n")
	version, ok := strings.CutPrefix(strings.TrimSpace(first), "go")
	if !ok || !release(version) {
		return Package{}, false
	}
	return Package{Name: "go", Version: version, Originator: goAuthors, Homepage: "https://go.dev/", CPEs: goCPEs(version)}, true
}

// parseRustChannel reads the manifest of the release that rustup keeps with a toolchain
// (rust-lang.github.io/rustup, "Manifests"): version = "1.95.0 (59807616e 2026-04-14)" of
// the table [pkg.rust].
func parseRustChannel(_, _ string, b []byte) (Package, bool) {
	version, in := "", false
	eachLine(b, func(l string) bool {
		switch {
		case strings.HasPrefix(l, "["):
			in = l == "[pkg.rust]"
		case in && strings.HasPrefix(l, `version = "`):
			version, _, _ = strings.Cut(strings.TrimPrefix(l, `version = "`), " ")
			version = strings.TrimSuffix(version, `"`)
		}
		return version == ""
	})
	if !release(version) {
		return Package{}, false
	}
	number, update := cpeVersion(version)
	return Package{
		Name: "rust", Version: version, Originator: organization + "The Rust Project Developers", Homepage: "https://www.rust-lang.org/",
		CPEs: []string{cpe("rust-lang", "rust", number, update)},
	}, true
}

// defines are the macros that a header of C gives a value of one word, each once, without
// the quotes of a string.
func defines(b []byte) map[string]string {
	out := map[string]string{}
	eachLine(b, func(l string) bool {
		words := strings.Fields(l)
		if len(words) >= 3 && words[0] == "#define" && out[words[1]] == "" {
			out[words[1]] = strings.Trim(words[2], `"`)
		}
		return true
	})
	return out
}

// parseNodeVersion reads node_version.h. Node.js itself says -pre of what is no release.
func parseNodeVersion(_, _ string, b []byte) (Package, bool) {
	is := defines(b)
	version, ok := dotted(is["NODE_MAJOR_VERSION"], is["NODE_MINOR_VERSION"], is["NODE_PATCH_VERSION"])
	if !ok {
		return Package{}, false
	}
	if is["NODE_VERSION_IS_RELEASE"] != "1" {
		version += "-pre"
	}
	number, update := cpeVersion(version)
	return Package{
		Name: "node", Version: version, Originator: organization + "Node.js contributors", Homepage: "https://nodejs.org/",
		CPEs: []string{cpe("nodejs", "node.js", number, update)},
	}, true
}

// parsePythonVersion reads patchlevel.h of CPython, which lies in a folder of its version.
func parsePythonVersion(_, tail string, b []byte) (Package, bool) {
	version := strings.TrimSuffix(defines(b)["PY_VERSION"], "+") // of a working copy
	if !release(version) || !strings.HasPrefix(tail, "include/python"+minor(version)) {
		return Package{}, false
	}
	number, update := cpeVersion(version)
	return Package{
		Name: "python", Version: version, Originator: organization + "Python Software Foundation", Homepage: "https://www.python.org/",
		CPEs: []string{cpe("python_software_foundation", "python", number, update), cpe("python", "python", number, update)},
	}, true
}

// parsePHPVersion reads php_version.h. The purl is that of the interpreter, as scanners
// write it.
func parsePHPVersion(_, _ string, b []byte) (Package, bool) {
	version := defines(b)["PHP_VERSION"]
	if !release(version) {
		return Package{}, false
	}
	number, update := cpeVersion(version)
	return Package{
		Name: "php-cli", Version: version, Originator: organization + "The PHP Group", Homepage: "https://www.php.net/",
		CPEs: []string{cpe("php", "php", number, update)},
	}, true
}

// parseRubyConfig reads rbconfig.rb, a program of Ruby that is not run: lines
// CONFIG["MAJOR"] = "3". The patch level of what is no release is -1.
func parseRubyConfig(_, _ string, b []byte) (Package, bool) {
	is := map[string]string{}
	eachLine(b, func(l string) bool {
		l, config := strings.CutPrefix(strings.TrimSpace(l), `CONFIG["`)
		key, value, ok := strings.Cut(l, `"] = "`)
		if config && ok && is[key] == "" {
			is[key], _, _ = strings.Cut(value, `"`)
		}
		return true
	})
	version, ok := dotted(is["MAJOR"], is["MINOR"], is["TEENY"])
	if !ok || strings.HasPrefix(is["PATCHLEVEL"], "-") {
		return Package{}, false
	}
	return Package{
		Name: "ruby", Version: version, Homepage: "https://www.ruby-lang.org/", CPEs: []string{cpe("ruby-lang", "ruby", version, "*")},
	}, true
}
