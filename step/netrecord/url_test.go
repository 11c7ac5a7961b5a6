package netrecord

import (
	"net/url"
	"strings"
	"testing"

	"github.com/sworn-build/sworn/step/pattern"
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

// The line to add is one that lets the same URL through.
func TestRecordedURLsArePatternsOfThemselves(t *testing.T) {
	u, err := url.Parse("https://h.test/@scope%2fname")
	if err != nil || !pattern.MatchURL([]string{redact(u)}, u) {
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
