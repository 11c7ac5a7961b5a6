package netrecord

import (
	"net/url"
	"path"
	"strings"
)

// allowed reports whether one of the patterns matches a URL; without patterns all do.
//
// A pattern is [SCHEME://]HOST[:PORT][/PATH]. In host and path, * stands for anything
// but a slash, ** for anything. Without a scheme it is for http and https, without a
// path for all paths, without a port for the scheme's own. The query is not looked at.
func allowed(patterns []string, u *url.URL) bool {
	if len(patterns) == 0 {
		return true
	}
	for _, p := range patterns {
		if matches(p, u) {
			return true
		}
	}
	return false
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
	// A path that leaves a folder by dots must not be taken for one below it.
	asked := u.EscapedPath()
	if plain, err := url.PathUnescape(asked); err != nil || dots(plain) || dots(asked) {
		return !hasPath
	}
	return !hasPath || glob("/"+below, "/"+strings.TrimPrefix(asked, "/"))
}

func dots(p string) bool {
	return path.Clean("/"+p) != strings.TrimSuffix("/"+strings.TrimLeft(p, "/"), "/") && strings.Contains(p, "..")
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
	for i := 0; i < len(s); i++ {
		next := make([]bool, len(tokens)+1)
		for k, t := range tokens {
			switch {
			case t.any && (t.deep || s[i] != '/'):
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
