package main

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sworn-build/sworn/sbom"
	"github.com/sworn-build/sworn/step"
)

func only(ids ...string) step.Rules { return step.Rules{On: ids} }

// modes is a build with every kind of file that the rules about modes are about, and not
// about.
func modes(t *testing.T, rules step.Rules) *played {
	b := play(t, rules)
	base := b.image(true, append(base(), "file 4755 /usr/bin/mount m", "dir 0777 /srv", "file 0666 /etc/open o", "file 4755 /usr/bin/gone g")...)
	one := b.run(base, observed(step.NetworkNone),
		"file 4755 /usr/bin/dash dash2", "file 2755 /usr/bin/agent a", "file 6755 /usr/bin/removed-later r", "file 4755 /usr/bin/chmodded-later c",
		"file 1644 /usr/bin/sticky s", "dir 2775 /var/setgid", "dir 1777 /var/tmp", "dir 0777 /var/open", "file 0666 /var/open/file f", "link /var/open/link file", "fifo 0666 /var/open/fifo",
		"rm /usr/bin/gone", "file 0644 /var/lib/dpkg/status "+status("0.5.12-3"))
	two := b.run(one, observed(step.NetworkNone), "rm /usr/bin/removed-later", "file 0755 /usr/bin/chmodded-later c", "file 4700 /etc/issue issue")
	context := b.context("file 0777 /conf c")
	b.copy(two, context, "file 0777 /conf c")
	return b
}

func TestModesThatTheBuildMadeAreFound(t *testing.T) {
	b := modes(t, only(step.RuleSetuidFileAdded, step.RuleWorldWritableFileAdded))
	want := []string{
		"SetuidFileAdded step1 2; /usr/bin/agent (mode 2755, owner 0:0); /usr/bin/dash dash (mode 4755, owner 0:0)",
		"SetuidFileAdded step2 1; /etc/issue base-files (mode 4700, owner 0:0)",
		"WorldWritableFileAdded step1 2; /var/open (mode 0777); /var/open/file (mode 0666)",
		"WorldWritableFileAdded step3 1; /conf (mode 0777)",
	}
	if diff := cmp.Diff(want, summary(b.findings())); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	b.plan.Rules.Accepted = map[string][]string{
		step.RuleSetuidFileAdded:        {"/usr/bin/ag*", "dash"},
		step.RuleWorldWritableFileAdded: {"/etc/issue", "/var/**"},
	}
	want = []string{want[1], want[3]}
	if diff := cmp.Diff(want, summary(b.findings())); diff != "" {
		t.Errorf("with accepted ones (-want +got):\n%s", diff)
	}
	b.plan.Rules.On = b.plan.Rules.On[:1]
	if diff := cmp.Diff(want[:1], summary(b.findings())); diff != "" {
		t.Errorf("with one rule off (-want +got):\n%s", diff)
	}
}

// What another build made is a base of this one.
func TestStepsOfAnotherBuildAreABase(t *testing.T) {
	b := modes(t, only(step.RuleSetuidFileAdded, step.RuleWorldWritableFileAdded))
	b.plan.Steps[0].External = true
	b.plan.Steps[1].External = true
	want := []string{"WorldWritableFileAdded step3 1; /conf (mode 0777)"}
	if diff := cmp.Diff(want, summary(b.findings())); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// Each name of a file counts: who unpacks a layer gets both.
func TestHardLinksAreFoundByEachName(t *testing.T) {
	b := play(t, only(step.RuleSetuidFileAdded))
	b.run(b.image(true, base()...), observed(step.NetworkNone), "file 4755 /usr/bin/a x", "hard /usr/bin/b /usr/bin/a")
	want := []string{"SetuidFileAdded step1 2; /usr/bin/a (mode 4755, owner 0:0); /usr/bin/b (mode 4755, owner 0:0)"}
	if diff := cmp.Diff(want, summary(b.findings())); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestFindingsNameTheFirstAndCountTheRest(t *testing.T) {
	b := play(t, only(step.RuleSetuidFileAdded))
	var files []string
	for i := range 300 {
		files = append(files, fmt.Sprintf("file 4755 /s/%03d x", 299-i))
	}
	b.run(b.image(true, base()...), observed(step.NetworkNone), files...)
	fs := b.findings()
	if len(fs) != 1 || fs[0].Count != 300 || len(fs[0].Subjects) != step.MaxSubjects || fs[0].Subjects[0].Path != "/s/000" || fs[0].Subjects[4].Path != "/s/004" {
		t.Errorf("%+v", fs)
	}
}

func TestNoRulesNoFindings(t *testing.T) {
	b := modes(t, step.Rules{})
	b.plan.Rules = nil
	out, err := statements(b.plan, func(p step.Place) ([]byte, error) { return b.evidence[p], nil })
	if err != nil || len(out) != 5 {
		t.Errorf("%d outputs, %v", len(out), err)
	}
	b.plan.Rules = &step.Rules{On: []string{"NoSuchRule"}}
	if _, err := statements(b.plan, func(p step.Place) ([]byte, error) { return b.evidence[p], nil }); err == nil || err.Error() != `plan: unknown rule "NoSuchRule"` {
		t.Errorf("an unknown rule: %v", err)
	}
	b.plan.Rules = &step.Rules{On: step.EvidenceRules()}
	if got := b.findings(); len(got) == 0 {
		t.Error("all rules find nothing")
	}
}

// A thousand steps with names of 4 KiB stay within what one message holds.
func TestFindingsOfAHostileBuildAreBounded(t *testing.T) {
	f := &findings{found: map[findingKey]*step.Finding{}}
	var steps []step.Step
	name := step.Path("/" + strings.Repeat("\x01\xff", 2047))
	for i := range 1000 {
		s := step.Step{ID: fmt.Sprintf("step%d", i)}
		steps = append(steps, s)
		for _, rule := range step.EvidenceRules() {
			for range 10 {
				f.add(findingKey{rule: rule, step: s.ID}, step.Subject{Path: name, Detail: string(name)})
			}
		}
	}
	b, err := f.encode(steps)
	if err != nil {
		t.Fatal(err)
	}
	got, err := step.DecodeFindings(b)
	if err != nil || len(got.Findings) != 5000 {
		t.Fatalf("%d findings in %d bytes, %v", len(got.Findings), len(b), err)
	}
	for _, one := range got.Findings {
		if one.Count != 10 {
			t.Errorf("%d counted", one.Count)
		}
	}
}

func TestEvidenceWithoutModesIsRefused(t *testing.T) {
	g := &graph{steps: map[string]step.Step{"step1": {ID: "step1"}}, plan: step.Plan{Rules: &step.Rules{On: []string{step.RuleSetuidFileAdded}}}}
	_, err := g.encodeFindings([]sbom.Held{{Entry: sbom.Entry{Path: "/a", Type: sbom.TypeFile, Mode: "7"}, Step: "step1"}}, sbom.Inventory{})
	if err == nil || err.Error() != `evidence of step1: /a has mode "7"` {
		t.Error(err)
	}
}
