package main

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/sworn-build/sworn/sbom"
	"github.com/sworn-build/sworn/step"
	"github.com/sworn-build/sworn/step/pattern"
)

// subjectsText bounds the text of all subjects in bytes, before it is escaped: a
// hostile build has paths of 4 KiB and a thousand steps.
const subjectsText = 1 << 20

// findings collects what rules find.
type findings struct {
	rules step.Rules
	found map[findingKey]*step.Finding
}

type findingKey struct {
	rule, step string
	unjudged   bool
}

// add notes a subject, unless it is accepted.
func (f *findings) add(k findingKey, s step.Subject) {
	accepted := f.rules.Accepted[k.rule]
	if s.Path != "" && pattern.Match(accepted, string(s.Path)) || s.Package != "" && pattern.Match(accepted, s.Package) {
		return
	}
	one := f.found[k]
	if one == nil {
		one = &step.Finding{Rule: k.rule, Step: k.step, Unjudged: k.unjudged, Subjects: []step.Subject{}}
		f.found[k] = one
	}
	one.Count++
	i, _ := slices.BinarySearchFunc(one.Subjects, s, step.Subject.Compare)
	if i < step.MaxSubjects {
		one.Subjects = slices.Insert(one.Subjects, i, s)
		one.Subjects = one.Subjects[:min(len(one.Subjects), step.MaxSubjects)]
	}
}

// encode writes what was found. steps are in the plan's order.
func (f *findings) encode(steps []step.Step) ([]byte, error) {
	order := make(map[string]int, len(steps))
	for i := range steps {
		order[steps[i].ID] = 2 * i
	}
	place := func(one step.Finding) int {
		if one.Unjudged {
			return order[one.Step] + 1
		}
		return order[one.Step]
	}
	out := step.Findings{Findings: make([]step.Finding, 0, len(f.found))}
	for _, one := range f.found {
		out.Findings = append(out.Findings, *one)
	}
	slices.SortFunc(out.Findings, func(a, b step.Finding) int {
		return cmp.Or(cmp.Compare(a.Rule, b.Rule), place(a)-place(b))
	})
	room := subjectsText
	for i := range out.Findings {
		one := &out.Findings[i]
		for k, s := range one.Subjects {
			if room -= len(s.Path) + len(s.Package) + len(s.Detail); room < 0 {
				one.Subjects = one.Subjects[:k]
				break
			}
		}
	}
	return step.EncodeFindings(out)
}

// encodeFindings makes the findings of an image's attributed entries and packages.
func (g *graph) encodeFindings(files []sbom.Held, inv sbom.Inventory) ([]byte, error) {
	f := &findings{rules: *g.plan.Rules, found: map[findingKey]*step.Finding{}}
	for _, id := range f.rules.On {
		if !slices.Contains(step.EvidenceRules(), id) {
			return nil, fmt.Errorf("plan: unknown rule %q", id)
		}
	}
	on := func(id string) bool { return slices.Contains(f.rules.On, id) }
	if err := g.fileFindings(f, on, files, inv); err != nil {
		return nil, err
	}
	if on(step.RuleListedLicence) {
		g.licenceFindings(f, inv)
	}
	if on(step.RuleUndeclaredPackageSource) {
		g.sourceFindings(f, inv)
	}
	return f.encode(g.plan.Steps)
}

// fileFindings applies the rules about files in one pass. Steps of another build are that
// build's, as its image would be: they are a base.
func (g *graph) fileFindings(f *findings, on func(string) bool, files []sbom.Held, inv sbom.Inventory) error {
	setuid, writable, unexplained := on(step.RuleSetuidFileAdded), on(step.RuleWorldWritableFileAdded), on(step.RuleUnexplainedFile)
	names := packageNames(inv)
	by, own, made := "", false, false // of the entry before: most often the same step's
	for i := range files {
		h := &files[i]
		if h.Step != by {
			s, ok := g.steps[h.Step]
			by, own, made = h.Step, ok && !s.External, ok
		}
		if !made {
			continue
		}
		if len(h.Mode) != 4 {
			return fmt.Errorf("evidence of %s: %s has mode %q", h.Step, printable(h.Path), h.Mode)
		}
		found := func(rule, detail string) {
			f.add(findingKey{rule: rule, step: h.Step}, step.Subject{Path: h.Path, Package: names[h.Package], Detail: detail})
		}
		if setuid && own && isSetuid(h) {
			found(step.RuleSetuidFileAdded, fmt.Sprintf("mode %s, owner %d:%d", h.Mode, h.UID, h.GID))
		}
		if writable && own && isWorldWritable(h) {
			found(step.RuleWorldWritableFileAdded, "mode "+h.Mode)
		}
		if unexplained && h.Origin.Class == sbom.OriginUnexplained {
			found(step.RuleUnexplainedFile, h.Origin.Reason)
		}
	}
	return nil
}

// isSetuid reports whether a file has set-user-ID or set-group-ID (inode(7)).
func isSetuid(h *sbom.Held) bool { return h.Type == sbom.TypeFile && (h.Mode[0]-'0')&6 != 0 }

// isWorldWritable reports whether everybody can write to a file, or remove what others
// have in a folder: the sticky bit forbids that (inode(7)).
func isWorldWritable(h *sbom.Held) bool {
	if (h.Mode[3]-'0')&2 == 0 {
		return false
	}
	return h.Type == sbom.TypeFile || h.Type == sbom.TypeDir && (h.Mode[0]-'0')&1 == 0
}

// packageNames are the names of packages by purl.
func packageNames(inv sbom.Inventory) map[string]string {
	out := make(map[string]string, len(inv.Packages))
	for i := range inv.Packages {
		out[inv.Packages[i].PURL] = inv.Packages[i].Name
	}
	return out
}
