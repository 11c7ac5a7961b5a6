// Package pattern tells whether URLs and names are among those that a build's options
// list. A pattern of URLs is
//
//	[SCHEME://]HOST[:PORT][/PATH]
//
// In host and path, as in other names, * stands for anything but a slash, a backslash or
// one of them escaped (%2f), and ** for anything. The time that a match takes is bounded
// by the product of both lengths.
package pattern

import (
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// MatchURL reports whether one of the patterns is of a URL. Without a scheme a pattern is
// for every one, without a path for all paths, without a port for the scheme's own. The
// query is not looked at.
func MatchURL(patterns []string, u *url.URL) bool {
	return slices.ContainsFunc(patterns, func(p string) bool { return matches(p, u) })
}

// Match reports whether one of the patterns is of a name.
func Match(patterns []string, name string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool { return glob(p, name) })
}

func matches(pattern string, u *url.URL) bool {
	scheme, rest, ok := strings.Cut(pattern, "://")
	if !ok {
		scheme, rest = "", pattern
	}
	if scheme != "" && !strings.EqualFold(scheme, u.Scheme) {
		return false
	}
	host, below, hasPath := strings.Cut(rest, "/")
	if !glob(strings.ToLower(withPort(host, u.Scheme)), strings.ToLower(withPort(u.Host, u.Scheme))) {
		return false
	}
	// A path that may leave a folder must not be taken for one below it.
	asked := u.EscapedPath()
	if leaves(asked) {
		return !hasPath
	}
	return !hasPath || glob("/"+below, "/"+strings.TrimPrefix(asked, "/"))
}

// maxEscapes bounds how often a path is decoded: servers decode once, some twice.
const maxEscapes = 4

// leaves reports whether some server could take a path for one that leaves a folder: with
// dots, as they are or escaped, more than once too, behind a slash or a backslash, before
// a parameter (;), in overlong UTF-8; or for one that ends early, at a NUL.
func leaves(path string) bool {
	for range maxEscapes {
		if dots(path) {
			return true
		}
		plain := decode(path)
		if plain == path {
			return false
		}
		path = plain
	}
	return true
}

// decode undoes escapes as lenient servers do, which leave alone what is none.
func decode(path string) string {
	out := make([]byte, 0, len(path))
	for i := 0; i < len(path); i++ {
		if path[i] == '%' && i+2 < len(path) {
			if n, err := strconv.ParseUint(path[i+1:i+3], 16, 8); err == nil {
				out = append(out, byte(n))
				i += 2
				continue
			}
		}
		out = append(out, path[i])
	}
	return string(out)
}

// dots looks at what is there, decoding nothing. Bytes 0xc0 and 0xc1 are in no UTF-8 but
// the overlong.
func dots(path string) bool {
	if strings.ContainsAny(path, "\x00") || strings.IndexByte(path, 0xc0) >= 0 || strings.IndexByte(path, 0xc1) >= 0 {
		return true
	}
	for part := range strings.FieldsFuncSeq(path, func(r rune) bool { return r == '/' || r == '\\' }) {
		if name, _, _ := strings.Cut(part, ";"); name == ".." {
			return true
		}
	}
	return false
}

// withPort adds the scheme's port to a host that has none.
func withPort(host, scheme string) string {
	if i := strings.LastIndexByte(host, ':'); i >= 0 && !strings.HasSuffix(host, "]") {
		return host
	}
	if scheme == "https" {
		return host + ":443"
	}
	return host + ":80"
}

// slashes are what a server may take for one.
var slashes = regexp.MustCompile(`(?i)[/\\]|%(?:25)*(?:2f|5c)`)

// slash tells of each byte of s whether it is part of a slash.
func slash(s string) []bool {
	out := make([]bool, len(s))
	for _, at := range slashes.FindAllStringIndex(s, -1) {
		for i := at[0]; i < at[1]; i++ {
			out[i] = true
		}
	}
	return out
}

// glob goes through s once, with all places of the pattern that it can be at: its time is
// bounded by the product of the lengths.
func glob(pattern, s string) bool {
	// reach[i]: pattern[:i] matches what was read of s.
	type token struct {
		any, deep bool
		c         byte
	}
	var tokens []token
	for i := 0; i < len(pattern); i++ {
		if pattern[i] != '*' {
			tokens = append(tokens, token{c: pattern[i]})
			continue
		}
		deep := i+1 < len(pattern) && pattern[i+1] == '*'
		if deep {
			i++
		}
		tokens = append(tokens, token{any: true, deep: deep})
	}
	reach := make([]bool, len(tokens)+1)
	reach[0] = true
	skip := func() {
		for i, t := range tokens {
			if t.any && reach[i] {
				reach[i+1] = true
			}
		}
	}
	skip()
	parts := slash(s)
	for i := 0; i < len(s); i++ {
		next := make([]bool, len(tokens)+1)
		for k, t := range tokens {
			switch {
			case t.any && (t.deep || !parts[i]):
				next[k+1] = next[k+1] || reach[k] || reach[k+1]
			case !t.any && t.c == s[i]:
				next[k+1] = next[k+1] || reach[k]
			}
		}
		reach = next
		skip()
	}
	return reach[len(tokens)]
}
