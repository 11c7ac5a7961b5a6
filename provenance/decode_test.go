package provenance_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sworn-build/sworn/provenance"
)

func TestDecodeAfterEncodeIsTheIdentity(t *testing.T) {
	c, err := provenance.DecodeContents(golden(t, "sworn-contents.json"))
	if err != nil {
		t.Fatal(err)
	}
	b, err := provenance.EncodeContents(c)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(golden(t, "sworn-contents.json")), string(b)); diff != "" {
		t.Errorf("contents (-want +got):\n%s", diff)
	}
	s, err := provenance.DecodeSteps(golden(t, "sworn-steps.json"))
	if err != nil {
		t.Fatal(err)
	}
	if b, err = provenance.EncodeSteps(s); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(golden(t, "sworn-steps.json")), string(b)); diff != "" {
		t.Errorf("steps (-want +got):\n%s", diff)
	}
}

// edit decodes JSON loosely, changes it and encodes it again.
func edit(t *testing.T, b []byte, change func(map[string]any)) []byte {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	var v map[string]any
	if err := d.Decode(&v); err != nil {
		t.Fatal(err)
	}
	change(v)
	out, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func at(v map[string]any, list string, i int) map[string]any {
	return v[list].([]any)[i].(map[string]any)
}

func TestDecodeContentsRefusesTampering(t *testing.T) {
	set := func(i int, key string, to any) func(map[string]any) {
		return func(v map[string]any) { at(v, "files", i)[key] = to }
	}
	// Entry 0 is /app, 1 a symlink, 2 a file, 4 /bin with package 1.
	for _, c := range []struct {
		name   string
		change func(map[string]any)
		want   string
	}{
		{"platform", func(v map[string]any) { v["platform"] = "" }, "no platform"},
		{"no files", func(v map[string]any) { delete(v, "files") }, "files or packages missing"},
		{"unknown field", func(v map[string]any) { v["x"] = 1 }, `unknown field "x"`},
		{"mode", set(2, "mode", "0777"), "digest is "},
		{"bad mode", set(2, "mode", "0888"), `mode "0888"`},
		{"uid", set(2, "uid", 5), "digest is "},
		{"size", set(2, "size", 4), "digest is "},
		{"negative size", set(2, "size", -1), "size -1"},
		{"file digest", set(2, "digest", map[string]any{"sha256": strings.Repeat("0", 64)}), "digest is "},
		{"short digest", set(2, "digest", map[string]any{"sha256": "00"}), "want one sha256"},
		{"no digest", set(2, "digest", map[string]any{}), "want one sha256"},
		{"a folder's digest", set(0, "digest", map[string]any{}), "a dir with size, digest or capability"},
		{"another algorithm", set(2, "digest", map[string]any{"md5": strings.Repeat("0", 64)}), `unknown field "md5"`},
		{"target", set(1, "target", "other"), "digest is "},
		{"no target", set(1, "target", ""), "a symlink with target"},
		{"type", set(2, "type", "dir"), "a dir with size, digest or capability"},
		{"unknown type", set(2, "type", "door"), `type "door"`},
		{"device", set(0, "device", "1:2"), "a dir with device"},
		{"capability", set(2, "capability", "0"), `capability "0"`},
		{"capability added", set(2, "capability", "00"), "digest is "},
		{"path", set(2, "path", "/app/b"), "digest is "},
		{"path with ..", set(2, "path", "/app/../b"), "not an absolute clean path"},
		{"relative path", set(0, "path", "app"), "not an absolute clean path"},
		{"order", set(0, "path", "/zzz"), "not sorted or twice"},
		{"folder", func(v map[string]any) { v["files"] = v["files"].([]any)[1:] }, "its folder is not listed"},
		{"removed entry", func(v map[string]any) { l := v["files"].([]any); v["files"] = l[:len(l)-1] }, "files counted of class"},
		{"package index", set(4, "package", 9), "package 9 of 2"},
		{"negative package", set(4, "package", -1), "package -1 of 2"},
		{"packages unsorted", func(v map[string]any) { l := v["packages"].([]any); l[0], l[1] = l[1], l[0] }, "packages: "},
		{"step", set(2, "step", ""), "no step"},
		{"another step", set(2, "step", "step1"), "Merkle root is "},
		{"another package", set(4, "package", 0), "Merkle root is "},
		{"another origin", func(v map[string]any) { at(v, "files", 2)["origin"], at(v, "files", 3)["origin"] = 0, 1 }, "files counted of class"},
		{"origin index", set(2, "origin", 9), "origin 9 of "},
		{"negative origin", set(2, "origin", -1), "origin -1 of "},
		{"another original path", set(2, "originPath", "/x"), "Merkle root is "},
		{"an original path that is none", set(2, "originPath", "x"), `origin "x": not an absolute clean path`},
		{"no origins", func(v map[string]any) { delete(v, "origins") }, "origins: missing"},
		{"origins unsorted", func(v map[string]any) { l := v["origins"].([]any); l[0], l[1] = l[1], l[0] }, "number 1: not sorted or twice"},
		{"another class", func(v map[string]any) { at(v, "origins", 0)["class"] = "magic" }, `class "magic"`},
		{"a stage's class of no stage", func(v map[string]any) { at(v, "origins", 0)["of"] = "step" }, `of class "step"`},
		{"a reason for nothing", func(v map[string]any) { at(v, "origins", 0)["reason"] = "x" }, `for reason "x"`},
		{"an origin from nowhere", func(v map[string]any) { at(v, "origins", 0)["from"] = "" }, "of no step or material"},
		{"another origin's step", func(v map[string]any) { at(v, "origins", 0)["from"] = "step0" }, "Merkle root is "},
		{"fewer unexplained", func(v map[string]any) { v["originCounts"].(map[string]any)["unexplained"] = 7 }, `7 files counted of class "unexplained", there are 2`},
		{"a class not counted", func(v map[string]any) { delete(v["originCounts"].(map[string]any), "unexplained") }, "8 classes counted, want all 9"},
		{"a class too many", func(v map[string]any) { v["originCounts"].(map[string]any)["magic"] = 0 }, `of class "magic"`},
		{"Merkle root", func(v map[string]any) { v["merkleRoot"] = map[string]any{"sha256": strings.Repeat("0", 64)} }, "Merkle root is 0000"},
		{"bad escape", set(2, "path", `/a\q`), "bad escape"},
		{"digest", func(v map[string]any) { v["digest"] = map[string]any{"sha256": strings.Repeat("0", 64)} }, "digest is 0000"},
	} {
		_, err := provenance.DecodeContents(edit(t, golden(t, "sworn-contents.json"), c.change))
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), "decode contents: ") {
			t.Errorf("%s: got %v, want %s", c.name, err, c.want)
		}
	}
	if _, err := provenance.DecodeContents(append(golden(t, "sworn-contents.json"), "{}"...)); err == nil || err.Error() != "decode contents: trailing bytes" {
		t.Errorf("trailing bytes: %v", err)
	}
	if _, err := provenance.DecodeContents(make([]byte, provenance.MaxPredicate+1)); err == nil || !strings.Contains(err.Error(), "more than") {
		t.Errorf("too large: %v", err)
	}
}

func TestDecodeStepsRefusesTampering(t *testing.T) {
	step := func(i int, key string, to any) func(map[string]any) {
		return func(v map[string]any) { at(v, "steps", i)[key] = to }
	}
	in := func(key string, to any) func(map[string]any) {
		return func(v map[string]any) { at(v, "steps", 0)["inputs"].(map[string]any)[key] = to }
	}
	network := func(key string, to any) func(map[string]any) {
		return func(v map[string]any) { at(v, "steps", 0)["network"].(map[string]any)[key] = to }
	}
	outputs := func(v map[string]any) map[string]any { return at(v, "steps", 0)["outputs"].(map[string]any) }
	for _, c := range []struct {
		name   string
		change func(map[string]any)
		want   string
	}{
		{"platform", func(v map[string]any) { v["platform"] = "" }, "missing"},
		{"unknown field", step(0, "x", 1), `unknown field "x"`},
		{"image", func(v map[string]any) { v["image"] = "step9" }, `image "step9" is no step or material`},
		{"parent", step(0, "parent", "step2"), `"step2", which is not made before it`},
		{"reads", step(1, "reads", []string{"source2", "source1"}), "reads: "},
		{"id", step(1, "id", "step1"), "one that is taken"},
		{"material id", func(v map[string]any) { at(v, "materials", 1)["id"] = "source1" }, "one that is taken"},
		{"material uri", func(v map[string]any) { at(v, "materials", 1)["uri"] = "" }, "no kind or no uri"},
		{"kind", step(1, "kind", ""), "no kind"},
		{"mode", in("mode", "strace"), `mode "strace"`},
		{"complete", in("mode", "off"), "mode off cannot be complete"},
		{"input order", func(v map[string]any) {
			l := at(v, "steps", 0)["inputs"].(map[string]any)["files"].([]any)
			l[0], l[1] = l[1], l[0]
		}, "not sorted or twice"},
		{"input digest", func(v map[string]any) {
			delete(at(at(v, "steps", 0)["inputs"].(map[string]any), "files", 0), "digest")
		}, "no digest and no reason"},
		{"package count", func(v map[string]any) {
			at(at(v, "steps", 0)["inputs"].(map[string]any), "packages", 0)["files"] = 0
		}, "without files"},
		{"output mode", func(v map[string]any) { at(outputs(v), "added", 1)["mode"] = "0777" }, "digest is "},
		{"output dropped", func(v map[string]any) { outputs(v)["removed"] = []string{} }, "digest is "},
		{"output moved", func(v map[string]any) {
			o := outputs(v)
			o["added"], o["changed"] = o["changed"], o["added"]
		}, "digest is "},
		{"omitted and listed", func(v map[string]any) {
			outputs(v)["omitted"] = map[string]int{"added": 1, "changed": 0, "removed": 0}
		}, "lists that are omitted and not empty"},
		{"digest gone", func(v map[string]any) { outputs(v)["digest"] = map[string]string{} }, "files or packages without a digest"},
		{"list gone", func(v map[string]any) { outputs(v)["added"] = nil }, "digest or a list missing"},
		{"network mode", network("mode", "some"), `network mode "some"`},
		{"requests without a recorder", network("mode", "none"), "network: "},
		{"requests gone", network("requests", nil), "network without requests"},
		{"requests omitted and listed", network("omittedRequests", 1), "1 requests omitted, 5 listed"},
		{"a reason for a complete network", network("reasons", []string{"x"}), "network complete, but x"},
		{"a download of none", network("downloads", []string{"download2"}), `download "download2" is no material`},
		{"a source as a download", network("downloads", []string{"source1"}), `download "source1" is no material`},
		{"a download twice", network("downloads", []string{"download1", "download1"}), `download "download1" is no material, or twice`},
		{"package order", func(v map[string]any) { outputs(v)["packagesAdded"] = []string{"b", "a"} }, "not sorted"},
	} {
		_, err := provenance.DecodeSteps(edit(t, golden(t, "sworn-steps.json"), c.change))
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), "decode steps: ") {
			t.Errorf("%s: got %v, want %s", c.name, err, c.want)
		}
	}
}

func FuzzDecodeContents(f *testing.F) {
	f.Add(golden(f, "sworn-contents.json"))
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := provenance.DecodeContents(b)
		if err != nil {
			return
		}
		again, err := provenance.EncodeContents(c)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := provenance.DecodeContents(again); err != nil {
			t.Errorf("decode after encode: %v", err)
		}
	})
}

func FuzzDecodeSteps(f *testing.F) {
	f.Add(golden(f, "sworn-steps.json"))
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := provenance.DecodeSteps(b)
		if err != nil {
			return
		}
		again, err := provenance.EncodeSteps(s)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := provenance.DecodeSteps(again); err != nil {
			t.Errorf("decode after encode: %v", err)
		}
	})
}
