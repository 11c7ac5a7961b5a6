package main

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// events of a run in which TestCopy passes, TestUser is skipped, TestMount fails in
// a subtest and TestNet has two configurations, one of which never ends.
const events = `{"Action":"start"}
{"Action":"output","Test":"TestIntegration/TestCopy/worker=oci/frontend=gateway","Output":"copied\n"}
{"Action":"pass","Test":"TestIntegration/TestCopy/worker=oci/frontend=gateway/a=b#01","Elapsed":0.25}
{"Action":"pass","Test":"TestIntegration/TestCopy/worker=oci/frontend=gateway","Elapsed":0.5}
{"Action":"skip","Test":"TestIntegration/TestUser/worker=oci/frontend=gateway","Elapsed":1}
{"Action":"output","Test":"TestIntegration/TestMount/worker=oci/frontend=gateway/tmpfs","Output":"    x_test.go:1: no such mount\n"}
{"Action":"output","Test":"TestIntegration/TestMount/worker=oci/frontend=gateway/tmpfs","Output":"    sandbox.go:205: stderr: buildkitd\n"}
{"Action":"output","Test":"TestIntegration/TestMount/worker=oci/frontend=gateway/tmpfs","Output":"    sandbox.go:205: level=debug msg=noise\n"}
{"Action":"output","Test":"TestIntegration/TestMount/worker=oci/frontend=gateway/tmpfs","Output":"    sandbox.go:205: level=error msg=reason\n"}
{"Action":"fail","Test":"TestIntegration/TestMount/worker=oci/frontend=gateway","Elapsed":2}
{"Action":"pass","Test":"TestIntegration/TestNet/worker=oci/frontend=gateway/network.host=granted","Elapsed":1}
{"Action":"run","Test":"TestIntegration/TestNet/worker=oci/frontend=gateway/network.host=denied"}
{"Action":"fail","Test":"TestIntegration","Elapsed":5}
{"Action":"fail","Elapsed":5}
`

func TestEveryProblemIsTold(t *testing.T) {
	r, err := collect(strings.NewReader(events), new(bytes.Buffer))
	if err != nil {
		t.Fatal(err)
	}
	got := r.problems([]wanted{
		{name: "TestCopy"}, {name: "TestUser"}, {name: "TestMount"}, {name: "TestNet"}, {name: "TestCop"},
	})
	want := []string{
		"FAIL: TestMount",
		"FAIL: TestNet/network.host=denied: it did not end",
		"FAIL: TestUser: on the list, but it was skipped",
		"FAIL: TestCop: on the list, but it did not run",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestASkipIsNoProblemWhereTheListSaysPartly(t *testing.T) {
	const skip = `{"Action":"skip","Test":"TestIntegration/TestUser/worker=oci/frontend=gateway"}
{"Action":"pass"}
`
	r, err := collect(strings.NewReader(skip), new(bytes.Buffer))
	if err != nil {
		t.Fatal(err)
	}
	if got := r.problems([]wanted{{name: "TestUser", partly: true}}); got != nil {
		t.Errorf("problems %q, want none", got)
	}
	if got := r.problems([]wanted{{name: "TestUser"}}); len(got) != 1 {
		t.Errorf("problems %q, want one", got)
	}
}

func TestARunOfNothingFails(t *testing.T) {
	r, err := collect(strings.NewReader("{\"Action\":\"pass\"}\n"), new(bytes.Buffer))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"FAIL: no test ran"}, r.problems(nil)); diff != "" {
		t.Error(diff)
	}
}

func TestARunThatEndsEarlyFails(t *testing.T) {
	const panics = `{"Action":"pass","Test":"TestIntegration/TestCopy/worker=oci/frontend=gateway"}
{"Action":"output","Test":"TestIntegration","Output":"=== RUN   TestIntegration\n"}
{"Action":"output","Test":"TestIntegration","Output":"panic: oh\n"}
`
	r, err := collect(strings.NewReader(panics), new(bytes.Buffer))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"FAIL: the run as a whole"}, r.problems([]wanted{{name: "TestCopy"}})); diff != "" {
		t.Error(diff)
	}
	var out bytes.Buffer
	r.show(&out, "logs")
	if !strings.Contains(out.String(), "panic: oh") || strings.Contains(out.String(), "=== RUN") {
		t.Errorf("shown: %s", out.String())
	}
}

func TestEventsThatAreNoneAreAnError(t *testing.T) {
	for _, in := range []string{events[:300], "panic: oh\n"} {
		if _, err := collect(strings.NewReader(in), new(bytes.Buffer)); err == nil {
			t.Errorf("%q: no error", in)
		}
	}
}

func TestRunPrintsWhatFailedAndKeepsTheRest(t *testing.T) {
	var out bytes.Buffer
	logs := filepath.Join(t.TempDir(), "logs")
	err := command([]string{"events", "-logs", logs}, strings.NewReader(events), &out)
	if !errors.Is(err, errFailed) {
		t.Errorf("error %v, want %v", err, errFailed)
	}
	for _, want := range []string{
		"--- PASS: TestCopy (0.50s)\n", "--- FAIL: TestMount (2.00s)\n", "no such mount", "msg=reason",
		"2 passed, 2 failed, 1 skipped in", "\nFAIL: TestMount\n", "\nFAIL\n",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in:\n%s", want, out.String())
		}
	}
	if strings.Contains(out.String(), "noise") {
		t.Errorf("debug messages in:\n%s", out.String())
	}
	log, err := os.ReadFile(filepath.Join(logs, "TestMount.log"))
	if err != nil || !strings.Contains(string(log), "noise") {
		t.Errorf("log %q, %v; want all output", log, err)
	}
	times, err := os.ReadFile(filepath.Join(logs, "times.txt"))
	if err != nil || !strings.HasPrefix(string(times), "   2.00 fail TestMount\n") {
		t.Errorf("times %q, %v; want the slowest first", times, err)
	}
}

func TestParseList(t *testing.T) {
	got, err := parseList("# a\nTestA\n TestB partly # b\nTestC unattached\nTestD unattached partly\n")
	if err != nil {
		t.Fatal(err)
	}
	want := []wanted{{name: "TestA"}, {name: "TestB", partly: true}, {name: "TestC", unattached: true}, {name: "TestD", partly: true, unattached: true}}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(wanted{})); diff != "" {
		t.Error(diff)
	}
	if e := expression(got); e != "^(TestA|TestB|TestC|TestD)$" {
		t.Errorf("expression %s", e)
	}
	for _, bad := range []string{"testA", "TestA|TestB", "TestA\nTestA partly", "TestA mostly", "TestA partly x"} {
		if _, err := parseList(bad); err == nil {
			t.Errorf("%q: no error", bad)
		}
	}
}

func TestQuickList(t *testing.T) {
	const list = "../quick.txt"
	n := map[string]int{}
	for _, mode := range []string{modeAttached, modeUnattached, modeUpstream, modeBare, modeBuiltin} {
		tests, err := readList(list, ".", mode)
		if err != nil {
			t.Fatal(err)
		}
		n[mode] = len(tests)
	}
	const least = 40
	if n[modeAttached] < least || n[modeAttached]+n[modeUnattached] != n[modeUpstream] || n[modeUpstream] != n[modeBuiltin] || n[modeBare] != n[modeUnattached] {
		t.Errorf("tests %v, want %d attached at least, and all to be both", n, least)
	}
	if _, err := readList(list, "^NoSuchTest$", modeUpstream); err == nil {
		t.Error("a pattern that picks nothing: no error")
	}
	if _, err := readList(list, ".", "some"); err == nil {
		t.Error("an unknown mode: no error")
	}
}

// FuzzCollect: whatever the events are, they are read without a panic, and a test
// that was seen is passed, failed or skipped.
func FuzzCollect(f *testing.F) {
	f.Add(events)
	f.Add("panic: oh\n")
	f.Fuzz(func(t *testing.T, in string) {
		r, err := collect(strings.NewReader(in), new(bytes.Buffer))
		if err != nil {
			return
		}
		n := r.count()
		if sum := n[passed] + n[failed] + n[skipped]; sum != len(r.tests) {
			t.Errorf("%d verdicts of %d tests", sum, len(r.tests))
		}
		_ = r.problems([]wanted{{name: "TestCopy"}})
		r.show(new(bytes.Buffer), "logs")
	})
}
