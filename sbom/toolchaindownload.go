package sbom

import (
	"slices"
	"strings"
)

// toolchainArchive is how a project names the archives of a compiler or runtime: its
// version stands between two texts, in the archive with programs or that with the source.
type toolchainArchive struct{ name, before, after string }

var toolchainArchives = []toolchainArchive{
	{"go", "go", ".linux-"},        // go.dev/dl
	{"go", "v0.0.1-go", ".linux-"}, // golang.org/toolchain of Go's module proxy
	{"node", "node-v", "-linux-"},  // nodejs.org/dist
	{"node", "node-v", ".tar."},    // its source
	{"python", "Python-", ".tgz"},  // python.org/ftp/python
	{"python", "Python-", ".tar."}, //
	{"ruby", "ruby-", ".tar."},     // cache.ruby-lang.org
	{"php-cli", "php-", ".tar."},   // php.net/distributions
}

// toolchainFileKeys are the keys of the compilers and runtimes that an archive's name can
// be of.
func toolchainFileKeys(file string) []string {
	if !slices.ContainsFunc([]string{".tar.gz", ".tgz", ".tar.xz", ".tar.bz2", ".zip"}, func(end string) bool { return strings.HasSuffix(file, end) }) {
		return nil
	}
	var out []string
	for _, a := range toolchainArchives {
		rest, ok := strings.CutPrefix(file, a.before)
		if version, _, found := strings.Cut(rest, a.after); ok && found && release(version) {
			out = append(out, languageKey(typeGeneric, a.name, version))
		}
	}
	return out
}
