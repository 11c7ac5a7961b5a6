package netrecord

import (
	"net/url"
	"strings"
	"testing"
)

func TestSecretsAreNotInURLs(t *testing.T) {
	for in, want := range map[string]string{
		"https://u:p@h.test/a?b=c#frag":                                                  "https://h.test/a?b=c",
		"https://h.test/?token=x&TOKEN=y&acces%73_token=z":                               "https://h.test/?token=REDACTED&TOKEN=REDACTED&acces%73_token=REDACTED",
		"https://h.test/?X-Amz-Credential=x&X-Amz-Date=1":                                "https://h.test/?X-Amz-Credential=REDACTED&X-Amz-Date=1",
		"https://h.test/?sig=x;se=1":                                                     "https://h.test/?sig=REDACTED;se=1",
		"https://h.test/?key":                                                            "https://h.test/?REDACTED",
		"https://h.test/?eyJhbGciOi.t0k3n":                                               "https://h.test/?REDACTED",
		"https://h.test/?a=1&t0ps3cret;b=2;":                                             "https://h.test/?a=1&REDACTED;b=2;",
		"https://h.test/?dDBwczNjcmV0Cg==":                                               "https://h.test/?REDACTED",
		"https://h.test/?dDBwczNjcmV0Cgo=":                                               "https://h.test/?REDACTED",
		"https://h.test/?=t0ps3cret&&q=":                                                 "https://h.test/?REDACTED&&q=",
		"https://h.test/?pass=x&HMAC=x&otp=x&code=x&user_code=x&p%61ss=x":                "https://h.test/?pass=REDACTED&HMAC=REDACTED&otp=REDACTED&code=REDACTED&user_code=REDACTED&p%61ss=REDACTED",
		"https://h.test/?barcode=1&footprint=2&pinned=3&machine=4":                       "https://h.test/?barcode=1&footprint=2&pinned=3&machine=4",
		"https://h.test/?password=":                                                      "https://h.test/?password=",
		"https://h.test/@scope%2fname":                                                   "https://h.test/@scope%2fname",
		"https://h.test/" + strings.Repeat("a", 3) + "?q=" + strings.Repeat("b", maxURL): "https://h.test/aaa?REDACTED",
	} {
		u, err := url.Parse(in)
		if err != nil {
			t.Fatal(err)
		}
		if got := redact(u); got != want {
			t.Errorf("%.80s: %s, want %s", in, got, want)
		}
	}
}

func TestPatterns(t *testing.T) {
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
				if got := allowed([]string{c.pattern}, u); got != (i == 0) {
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
		for pattern, want := range map[string]bool{"https://h.test/a/**": c.deep, "h.test/a/*": c.one, "https://h.test": true} {
			if got := allowed([]string{pattern}, u); got != want {
				t.Errorf("%s %s: %t, want %t", pattern, c.path, got, want)
			}
		}
	}
	// The line to add is one that lets the same URL through.
	u, err := url.Parse("https://h.test/@scope%2fname")
	if err != nil || !allowed([]string{redact(u)}, u) {
		t.Errorf("%s does not match itself (%v)", redact(u), err)
	}
}

func FuzzRedact(f *testing.F) {
	for _, s := range []string{"https://u:t0ps3cret@h.test/a?token=t0ps3cret&x=1", "http://h.test/?a=b;key=t0ps3cret", "https://deb.example.test/pool/main/c/curl/curl_7.88.1-10_amd64.deb"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		u, err := url.Parse(s)
		if err != nil {
			return
		}
		got := redact(u)
		if len(got) > maxURL+len(hidden)+1 {
			t.Errorf("%d bytes", len(got))
		}
		if again, err := url.Parse(got); err == nil && again.User != nil {
			t.Errorf("%q has credentials", got)
		}
		if u.User == nil {
			return
		}
		if p, ok := u.User.Password(); ok && len(p) > 8 && !strings.Contains(u.Host+u.EscapedPath()+u.RawQuery, p) && strings.Contains(got, p) {
			t.Errorf("%q has the password", got)
		}
	})
}

func FuzzGlob(f *testing.F) {
	f.Add("https://h.test/a/**", "https://h.test/a/b")
	f.Add("**a*b**", "xxaybzz")
	f.Fuzz(func(t *testing.T, pattern, s string) {
		if len(pattern) > 64 || len(s) > 256 {
			return
		}
		if !strings.Contains(pattern, "*") && glob(pattern, s) != (pattern == s) {
			t.Errorf("%q %q", pattern, s)
		}
		if !glob("**", s) || !glob(strings.ReplaceAll(s, "*", "**"), s) {
			t.Errorf("%q does not match itself", s)
		}
	})
}
