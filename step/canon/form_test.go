package canon_test

import (
	"encoding/json"
	"math"
	"reflect"
	"strings"
	"testing"
	"testing/quick"

	"github.com/google/go-cmp/cmp"

	"github.com/sworn-build/sworn/step"
	"github.com/sworn-build/sworn/step/canon"
)

// all has a field of each kind.
type all struct {
	Text    string            `json:"text"`
	Note    string            `json:"note,omitempty"`
	Path    step.Path         `json:"path"`
	Target  step.Path         `json:"target,omitempty"`
	Size    int64             `json:"size"`
	Count   int               `json:"count,omitempty"`
	UID     uint32            `json:"uid"`
	Is      bool              `json:"is"`
	May     bool              `json:"may,omitempty"`
	Value   map[string]string `json:"value"`
	Paths   []step.Path       `json:"paths"`
	Nested  []all             `json:"nested"`
	Pointer *string           `json:"pointer,omitempty"`
}

func allForm(f *canon.Form, a *all) {
	f.Text(`{"text":`, &a.Text)
	f.OptText(`,"note":`, &a.Note)
	f.Path(`,"path":`, &a.Path)
	f.OptPath(`,"target":`, &a.Target)
	canon.Int(f, `,"size":`, &a.Size)
	canon.OptInt(f, `,"count":`, &a.Count)
	canon.Int(f, `,"uid":`, &a.UID)
	f.Bool(`,"is":`, &a.Is)
	f.OptTrue(`,"may":`, &a.May)
	f.Value(`,"value":`, &a.Value)
	canon.Paths(f, `,"paths":`, &a.Paths)
	canon.List(f, `,"nested":`, &a.Nested, allForm)
	if f.Has(`,"pointer":`, a.Pointer != nil) {
		if f.Reads() {
			a.Pointer = new(string)
		}
		f.Text("", a.Pointer)
	}
	f.Literal("}")
}

func write(t *testing.T, a all) string {
	t.Helper()
	f := canon.NewWriter(nil)
	allForm(f, &a)
	b, err := f.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func read(text string) (all, error) {
	var a all
	f := canon.NewReader([]byte(text))
	allForm(f, &a)
	return a, f.End()
}

// odd are strings that a writer treats in different ways.
func odd() []string {
	return []string{"", "plain", `"\`, "<a&b>", "\x00\b\f\n\r\t\x1f\x7f", "ä\u2027\u2028\u2029\u202a", "a\xffb\xc3", "\ufffd", "\U0001f600", `\u0041\ufffd`}
}

func TestWritesWhatEncodingJSONWritesAndReadsItBack(t *testing.T) {
	check := func(a all) bool {
		want, err := json.Marshal(a)
		if err != nil {
			t.Fatal(err)
		}
		got := write(t, a)
		if diff := cmp.Diff(string(want), got); diff != "" {
			t.Errorf("written (-want +got):\n%s", diff)
		}
		var back all
		if err := json.Unmarshal(want, &back); err != nil {
			t.Fatal(err)
		}
		again, err := read(got)
		if diff := cmp.Diff(back, again); err != nil || diff != "" {
			t.Errorf("%v, read (-want +got):\n%s", err, diff)
		}
		return !t.Failed()
	}
	for _, s := range odd() {
		check(all{Text: s, Note: s, Path: step.Path(s), Target: step.Path(s), Value: map[string]string{s: s}, Paths: []step.Path{step.Path(s), ""}, Pointer: &s})
	}
	for _, n := range []int64{0, 1, -1, math.MaxInt64, math.MinInt64} {
		check(all{Size: n, Count: int(n), UID: uint32(n)})
	}
	if err := quick.Check(check, nil); err != nil {
		t.Error(err)
	}
}

func TestWritersChangeNothing(t *testing.T) {
	a := all{Text: "a", Paths: []step.Path{`/\`}, Value: map[string]string{"a": "b"}, Nested: []all{{}}}
	was := a
	write(t, a)
	if !reflect.DeepEqual(a, was) {
		t.Errorf("%+v became %+v", was, a)
	}
}

func TestReadersRefuse(t *testing.T) {
	good := write(t, all{Text: "t", Size: 5, Path: "/a", Paths: []step.Path{"/b"}, Nested: []all{{}}})
	for _, c := range []struct{ name, old, new, want string }{
		{"another field", `"text"`, `"texts"`, `byte 0: "{\"texts\":\"t\",`},
		{"another case", `"text"`, `"Text"`, "byte 0: "},
		{"a field too many", `,"is"`, `,"x":1,"is"`, `want ",\"is\":"`},
		{"a field twice", `"text":"t"`, `"text":"t","text":"t"`, "byte 11: "},
		{"a field too few", `,"size":5`, ``, `want ",\"size\":"`},
		{"space", `"size":5`, `"size": 5`, `"" is no number`},
		{"null", `"t"`, `null`, `want "\""`},
		{"control character", `"t"`, "\"\n\"", "invalid character"},
		{"bad escape", `"t"`, `"\q"`, "invalid character"},
		{"bad path", `"/a"`, `"/a\\q"`, "bad escape"},
		{"leading zero", `"size":5`, `"size":05`, "no number"},
		{"fraction", `"size":5`, `"size":5.0`, `want ",\"uid\":"`},
		{"sign", `"uid":0`, `"uid":-1`, "number -1 is out of range"},
		{"large", `"uid":0`, `"uid":4294967296`, "number 4294967296 is out of range"},
		{"too large", `"size":5`, `"size":9223372036854775808`, "no number"},
		{"text of a number", `"size":5`, `"size":"5"`, "no number"},
		{"no bool", `"is":false`, `"is":0`, `want "false"`},
		{"no list", `"paths":["/b"]`, `"paths":"/b"`, `want "["`},
		{"a comma too many", `"paths":["/b"]`, `"paths":["/b",]`, `want "\""`},
		{"unknown in a value", `"value":null`, `"value":{"a":1}`, "json: "},
		{"no value", `"value":null`, `"value":`, "invalid character"},
	} {
		if _, err := read(strings.Replace(good, c.old, c.new, 1)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %s", c.name, err, c.want)
		}
	}
	for i := range len(good) {
		if a, err := read(good[:i]); err == nil {
			t.Errorf("%s: read as %+v", good[:i], a)
		}
	}
	if _, err := read(good + " "); err == nil || !strings.HasSuffix(err.Error(), "trailing bytes") {
		t.Errorf("trailing bytes: %v", err)
	}
}

func FuzzAppendString(f *testing.F) {
	for _, s := range odd() {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		want, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		if got := canon.AppendString([]byte("x"), s); string(got) != "x"+string(want) {
			t.Errorf("%q: %s, encoding/json writes %s", s, got[1:], want)
		}
	})
}

// FuzzReader compares what is read with what encoding/json reads.
func FuzzReader(f *testing.F) {
	for _, s := range odd() {
		b, err := json.Marshal(all{Text: s, Path: step.Path(s), Paths: []step.Path{step.Path(s)}, Value: map[string]string{s: s}, Nested: []all{{Note: s, UID: 7}}})
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(b))
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, err := read(text)
		if err != nil {
			return
		}
		var want all
		d := json.NewDecoder(strings.NewReader(text))
		d.DisallowUnknownFields()
		if err := d.Decode(&want); err != nil {
			t.Fatalf("encoding/json refuses what was read: %v", err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("encoding/json reads something else (-want +got):\n%s", diff)
		}
	})
}
