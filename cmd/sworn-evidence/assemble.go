package main

import (
	"fmt"
	"sync"

	"github.com/sworn-build/sworn/sbom"
	"github.com/sworn-build/sworn/step"
)

// assemble writes the statements' predicates, the ledger and what rules found.
func (t tool) assemble() error {
	b, err := t.read(step.MaxPlan, step.PlanDir, step.PlanFile)
	if err != nil {
		return fmt.Errorf("assemble: %w", err)
	}
	if b, err = step.UnpackPlan(b); err != nil {
		return fmt.Errorf("assemble: %w", err)
	}
	plan, err := step.DecodePlan(b)
	if err != nil {
		return fmt.Errorf("assemble: %w", err)
	}
	out, err := statements(plan, func(p step.Place) ([]byte, error) {
		return t.read(maxEvidence, step.EvidenceDir, fmt.Sprint(p.Segment), fmt.Sprintf("%d.json", p.Item))
	})
	if err != nil {
		return fmt.Errorf("assemble: %w", err)
	}
	writes := make([]func() error, len(out))
	for i, f := range out {
		writes[i] = func() error { return t.write(f.name, f.data) }
	}
	if err := together(writes...); err != nil {
		return fmt.Errorf("assemble: %w", err)
	}
	return t.finish()
}

// output is a file that assemble writes.
type output struct {
	name string
	data []byte
}

// statements folds a plan and its evidence, which read fetches, into the
// statements' predicates, the ledger and findings. It depends on nothing else. What does not need
// one another is made at once; of several errors the first in order counts.
func statements(plan step.Plan, read func(step.Place) ([]byte, error)) ([]output, error) {
	g, err := newGraph(plan, read)
	if err != nil {
		return nil, err
	}
	var steps, contents, ledger, found []byte
	var documents []output
	err = together(
		func() (err error) { steps, err = g.encodeSteps(); return err },
		func() error {
			files, inv, err := g.fold(plan.Image)
			if err != nil {
				return err
			}
			if err := g.layerNames(files); err != nil {
				return err
			}
			g.account(files, &inv)
			c := contentsOf(plan.Platform, files)
			c.Databases = databasesOf(inv.Broken)
			return together(
				func() (err error) { contents, err = encodeContents(c); return err },
				func() (err error) { documents, err = g.documents(files, inv, c.Digest["sha256"]); return err },
				func() (err error) { ledger, err = g.encodeLedger(files); return err },
				func() (err error) {
					if plan.Rules != nil {
						found, err = g.encodeFindings(files, inv.Inventory)
					}
					return err
				},
			)
		},
	)
	if err != nil {
		return nil, err
	}
	out := []output{{step.StepsFile, steps}, {step.ContentsFile, contents}, {step.LedgerFile, ledger}}
	out = append(out, documents...)
	if plan.Rules != nil {
		out = append(out, output{step.FindingsFile, found})
	}
	return out, nil
}

// together calls functions at once and returns the error of the first that has one.
func together(fs ...func() error) error {
	errs := make([]error, len(fs))
	var wg sync.WaitGroup
	for i, f := range fs {
		wg.Go(func() { errs[i] = f() })
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// encodeLedger makes the ledger of the image's entries.
func (g *graph) encodeLedger(files []sbom.Held) ([]byte, error) {
	base, had := g.base(g.plan.Image)
	return encodeLedger(files, g.sources, base, had)
}
