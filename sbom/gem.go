package sbom

import (
	"bufio"
	"bytes"
	"path"
	"slices"
	"strings"

	"github.com/sworn-build/sworn/step"
)

const typeGem = "gem"

const (
	gemspecs   = "specifications"
	gemDefault = "default" // of gems that come with Ruby
	gemspec    = ".gemspec"
	// gemRuby is the platform of a gem that runs on all.
	gemRuby = "ruby"
	// maxPlatforms bounds the folders of extensions that are looked at.
	maxPlatforms = 100
)

// gemManifest reports whether a path is that of an installed gem's specification:
// HOME/specifications/NAME-VERSION[-PLATFORM].gemspec.
func gemManifest(p string) bool {
	if !hasSuffixName(p, gemspec) {
		return false
	}
	dir := path.Dir(p)
	if path.Base(dir) == gemDefault {
		dir = path.Dir(dir)
	}
	return path.Base(dir) == gemspecs
}

// parseGem reads a specification as RubyGems writes it when it installs a gem: a program
// of Ruby, which is not run. Its "# stub: NAME VERSION PLATFORM" is what RubyGems itself
// reads; without one, name and version are the first strings that are given to them.
func parseGem(p string, b []byte) ([]Package, string) {
	var name, version, platform string
	fields := map[string][]string{}
	s := bufio.NewScanner(bytes.NewReader(b))
	s.Buffer(nil, maxManifest+1)
	for s.Scan() {
		l := strings.TrimSpace(s.Text())
		if words := strings.Fields(strings.TrimPrefix(l, "# stub:")); name == "" && strings.HasPrefix(l, "# stub:") && len(words) >= 3 {
			name, version, platform = words[0], words[1], words[2]
		}
		key, value, ok := strings.Cut(l, "=")
		_, key, dotted := strings.Cut(strings.TrimSpace(key), ".")
		if ok && dotted && len(fields[key]) == 0 {
			fields[key] = quoted(value)
		}
	}
	field := func(keys ...string) string {
		for _, key := range keys {
			if all := strings.Join(fields[key], ", "); all != "" {
				return line(all)
			}
		}
		return ""
	}
	if name == "" {
		name, version, platform = field("name"), field("version"), field("platform")
	}
	if !oneName(name) || !word(version) {
		return nil, "it has no name or no version"
	}
	out := Package{Type: typeGem, Name: name, Version: version, Licence: field("licenses", "license"), Homepage: field("homepage")}
	out.Originator = gemAuthor(append(fields["authors"], fields["author"]...), fields["email"])
	out.PURL = languagePURL(typeGem, name, version)
	if word(platform) && platform != gemRuby {
		out.Arch = platform
		out.PURL += query([]string{"platform=" + escape(platform)})
	}
	out.Files = gemFiles(p)
	return []Package{out}, ""
}

// gemAuthor is the first author, with the address when there is one of each.
func gemAuthor(authors, addresses []string) string {
	if len(authors) == 0 {
		return ""
	}
	if len(authors) == 1 && len(addresses) == 1 {
		return who(authors[0], addresses[0])
	}
	return who(authors[0], "")
}

// quoted returns the first string in a line of Ruby; of a list, all of them.
func quoted(s string) []string {
	var out []string
	list := strings.HasPrefix(strings.TrimSpace(s), "[")
	for {
		at := strings.IndexAny(s, `"'`)
		if at < 0 {
			break
		}
		text, rest, ok := strings.Cut(s[at+1:], s[at:at+1])
		if !ok {
			break
		}
		out, s = append(out, text), rest
		if !list {
			break
		}
	}
	return out
}

// gemFiles are what the gem of a specification has in its home: each path, and all below.
// The files of one that comes with Ruby lie among Ruby's own.
func gemFiles(p string) []step.Path {
	out := []step.Path{step.Path(p)}
	dir := path.Dir(p)
	if path.Base(dir) != gemspecs {
		return out
	}
	home, full := path.Dir(dir), strings.TrimSuffix(path.Base(p), gemspec)
	for _, at := range []string{"/gems/" + full, "/doc/" + full, "/cache/" + full + ".gem", "/build_info/" + full + ".info"} {
		out = append(out, step.Path(path.Join(home, at)))
	}
	sortPaths(out)
	return out
}

// gemExtensions adds what was compiled for a gem: HOME/extensions/PLATFORM/RUBY/NAME-VERSION.
func gemExtensions(t *Tree, specification step.Path, files []step.Path) ([]step.Path, error) {
	dir := path.Dir(string(specification))
	if path.Base(dir) != gemspecs {
		return files, nil
	}
	full := strings.TrimSuffix(path.Base(string(specification)), gemspec)
	at := path.Join(path.Dir(dir), "extensions")
	platforms, err := t.ReadDir(at)
	if err != nil {
		return nil, err
	}
	files = slices.Clone(files)
	for _, platform := range platforms[:min(len(platforms), maxPlatforms)] {
		rubies, err := t.ReadDir(path.Join(at, platform))
		if err != nil {
			return nil, err
		}
		for _, ruby := range rubies[:min(len(rubies), maxPlatforms)] {
			files = append(files, step.Path(path.Join(at, platform, ruby, full)))
		}
	}
	sortPaths(files)
	return files, nil
}
