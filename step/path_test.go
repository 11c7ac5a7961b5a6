package step_test

import (
	"encoding/json"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/sworn-build/sworn/step"
)

func TestPathEncodesAnyBytes(t *testing.T) {
	for _, tt := range []struct{ raw, text string }{
		{"", ""},
		{"/etc/passwd", "/etc/passwd"},
		{"/tmp/ä b\n", "/tmp/ä b\n"},
		{`/a\b`, `/a\\b`},
		{"/\xff\xfe", `/\xff\xfe`},
		{"/ä\xc3", `/ä\xc3`},
		{`/\xff`, `/\\xff`},
		{"/\ufffd", "/\ufffd"},
	} {
		got, err := step.Path(tt.raw).MarshalText()
		if err != nil {
			t.Fatalf("%q: %v", tt.raw, err)
		}
		if diff := cmp.Diff(tt.text, string(got)); diff != "" {
			t.Errorf("encode %q (-want +got):\n%s", tt.raw, diff)
		}
		var back step.Path
		if err := back.UnmarshalText(got); err != nil {
			t.Fatalf("%q: %v", tt.raw, err)
		}
		if diff := cmp.Diff(tt.raw, string(back)); diff != "" {
			t.Errorf("decode %q (-want +got):\n%s", tt.text, diff)
		}
	}
}

func TestPathRefusesBadEscapes(t *testing.T) {
	for _, s := range []string{`\`, `\x`, `\x1`, `\xg0`, `\x0g`, `\n`, `/a\`, `\X00`, `\xFF`} {
		var p step.Path
		if err := p.UnmarshalText([]byte(s)); err == nil {
			t.Errorf("%s: decoded as %q, want an error", s, p)
		}
	}
}

func FuzzPath(f *testing.F) {
	for _, s := range []string{"", "/usr/bin/gcc", `/a\b`, "/\xff", "/\xc3\x28", `\x41`, "/\u2028"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		text, err := step.Path(b).MarshalText()
		if err != nil || !utf8.Valid(text) {
			t.Fatalf("%q: %q, %v", b, text, err)
		}
		// Through JSON, as it travels.
		j, err := json.Marshal(step.Path(b))
		if err != nil {
			t.Fatal(err)
		}
		var back step.Path
		if err := json.Unmarshal(j, &back); err != nil || string(back) != string(b) {
			t.Fatalf("%q came back as %q, %v", b, back, err)
		}
		var p step.Path
		if p.UnmarshalText(b) == nil && utf8.Valid(b) {
			if _, err := p.MarshalText(); err != nil {
				t.Fatal(err)
			}
		}
	})
}
