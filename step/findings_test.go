package step_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sworn-build/sworn/step"
)

func findings() step.Findings {
	return step.Findings{
		Version: step.FindingsVersion,
		Findings: []step.Finding{
			{Rule: step.RuleListedLicence, Step: "step2", Unjudged: true, Count: 9, Subjects: []step.Subject{{Package: "bash", Detail: "licence not known"}}},
			{Rule: step.RuleSetuidFileAdded, Step: "step1", Count: 2, Subjects: []step.Subject{{Path: "/a\xff", Package: "a", Detail: "mode 4755"}, {Path: "/b"}}},
		},
	}
}

func TestFindingsRoundTrip(t *testing.T) {
	for _, want := range []step.Findings{findings(), {Version: step.FindingsVersion, Findings: []step.Finding{}}} {
		b, err := step.EncodeFindings(want)
		if err != nil {
			t.Fatal(err)
		}
		got, err := step.DecodeFindings(b)
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("%v (-want +got):\n%s", err, diff)
		}
	}
}

func TestFindingsThatDoNotHoldTogetherAreRefused(t *testing.T) {
	for _, c := range []struct {
		edit func(*step.Findings)
		want string
	}{
		{func(f *step.Findings) { f.Findings = nil }, "no list"},
		{func(f *step.Findings) { f.Findings[0].Rule = "NoSuchRule" }, `NoSuchRule of "step2": no such rule`},
		{func(f *step.Findings) { f.Findings[0].Step = "" }, "no step"},
		{func(f *step.Findings) { f.Findings[0].Count = 0 }, "1 subjects, 0 counted"},
		{func(f *step.Findings) { f.Findings[0].Count, f.Findings[0].Subjects = 0, nil }, "0 subjects, 0 counted"},
		{func(f *step.Findings) { f.Findings[1].Count = 1 }, "2 subjects, 1 counted"},
		{func(f *step.Findings) { f.Findings[1].Subjects[0].Path = "/c" }, "subjects that are not sorted"},
		{func(f *step.Findings) { f.Findings[0].Subjects[0].Package = "" }, "a subject without a name"},
		{func(f *step.Findings) {
			f.Findings[1].Count, f.Findings[1].Subjects = 6, append(f.Findings[1].Subjects, make([]step.Subject, 4)...)
		}, "6 subjects, more than 5"},
		{func(f *step.Findings) { f.Findings[0], f.Findings[1] = f.Findings[1], f.Findings[0] }, "ListedLicence after SetuidFileAdded"},
	} {
		f := findings()
		c.edit(&f)
		b, err := step.EncodeFindings(f)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := step.DecodeFindings(b); err == nil || !strings.HasPrefix(err.Error(), "decode findings: ") || !strings.HasSuffix(err.Error(), c.want) {
			t.Errorf("%v, want %s", err, c.want)
		}
	}
}

func TestFindingsOfAnySizeAreNotRead(t *testing.T) {
	f := findings()
	f.Findings[0].Subjects[0].Detail = strings.Repeat("x", step.MaxFindings)
	if _, err := step.EncodeFindings(f); err == nil {
		t.Error("encoded")
	}
	if _, err := step.DecodeFindings(make([]byte, step.MaxFindings+1)); err == nil || !strings.Contains(err.Error(), "more than") {
		t.Error(err)
	}
}

func FuzzDecodeFindings(f *testing.F) {
	b, err := step.EncodeFindings(findings())
	if err != nil {
		f.Fatal(err)
	}
	fuzzCodec(f, "findings", b, []byte(`{"version":1,"findings":[]}`))
}
