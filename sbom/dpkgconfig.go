package sbom

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"strings"
)

// dpkgConfig is dpkg's configuration file; with ".d" it is the folder of more of them.
const dpkgConfig = "/etc/dpkg/dpkg.cfg"

// maxDpkgConfig bounds one file of dpkg's configuration in bytes.
const maxDpkgConfig = 1 << 20

// excluded are the files that dpkg is configured not to unpack (path-exclude and
// path-include of dpkg(1)): of the patterns that a path matches, the last one counts.
type excluded []pathPattern

type pathPattern struct {
	include bool
	match   *regexp.Regexp
}

func loadExcluded(t *Tree, left *budget) (excluded, error) {
	names, err := t.ReadDir(dpkgConfig + ".d")
	if err != nil {
		return nil, err
	}
	var files []string
	for _, name := range names {
		if dpkgConfigName.MatchString(name) {
			files = append(files, path.Join(dpkgConfig+".d", name))
		}
	}
	var out excluded
	for _, p := range append(files, dpkgConfig) { // dpkg reads the folder first
		b, err := left.read(t, p, maxDpkgConfig)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("read dpkg configuration: %w", err)
		}
		out = append(out, parseExcluded(b)...)
	}
	return out, nil
}

// dpkgConfigName is what a file in the folder is called; dpkg skips others.
var dpkgConfigName = regexp.MustCompile(`^[A-Za-z0-9_-]+$`)

// parseExcluded reads a configuration file: an option a line, as on the command line but
// without its dashes.
func parseExcluded(b []byte) excluded {
	var out excluded
	for _, line := range strings.Split(string(b), "\n") {
		line = strings.TrimPrefix(strings.TrimSpace(line), "--")
		end := strings.IndexAny(line, "= \t")
		if end < 0 {
			continue
		}
		include := line[:end] == "path-include"
		if !include && line[:end] != "path-exclude" {
			continue
		}
		if match, ok := fnmatch(strings.Trim(line[end+1:], "= \t\"'")); ok {
			out = append(out, pathPattern{include, match})
		}
	}
	return out
}

// maxGlob bounds a pattern in bytes.
const maxGlob = 4 << 10

// fnmatch compiles a pattern of fnmatch(3) without flags: "*" and "?" match "/" as well.
func fnmatch(pattern string) (*regexp.Regexp, bool) {
	if len(pattern) > maxGlob {
		return nil, false
	}
	var re strings.Builder
	re.WriteString("(?s)^")
	for rest := pattern; rest != ""; {
		c := rest[0]
		rest = rest[1:]
		switch {
		case c == '*':
			re.WriteString(".*")
		case c == '?':
			re.WriteByte('.')
		case c == '[':
			set, after, ok := fnmatchSet(rest)
			if !ok {
				re.WriteString(`\[`)
				continue
			}
			re.WriteString(set)
			rest = after
		case c == '\\' && rest != "":
			re.WriteString(regexp.QuoteMeta(rest[:1]))
			rest = rest[1:]
		default:
			re.WriteString(regexp.QuoteMeta(string(c)))
		}
	}
	re.WriteByte('$')
	out, err := regexp.Compile(re.String())
	return out, err == nil
}

// fnmatchSet reads a set of characters after its bracket.
func fnmatchSet(s string) (set, rest string, ok bool) {
	end := strings.IndexByte(s[min(1, len(s)):], ']') + 1
	if end <= 0 {
		return "", "", false
	}
	body := s[:end]
	not := ""
	if body[0] == '!' || body[0] == '^' {
		not, body = "^", body[1:]
	}
	if body == "" {
		return "", "", false
	}
	return "[" + not + strings.NewReplacer(`\`, `\\`, `[`, `\[`, `^`, `\^`, `]`, `\]`).Replace(body) + "]", s[end+1:], true
}

// has reports whether the file at a path, as its package lists it, is left out.
func (e excluded) has(p string) bool {
	out := false
	for _, one := range e {
		if one.include == out && one.match.MatchString(p) {
			out = !one.include
		}
	}
	return out
}
