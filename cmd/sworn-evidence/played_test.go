package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/sworn-build/sworn/provenance"
	"github.com/sworn-build/sworn/sbom/treetest"
	"github.com/sworn-build/sworn/step"
)

// played is a build in a test, described by the verbs themselves as it goes on.
type played struct {
	t        *testing.T
	plan     step.Plan
	evidence map[step.Place][]byte
	states   map[string][]string // entries of package treetest, by state
}

func play(t *testing.T, rules step.Rules) *played {
	return &played{
		t: t, evidence: map[step.Place][]byte{}, states: map[string][]string{},
		plan: step.Plan{Platform: "linux/amd64", Options: map[string]string{}, ImageName: "image", Rules: &rules},
	}
}

// image is a source with packages and files, which is described when it is the image's
// base.
func (b *played) image(described bool, entries ...string) string {
	src := step.Source{ID: fmt.Sprintf("source%d", len(b.plan.Sources)+1), Kind: step.SourceImage, URI: "pkg:docker/base@1", Pinned: true}
	b.states[src.ID] = entries
	if described {
		src.Evidence = b.describe("describe", "", src.ID, nil)
	}
	b.plan.Sources = append(b.plan.Sources, src)
	return src.ID
}

// context is a local source.
func (b *played) context(entries ...string) string {
	src := step.Source{ID: fmt.Sprintf("source%d", len(b.plan.Sources)+1), Kind: step.SourceLocal, URI: "local:context"}
	b.states[src.ID] = entries
	src.Evidence = b.describe("digest", "", src.ID, nil)
	b.plan.Sources = append(b.plan.Sources, src)
	return src.ID
}

// step adds a step that edits the state of its parent: entries replace those of their
// paths, and "rm /path" takes one away. record is that of an observed exec.
func (b *played) step(s step.Step, record *step.Record, edits ...string) string {
	s.ID = fmt.Sprintf("step%d", len(b.plan.Steps)+1)
	s.Lines = []step.Lines{{Start: len(b.plan.Steps) + 2, End: len(b.plan.Steps) + 2}}
	state := slices.Clone(b.states[s.Parent])
	for _, e := range edits {
		state = slices.DeleteFunc(state, func(old string) bool { return treetest.PathOf(old) == treetest.PathOf(e) })
		if !strings.HasPrefix(e, "rm ") {
			state = append(state, e)
		}
	}
	b.states[s.ID] = state
	s.Evidence = b.describe("describe", s.Parent, s.ID, record)
	b.plan.Steps, b.plan.Image = append(b.plan.Steps, s), s.ID
	return s.ID
}

// observed is what the runner saw of a command: what it read, and its network.
func observed(mode string, inputs ...step.Input) *step.Record {
	r := aRecord()
	r.Command = []string{"make"}
	r.Network = nil
	switch mode {
	case step.NetworkRecord:
		r.Network = &step.Network{Mode: mode, Recorder: step.RecorderSworn, Enforced: true, Complete: true, Requests: []step.Request{}}
	case step.NetworkNone:
		r.Network = &step.Network{Mode: mode, Enforced: true, Complete: true, Requests: []step.Request{}}
	}
	r.Observation.Inputs = inputs
	return &r
}

// fetched adds downloads to a record.
func fetched(r *step.Record, urls ...string) *step.Record {
	for _, u := range urls {
		r.Network.Requests = append(r.Network.Requests, step.Request{Method: "GET", URL: u, Status: 200, Digest: "sha256:" + hexSum(u), Size: 1, Count: 1})
	}
	return r
}

// run adds an observed RUN.
func (b *played) run(parent string, r *step.Record, edits ...string) string {
	return b.step(step.Step{Kind: step.KindExec, Name: "RUN make", Parent: parent, Exec: &step.Exec{Args: r.Command, Cwd: "/"}}, r, edits...)
}

// copy adds a COPY of something that a state has.
func (b *played) copy(parent, from string, edits ...string) string {
	return b.step(step.Step{Kind: step.KindFile, Name: "COPY", Parent: parent, Reads: []string{from}, Actions: []string{"copy " + from + ":/ /"}}, nil, edits...)
}

// describe runs a verb over one state and what it started from.
func (b *played) describe(verb, before, after string, r *step.Record) *step.Place {
	dir := container(b.t)
	at := step.Place{Segment: len(b.evidence), Item: 1}
	if verb == "digest" {
		treetest.Make(b.t, filepath.Join(dir, step.SourceDir, "1"), b.states[after]...)
	} else {
		now := filepath.Join(dir, step.StateDir, "1")
		treetest.Make(b.t, now, b.states[after]...)
		if before != "" {
			was := filepath.Join(dir, step.StateDir, "0")
			treetest.Make(b.t, was, b.states[before]...)
			treetest.Share(b.t, was, now)
		}
	}
	if r != nil {
		raw, err := step.EncodeRecord(*r)
		if err != nil {
			b.t.Fatal(err)
		}
		treetest.Make(b.t, filepath.Join(dir, step.RecordDirIn, "1"), "file 0644 /"+step.RecordFile+" "+string(raw), `file 0644 /`+step.MarkFile+` {"version":1,"files":[]}`)
	}
	must(b.t, dir, verb)
	raw, err := os.ReadFile(filepath.Join(dir, step.OutDir, "1.json"))
	if err != nil {
		b.t.Fatal(err)
	}
	b.evidence[at] = rooted(b.t, raw)
	return &at
}

// findings assembles and reads what was found back.
func (b *played) findings() []step.Finding {
	b.t.Helper()
	out, err := statements(b.plan, func(p step.Place) ([]byte, error) { return b.evidence[p], nil })
	if err != nil {
		b.t.Fatal(err)
	}
	last := out[len(out)-1]
	if last.name != step.FindingsFile {
		b.t.Fatalf("the last output is %s", last.name)
	}
	f, err := step.DecodeFindings(last.data)
	if err != nil {
		b.t.Fatal(err)
	}
	if _, err := provenance.DecodeSteps(out[0].data); err != nil {
		b.t.Fatal(err)
	}
	return f.Findings
}

// summary is findings as short lines: rule, step, count and subjects.
func summary(fs []step.Finding) []string {
	var out []string
	for _, f := range fs {
		line := fmt.Sprintf("%s %s %d", f.Rule, f.Step, f.Count)
		if f.Unjudged {
			line += " unjudged"
		}
		for _, s := range f.Subjects {
			line += fmt.Sprintf("; %s", strings.TrimSpace(fmt.Sprintf("%s %s (%s)", s.Path, s.Package, s.Detail)))
		}
		out = append(out, strings.ReplaceAll(line, "  ", " "))
	}
	return out
}
