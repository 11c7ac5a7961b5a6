package main

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// spoken are events of a run in which tests say why and where they end.
const spoken = `{"Action":"output","Test":"TestIntegration/TestCopy/worker=oci/frontend=gateway","Output":"    a_test.go:1: noted\n"}
{"Action":"pass","Test":"TestIntegration/TestCopy/worker=oci/frontend=gateway"}
{"Action":"output","Test":"TestIntegration/TestUser/worker=oci/frontend=gateway","Output":"    a_test.go:2: rest of test requires containerd worker\n"}
{"Action":"output","Test":"TestIntegration/TestUser/worker=oci/frontend=gateway","Output":"--- SKIP: TestIntegration/TestUser/worker=oci/frontend=gateway (0.46s)\n"}
{"Action":"skip","Test":"TestIntegration/TestUser/worker=oci/frontend=gateway"}
{"Action":"output","Test":"TestIntegration/TestMount/worker=oci/frontend=gateway","Output":"    a_test.go:3: noted\n"}
{"Action":"output","Test":"TestIntegration/TestMount/worker=oci/frontend=gateway","Output":"    a_test.go:4: \n"}
{"Action":"output","Test":"TestIntegration/TestMount/worker=oci/frontend=gateway","Output":"        \tError Trace:\t/src/frontend/dockerfile/a_test.go:5\n"}
{"Action":"output","Test":"TestIntegration/TestMount/worker=oci/frontend=gateway","Output":"        \t            \t\t\t\t/src/frontend/dockerfile/a_test.go:4\n"}
{"Action":"output","Test":"TestIntegration/TestMount/worker=oci/frontend=gateway","Output":"    sandbox.go:205: stderr: buildkitd\n"}
{"Action":"fail","Test":"TestIntegration/TestMount/worker=oci/frontend=gateway"}
{"Action":"output","Test":"TestIntegration/TestNet/worker=oci/frontend=gateway/network.host=denied","Output":"    a_test.go:6: no network\n"}
{"Action":"fail","Test":"TestIntegration/TestNet/worker=oci/frontend=gateway/network.host=denied"}
{"Action":"fail","Test":"TestIntegration"}
{"Action":"fail"}
`

func outcomes(t *testing.T, r *record, mode string) map[string]string {
	t.Helper()
	got := map[string]string{}
	for name, o := range r.tests {
		if o, ok := o[mode]; ok {
			got[name] = o.String()
		}
	}
	return got
}

func mustCollect(t *testing.T, events string) *results {
	t.Helper()
	r, err := collect(strings.NewReader(events), new(bytes.Buffer))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestOutcomesSayWhereAndWhy(t *testing.T) {
	r := &record{tests: map[string]map[string]outcome{}}
	if err := r.take(mustCollect(t, spoken), modeAttached, true, false); err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"TestCopy":                    "pass",
		"TestUser":                    "skip: rest of test requires containerd worker",
		"TestMount":                   "fail: a_test.go:5",
		"TestNet/network.host=denied": "fail: a_test.go:6",
	}
	if diff := cmp.Diff(want, outcomes(t, r, modeAttached)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"TestMount", "TestNet"}, new(reasons).unexplained(r, modeAttached)); diff != "" {
		t.Error(diff)
	}
}

func TestASecondRunCountsWhereItPasses(t *testing.T) {
	r := &record{tests: map[string]map[string]outcome{}}
	first := mustCollect(t, spoken)
	const second = `{"Action":"pass","Test":"TestIntegration/TestMount/worker=oci/frontend=gateway"}
{"Action":"fail","Test":"TestIntegration/TestNet/worker=oci/frontend=gateway/network.host=denied"}
{"Action":"fail"}
`
	if err := r.take(mustCollect(t, second), modeAttached, false, true); err == nil {
		t.Error("tests that never ran before: no error")
	}
	for _, run := range []struct {
		r            *results
		whole, again bool
	}{{first, true, false}, {mustCollect(t, second), false, true}} {
		if err := r.take(run.r, modeAttached, run.whole, run.again); err != nil {
			t.Fatal(err)
		}
	}
	want := map[string]string{
		"TestCopy":                    "pass",
		"TestUser":                    "skip: rest of test requires containerd worker",
		"TestMount":                   "pass (run again)",
		"TestNet/network.host=denied": "fail: a_test.go:6",
	}
	if diff := cmp.Diff(want, outcomes(t, r, modeAttached)); diff != "" {
		t.Error(diff)
	}
	if err := r.take(mustCollect(t, second), modeAttached, true, false); err != nil {
		t.Fatal(err)
	}
	if n := len(r.tests); n != 2 {
		t.Errorf("%d tests after a whole run of two", n)
	}
}

// TestARunThatBreaksOffLeavesARest: a panic in one test ends all that run beside it.
// What ended counts, and the others are named.
func TestARunThatBreaksOffLeavesARest(t *testing.T) {
	dir := t.TempDir()
	file, why := filepath.Join(dir, "results.json"), filepath.Join(dir, "reasons.json")
	if err := os.WriteFile(why, []byte(strings.ReplaceAll(because, "TestA", "TestMount")), 0o644); err != nil {
		t.Fatal(err)
	}
	args := []string{"events", "-logs", dir, "-record", file, "-mode", modeAttached, "-suite", "v1", "-whole"}
	if err := command(args, strings.NewReader("{\"Action\":\"pass\"}\n"), new(bytes.Buffer)); err == nil {
		t.Error("a run of nothing: no error")
	}
	if _, err := os.Stat(file); err == nil {
		t.Error("recorded all the same")
	}
	said := func(which string) string {
		t.Helper()
		var out bytes.Buffer
		if err := command([]string{which, "-results", file, "-reasons", why, "-mode", modeAttached}, nil, &out); err != nil {
			t.Fatal(err)
		}
		return out.String()
	}
	broken := strings.Replace(spoken, "{\"Action\":\"pass\",\"Test\":\"TestIntegration/TestCopy/worker=oci/frontend=gateway\"}\n", "", 1)
	broken = strings.TrimSuffix(broken, "{\"Action\":\"fail\"}\n")
	for _, c := range []struct {
		events, rest string
		args         []string
	}{
		{broken, "TestCopy\n", args},
		{spoken, "", args[:len(args)-1]},
	} {
		if err := command(c.args, strings.NewReader(c.events), new(bytes.Buffer)); err != nil {
			t.Fatal(err)
		}
		if got := said("rest"); got != c.rest {
			t.Errorf("rest %q, want %q", got, c.rest)
		}
		if got := said("failed"); got != "TestMount\nTestNet\n" {
			t.Errorf("failed tests %q", got)
		}
	}
	// With a reason for it, it need not run again.
	if err := os.WriteFile(why, []byte(strings.NewReplacer("TestA", "TestMount", "a_test.go:1", "a_test.go:5").Replace(because)), 0o644); err != nil {
		t.Fatal(err)
	}
	if got := said("failed"); got != "TestNet\n" {
		t.Errorf("failed tests %q", got)
	}
}

const example = `{
"suite": "v1",
"tests": [
{"test": "TestA", "upstream": "pass", "attached": "fail: a_test.go:1", "unattached": "pass (run again)", "hidden": "pass"},
{"test": "TestB", "upstream": "fail: a_test.go:2", "attached": "fail: a_test.go:2", "unattached": "fail: a_test.go:2"},
{"test": "TestC", "upstream": "skip: not here", "attached": "skip: not here", "unattached": "skip: not here"}
]
}
`

func TestRecordIsReadAsItIsWritten(t *testing.T) {
	r, err := parseRecord([]byte(example))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(example, string(r.bytes())); diff != "" {
		t.Error(diff)
	}
	for _, edit := range [][2]string{
		{"TestB", "TestA"}, {"fail: a_test", "failed: a_test"}, {"\"pass\"", "\"pass: \""},
		{"unattached", "detached"}, {"suite", "sweet"}, {"]", ""},
	} {
		bad := strings.Replace(example, edit[0], edit[1], 1)
		if _, err := parseRecord([]byte(bad)); err == nil {
			t.Errorf("%q for %q: no error", edit[1], edit[0])
		}
	}
}

const because = `{"kinds": [
{"title": "Statements", "text": "They are there.", "tests": [
  {"test": "TestA", "modes": ["attached"], "at": "a_test.go:1", "why": "It counts them."}]},
{"title": "Upstream", "text": "They fail there.", "tests": [
  {"test": "TestB", "modes": ["upstream"], "at": "a_test.go:2", "why": "It needs apk."}]}
]}
`

// TestEveryDifferenceHasItsReason: each edit of outcomes or reasons that leaves
// something unaccounted for is told.
func TestEveryDifferenceHasItsReason(t *testing.T) {
	for _, c := range []struct{ name, old, edit, want string }{
		{"nothing", "", "", ""},
		{"a failure without a reason", `"pass (run again)"`, `"fail: a_test.go:3"`, `TestA, unattached: fail: a_test.go:3: no reason`},
		{"a failure elsewhere", `a_test.go:1"`, `a_test.go:9"`, `TestA, attached: it failed at "a_test.go:9", the reason is for "a_test.go:1"`},
		{"a reason too many", `"fail: a_test.go:1"`, `"pass"`, `TestA, attached: a reason, but the outcome is as expected (pass)`},
		{"upstream passes, ours fails", `"upstream": "fail: a_test.go:2"`, `"upstream": "pass"`, `TestB, attached: fail: a_test.go:2: no reason`},
		{"ours passes, upstream fails", `"attached": "fail: a_test.go:2"`, `"attached": "pass"`, `TestB, attached: pass: no reason`},
		{"another line than upstream", `"attached": "fail: a_test.go:2"`, `"attached": "fail: a_test.go:4"`, `TestB, attached: fail: a_test.go:4: no reason`},
		{"skipped, not by upstream", `"attached": "skip: not here"`, `"attached": "skip: no more"`, `TestC, attached: skip: no more: no reason`},
		{"did not run", `, "attached": "skip: not here"`, ``, `TestC: no outcome of attached`},
		{"nothing hidden", `, "hidden": "pass"`, ``, `TestA: no outcome of hidden`},
		{"something else is hidden", `"hidden": "pass"`, `"hidden": "fail: a_test.go:7"`, `TestA, hidden: fail: a_test.go:7: no reason`},
		{"a test that is no more", `TestA`, `TestZ`, `TestZ, attached: fail: a_test.go:1: no reason`},
	} {
		t.Run(c.name, func(t *testing.T) {
			rec, err := parseRecord([]byte(strings.Replace(example, c.old, c.edit, 1)))
			if err != nil {
				t.Fatal(err)
			}
			why, err := parseReasons([]byte(because))
			if err != nil {
				t.Fatal(err)
			}
			got := why.problems(rec)
			if c.want == "" && got != nil || c.want != "" && !slices.Contains(got, c.want) {
				t.Errorf("problems %q, want %q", got, c.want)
			}
		})
	}
}

func TestReasonsThatAreNoneAreAnError(t *testing.T) {
	for _, edit := range [][2]string{
		{"It counts them.", ""}, {`["attached"]`, `[]`}, {`["attached"]`, `["detached"]`},
		{`"title": "Statements"`, `"title": ""`}, {"They are there.", ""}, {`"at"`, `"where"`},
	} {
		if _, err := parseReasons([]byte(strings.Replace(because, edit[0], edit[1], 1))); err == nil {
			t.Errorf("%q for %q: no error", edit[1], edit[0])
		}
	}
	twice := strings.Replace(because, `"TestB", "modes": ["upstream"]`, `"TestA", "modes": ["attached"]`, 1)
	why, err := parseReasons([]byte(twice))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := why.find("TestA", modeAttached); err == nil {
		t.Error("two reasons for the same: no error")
	}
}

func TestDocumentOfAnUnaccountedDifferenceIsNotWritten(t *testing.T) {
	dir := t.TempDir()
	file := func(name, text string) string {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	results, why, doc := file("results.json", example), file("reasons.json", because), filepath.Join(dir, "doc.md")
	if err := command([]string{"table", "-results", results, "-reasons", why, "-o", doc}, nil, new(bytes.Buffer)); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(doc)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"| passed | 1 | 0 | 1 |\n| failed | 1 | 2 | 1 |\n| skipped | 1 | 1 | 1 |\n| all | 3 | 3 | 3 |\n",
		"| fails, passes with BuildKit's frontend | 0 | 1 | 0 |\n| of these, passes with statements hidden |  | 1 |  |\n",
		"| `TestA` | passed | [failed](https://github.com/moby/buildkit/blob/v1/frontend/dockerfile/a_test.go#L1) | passed | passed | It counts them. |\n",
		"| not here | `TestC` |\n",
		"## Passed when run again alone\n\n- `TestA`: Sworn, statements off\n",
	} {
		if !strings.Contains(string(got), want) {
			t.Errorf("no %q in:\n%s", want, got)
		}
	}
	file("results.json", strings.Replace(example, `"pass (run again)"`, `"fail: a_test.go:3"`, 1))
	doc = filepath.Join(dir, "other.md")
	if err := command([]string{"table", "-results", results, "-reasons", why, "-o", doc}, nil, new(bytes.Buffer)); !errors.Is(err, errFailed) {
		t.Errorf("error %v, want %v", err, errFailed)
	}
	if _, err := os.Stat(doc); err == nil {
		t.Error("written all the same")
	}
}

// TestDocumentIsOfWhatIsRecorded: docs/conformance.md is what the committed outcomes
// and reasons give, every difference has its reason, and the outcomes are of the
// suite that go.mod pins.
func TestDocumentIsOfWhatIsRecorded(t *testing.T) {
	rec, err := readRecord("../results.json")
	if err != nil {
		t.Fatal(err)
	}
	why, err := readReasons("../reasons.json")
	if err != nil {
		t.Fatal(err)
	}
	if p := why.problems(rec); p != nil {
		t.Errorf("not accounted for: %q", p)
	}
	want, err := os.ReadFile("../../../docs/conformance.md")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), document(rec, why)); diff != "" {
		t.Errorf("docs/conformance.md; hack/conformance/suite --table writes it:\n%s", diff)
	}
	pinned, err := exec.Command("go", "list", "-m", "-f", "{{.Version}}", "github.com/moby/buildkit").Output()
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.TrimSpace(string(pinned)); got != rec.suite {
		t.Errorf("outcomes are of %s, go.mod pins %s", rec.suite, got)
	}
}

// FuzzParseRecord: what can be read is written as it was understood.
func FuzzParseRecord(f *testing.F) {
	f.Add([]byte(example))
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := parseRecord(b)
		if err != nil {
			return
		}
		again, err := parseRecord(r.bytes())
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(r.bytes(), again.bytes()) {
			t.Errorf("%s\n%s", r.bytes(), again.bytes())
		}
	})
}
