package provenance_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/sworn-build/sworn/provenance"
)

func TestCheckKeys(t *testing.T) {
	for _, tt := range []struct {
		in   string
		fold bool
		want string
	}{
		{in: `{"a":1,"b":{"a":[{"a":"a"},{"a":null}]},"c":["a","a"]}`},
		{in: `{"a":1,"A":2}`},
		{in: `"a"`}, {in: `[1,1]`}, {in: ``},
		{in: `{"a":1,"a":2}`, want: `field "a" twice`},
		{in: `{"a":1,"A":2}`, fold: true, want: `field "A" twice`},
		{in: `{"s":1,"` + "\u017f" + `":2}`, fold: true, want: `field "ſ" twice`},
		{in: `{"k":1,"` + "\u212a" + `":2}`, fold: true, want: `twice`},
		{in: `{"x":[{"a":{},"a":[]}]}`, want: `field "a" twice`},
		{in: `{"a":1,"\u0061":2}`, want: `field "a" twice`},
		{in: `{"a":`, want: `EOF`},
		{in: strings.Repeat("[", 2000), want: "nested deeper than 1000"},
		{in: strings.Repeat(`{"a":`, 2000), want: "nested deeper than 1000"},
	} {
		fold := provenance.FoldKey
		if !tt.fold {
			fold = nil
		}
		err := provenance.CheckKeys([]byte(tt.in), fold)
		if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%.40s: %v, want %q", tt.in, err, tt.want)
		}
	}
}

// TestPredicatesThatNameAFieldTwiceAreRefused: what sworn compares with the layers
// is what every other reader of the predicate sees.
func TestPredicatesThatNameAFieldTwiceAreRefused(t *testing.T) {
	twice := func(b []byte, first string) []byte {
		return append([]byte("{"+first+","), bytes.TrimPrefix(b, []byte("{"))...)
	}
	for _, first := range []string{`"files":[]`, `"Files":[]`, `"pac\u212aages":[]`} {
		if _, err := provenance.DecodeContents(twice(golden(t, "sworn-contents.json"), first)); err == nil || !strings.Contains(err.Error(), "twice") {
			t.Errorf("contents with %s: %v", first, err)
		}
	}
	for _, first := range []string{`"steps":[]`, `"STEPS":[]`} {
		if _, err := provenance.DecodeSteps(twice(golden(t, "sworn-steps.json"), first)); err == nil || !strings.Contains(err.Error(), "twice") {
			t.Errorf("steps with %s: %v", first, err)
		}
	}
}

func FuzzCheckKeys(f *testing.F) {
	f.Add(golden(f, "sworn-steps.json"))
	f.Add([]byte(`{"a":{"b":[1,{"c":null}]},"A":"x"}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		if provenance.CheckKeys(b, provenance.FoldKey) == nil && provenance.CheckKeys(b, nil) != nil {
			t.Error("same names pass when case is ignored")
		}
	})
}
