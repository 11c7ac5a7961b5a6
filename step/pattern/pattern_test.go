package pattern_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/sworn-build/sworn/step/pattern"
)

func TestPatternsOfURLs(t *testing.T) {
	for _, c := range []struct {
		pattern string
		yes, no []string
	}{
		{"h.test", []string{"http://h.test/", "https://h.test/a/b?c"}, []string{"http://h.test:8080/", "http://a.h.test/", "https://h.test.evil.test/"}},
		{"https://h.test/a/**", []string{"https://h.test/a/", "https://h.test/a/b/c?d=/e", "https://h.test:443/a/b"}, []string{"http://h.test/a/b", "https://h.test/ab", "https://h.test/a/../b", "https://h.test/a/%2e%2e/b", "https://h.test/b?/a/"}},
		{"https://*.h.test/*.tgz", []string{"https://x.h.test/y.tgz"}, []string{"https://h.test/y.tgz", "https://x.h.test/d/y.tgz", "https://x.h.test/y.tgz.asc"}},
		{"http://127.0.0.1:80/x", []string{"http://127.0.0.1/x"}, []string{"http://127.0.0.1/", "http://127.0.0.1/x/"}},
		{"http://h.test/a**b", []string{"http://h.test/a/x/b", "http://h.test/ab"}, []string{"http://h.test/a/x"}},
		{"HTTPS://H.test/X", []string{"https://h.TEST/X"}, []string{"https://h.test/x"}},
		{"https://h.test/a..b/c", []string{"https://h.test/a..b/c"}, nil},
	} {
		for i, urls := range [][]string{c.yes, c.no} {
			for _, s := range urls {
				u, err := url.Parse(s)
				if err != nil {
					t.Fatal(err)
				}
				if got := pattern.MatchURL([]string{c.pattern}, u); got != (i == 0) {
					t.Errorf("%s %s: %t", c.pattern, s, got)
				}
			}
		}
	}
}

// What a server may take for another path is not let through by a pattern for a folder.
func TestPatternsAreNotPassedByOtherSpellings(t *testing.T) {
	for _, c := range []struct {
		path string
		deep bool // matches /a/**
		one  bool // matches /a/*
	}{
		{"/a/b", true, true},
		{"/a/b/c", true, false},
		{"/a/..b/c..", true, false},
		{"/a/...", true, true},
		{"/a/b%2fc", true, false},
		{"/a/b%252Fc", true, false},
		{"/a/b%5cc", true, false},
		{`/a/b\c`, true, false},
		{"/a/100%25", true, true},
		{"/a/caf%e9", true, true},
		{"/a/../b", false, false},
		{"/a/%2e%2e/b", false, false},
		{"/a/.%2E/b", false, false},
		{"/a/%2e%2e%2fb", false, false},
		{"/a/%252e%252e/b", false, false},
		{"/a/%25252e%25252e%25252fb", false, false},
		{"/a/%2525252525252e.", false, false},
		{`/a/\..\b`, false, false},
		{"/a/x%5c..%5cb", false, false},
		{"/a/x%255c..%255cb", false, false},
		{"/a/..;x=1/b", false, false},
		{"/a/%2e%2e%3bx/b", false, false},
		{"/a/%c0%ae%c0%ae/b", false, false},
		{"/a/b%00.tgz", false, false},
		{"/a/..", false, false},
		{"/a/%25zz", true, true},
		{"/a/%25zz%252e./b", true, false},
		{"/a/%25zz/%252e./b", false, false},
	} {
		u, err := url.Parse("https://h.test" + c.path)
		if err != nil {
			t.Fatal(err)
		}
		for p, want := range map[string]bool{"https://h.test/a/**": c.deep, "h.test/a/*": c.one, "https://h.test": true} {
			if got := pattern.MatchURL([]string{p}, u); got != want {
				t.Errorf("%s %s: %t, want %t", p, c.path, got, want)
			}
		}
	}
}

func TestPatternsOfNames(t *testing.T) {
	for _, c := range []struct {
		pattern string
		yes, no []string
	}{
		{"GPL-*", []string{"GPL-2.0-only", "GPL-"}, []string{"LGPL-2.0-only", "GPL", "gpl-2.0"}},
		{"/usr/bin/*", []string{"/usr/bin/sudo"}, []string{"/usr/bin", "/usr/bin/a/b"}},
		{"/opt/**", []string{"/opt/a/b", "/opt/\xff\n"}, []string{"/opt", "/srv/opt/a"}},
		{"sudo", []string{"sudo"}, []string{"sudo2", "", "/sudo"}},
	} {
		for i, names := range [][]string{c.yes, c.no} {
			for _, s := range names {
				if got := pattern.Match([]string{"x", c.pattern}, s); got != (i == 0) {
					t.Errorf("%s %q: %t", c.pattern, s, got)
				}
			}
		}
	}
	if pattern.Match(nil, "x") || pattern.MatchURL(nil, &url.URL{}) {
		t.Error("no pattern matches something")
	}
}

// A pattern is tried in time that its length bounds: stars do not multiply.
func TestManyStarsTakeNoTime(t *testing.T) {
	if pattern.Match([]string{strings.Repeat("**a", 2000) + "b"}, strings.Repeat("a", 2000)) {
		t.Error("matches")
	}
}

func FuzzMatch(f *testing.F) {
	f.Add("https://h.test/a/**", "https://h.test/a/b")
	f.Add("**a*b**", "xxaybzz")
	match := func(p, s string) bool { return pattern.Match([]string{p}, s) }
	f.Fuzz(func(t *testing.T, p, s string) {
		if len(p) > 64 || len(s) > 256 {
			return
		}
		if !strings.Contains(p, "*") && match(p, s) != (p == s) {
			t.Errorf("%q %q", p, s)
		}
		if !match("**", s) || !match(strings.ReplaceAll(s, "*", "**"), s) {
			t.Errorf("%q does not match itself", s)
		}
	})
}
