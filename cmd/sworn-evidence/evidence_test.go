package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/quick"

	"github.com/google/go-cmp/cmp"
)

// TestEvidenceIsEncodedAsEncodingJSONDoes holds the forms to the types: a field that a
// form leaves out or misplaces is a difference.
func TestEvidenceIsEncodedAsEncodingJSONDoes(t *testing.T) {
	check := func(d described, isTree bool) bool {
		e := evidence{Version: evidenceVersion, Delta: &d}
		if isTree {
			e = evidence{Version: evidenceVersion, Tree: &tree{Digest: map[string]string{"sha256": "x"}, Files: 2, Bytes: 3, Base: &d}}
		}
		want, err := json.Marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		got, err := encodeEvidence(e)
		if diff := cmp.Diff(string(want)+"\n", string(got)); err != nil || diff != "" {
			t.Errorf("%v, encoded (-want +got):\n%s", err, diff)
		}
		return !t.Failed()
	}
	if err := quick.Check(check, nil); err != nil {
		t.Error(err)
	}
}

// ofVersion returns evidence of this version with the fields that follow.
func ofVersion(fields string) string { return fmt.Sprintf(`{"version":%d,`, evidenceVersion) + fields }

func TestDecodeEvidenceRefuses(t *testing.T) {
	entry := func(path string) string { return `{"path":"` + path + `","type":"dir","mode":"0755","uid":0,"gid":0}` }
	delta := func(fields string) string { return ofVersion(`"delta":{"base":`+fields+`}}`) + "\n" }
	lists := func(added, changed, removed string) string {
		return `"added":[` + added + `],"changed":[` + changed + `],"removed":[` + removed + `],"packagesAdded":[],"packagesRemoved":[]`
	}
	const inventory = `,"inventory":{"distro":{},"packages":[]}`
	for _, c := range []struct{ name, text, want string }{
		{"good", delta(`false,` + lists("", "", "")), ""},
		{"good base", delta(`true,` + lists(entry("/a")+","+entry("/b"), "", "") + inventory), ""},
		{"nothing", "", "unexpected EOF"},
		{"another version", `{"version":0,"delta":null}`, "version 0, want "},
		{"neither", fmt.Sprintf(`{"version":%d}`, evidenceVersion), "want either a delta or a tree"},
		{"an unknown field", delta(`false,"x":1,` + lists("", "", "")), `byte 35: ",\"x\":1,`},
		{"an unknown field of a file", delta(`false,` + lists(strings.Replace(entry("/a"), "}", `,"x":1}`, 1), "", "")), `",\"x\":1}]`},
		{"a field twice", delta(`false,"base":false,` + lists("", "", "")), "byte 35: "},
		{"trailing bytes", delta(`false,`+lists("", "", "")) + "{}", "trailing bytes"},
		{"added not sorted", delta(`false,` + lists(entry("/b")+","+entry("/a"), "", "")), "a list that is not sorted"},
		{"changed not sorted", delta(`false,` + lists("", entry("/b")+","+entry("/a"), "")), "a list that is not sorted"},
		{"removed not sorted", delta(`false,` + lists("", "", `"/b","/a"`)), "a list that is not sorted"},
		{"a base without an inventory", delta(`true,` + lists(entry("/a"), "", "")), "a base with changes or without an inventory"},
		{"a base with changes", delta(`true,` + lists("", entry("/a"), "") + inventory), "a base with changes or without an inventory"},
		{"a tree without a digest", ofVersion(`"tree":{"digest":{},"files":0,"bytes":0,"base":{"base":true,` + lists("", "", "") + inventory + `}}}`), "tree without a digest or contents"},
	} {
		_, err := decodeEvidence([]byte(c.text))
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.HasPrefix(err.Error(), "decode evidence: ") || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: got %v, want %s", c.name, err, c.want)
		}
	}
}

// FuzzDecodeEvidence compares what is decoded with what encoding/json decodes.
func FuzzDecodeEvidence(f *testing.F) {
	seeds, err := filepath.Glob("testdata/evidence-*.json")
	if err != nil || len(seeds) == 0 {
		f.Fatalf("no seeds: %v", err)
	}
	for _, s := range seeds {
		b, err := os.ReadFile(s)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		e, err := decodeEvidence(b)
		if err != nil {
			return
		}
		var want evidence
		d := json.NewDecoder(bytes.NewReader(b))
		d.DisallowUnknownFields()
		if err := d.Decode(&want); err != nil {
			t.Fatalf("encoding/json refuses what was decoded: %v", err)
		}
		if _, err := d.Token(); !errors.Is(err, io.EOF) {
			t.Fatalf("encoding/json finds more than was decoded: %v", err)
		}
		if diff := cmp.Diff(want, e); diff != "" {
			t.Errorf("encoding/json decodes something else (-want +got):\n%s", diff)
		}
		again, err := encodeEvidence(e)
		if err != nil {
			t.Fatal(err)
		}
		back, err := decodeEvidence(again)
		if diff := cmp.Diff(e, back); err != nil || diff != "" {
			t.Errorf("%v, decoded after it was encoded (-want +got):\n%s", err, diff)
		}
	})
}
