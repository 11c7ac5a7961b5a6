package main

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sworn-build/sworn/step"
)

// TestJSONIsSafeToPrint: what a terminal would act on is escaped, and every value
// stays what it is.
func TestJSONIsSafeToPrint(t *testing.T) {
	in := []string{"plain ü 漢 <&>", "\x1b[2J\x07", "c1 \u009b2J", "del \x7f", "\u202egnp.exe", "tag \U000e0041", "line\nend"}
	var out bytes.Buffer
	if err := (&cli{stdout: &out}).printJSON(in); err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{"\x1b", "\u009b", "\x7f", "\u202e", "\U000e0041"} {
		if strings.Contains(out.String(), bad) {
			t.Errorf("%q is in %q", bad, out.String())
		}
	}
	if !strings.Contains(out.String(), "plain ü 漢 <&>") {
		t.Errorf("plain text is escaped: %s", out.String())
	}
	var got []string
	if err := json.Unmarshal(out.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(in, got); diff != "" {
		t.Error(diff)
	}
}

func TestListsAreShortened(t *testing.T) {
	long := strings.Repeat("x", 60)
	for _, tt := range []struct {
		in   []string
		want string
	}{
		{nil, ""},
		{[]string{"a", "b"}, "a, b"},
		{[]string{long + long + long}, long + long + long},
		{[]string{long + long + long, "a"}, long + long + long + " + 1 more"},
		{[]string{"a", long, long, "b"}, "a, " + long + " + 2 more"},
	} {
		if got := listText(tt.in); got != tt.want {
			t.Errorf("listText(%q) = %q, want %q", tt.in, got, tt.want)
		}
	}
	for _, tt := range []struct {
		in   []string
		want string
	}{
		{[]string{"a", "b"}, "a, b + 5 more"},
		{[]string{"a", long, long}, "a, " + long + " + 5 more"},
	} {
		if got := listTextOf(tt.in, 7); got != tt.want {
			t.Errorf("listTextOf(%q, 7) = %q, want %q", tt.in, got, tt.want)
		}
	}
	if diff := cmp.Diff([]string{"pkg:deb/debian/tini@0.19", "pkg:x/y@1"}, shortPURLs([]string{"pkg:deb/debian/tini@0.19?arch=amd64&distro=debian-12", "pkg:x/y@1"})); diff != "" {
		t.Error(diff)
	}
}

func TestStageOf(t *testing.T) {
	for name, want := range map[string]string{
		"[build 2/4] RUN make":                     "build",
		"[stage-1 1/1] COPY [a, b] /":              "stage-1",
		"[2/4] RUN make":                           "(only stage)",
		"[linux/amd64 2/4] RUN make":               "(only stage)",
		"[linux/amd64->arm64 build 2/4] RUN make":  "build",
		"[linux/arm/v7 stage-1 10/12] RUN [ 1/1 ]": "stage-1",
		"RUN [build 2/4]":                          "(no stage)",
		"[unfinished":                              "(no stage)",
		"":                                         "(no stage)",
	} {
		if got := stageOf(name); got != want {
			t.Errorf("stageOf(%q) = %q, want %q", name, got, want)
		}
	}
}

func TestLinesText(t *testing.T) {
	for _, tt := range []struct {
		in   []step.Lines
		want string
	}{
		{nil, "no line"},
		{[]step.Lines{{Start: 7, End: 7}}, "line 7"},
		{[]step.Lines{{Start: 3, End: 4}}, "lines 3-4"},
		{[]step.Lines{{Start: 14, End: 14}, {Start: 15, End: 15}, {Start: 16, End: 16}}, "lines 14-16"},
		{[]step.Lines{{Start: 1, End: 2}, {Start: 9, End: 9}}, "lines 1-2, 9"},
	} {
		if got := linesText(tt.in); got != tt.want {
			t.Errorf("linesText(%v) = %q, want %q", tt.in, got, tt.want)
		}
	}
}
