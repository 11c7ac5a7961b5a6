package main

import (
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"
	"sync"

	"github.com/sworn-build/sworn/sbom"
	"github.com/sworn-build/sworn/sbom/licence"
	"github.com/sworn-build/sworn/step"
)

// maxRecord bounds a step's record in bytes: about 300,000 inputs.
const maxRecord = 64 << 20

// describe writes the evidence of each item of a segment.
func (t tool) describe() error {
	n, err := t.items()
	if err != nil {
		return fmt.Errorf("describe: %w", err)
	}
	before, err := sbom.OpenTree(t.path(step.StateDir, "0"))
	if err != nil {
		return fmt.Errorf("describe: %w", err)
	}
	defer func() { before.Close() }()
	// The inventory before is read once and carried from item to item.
	var inv *sbom.Inventory
	licences := licence.NewReader()
	for k := 1; k <= n; k++ {
		after, err := sbom.OpenTree(t.path(step.StateDir, strconv.Itoa(k)))
		if err != nil {
			return fmt.Errorf("describe item %d: %w", k, err)
		}
		d, next, err := t.item(k, before, after, inv, licences)
		before.Close()
		before, inv = after, next
		if err != nil {
			return fmt.Errorf("describe item %d: %w", k, err)
		}
		b, err := encodeEvidence(evidence{Delta: d})
		if err != nil {
			return fmt.Errorf("describe item %d: %w", k, err)
		}
		if err := t.write(strconv.Itoa(k)+".json", b); err != nil {
			return fmt.Errorf("describe item %d: %w", k, err)
		}
	}
	return t.finish()
}

// items returns the highest number among the folders of the segment. It is an
// error when there is none: the container was built wrongly.
func (t tool) items() (int, error) {
	n := 0
	for _, dir := range []string{step.StateDir, step.RecordDirIn} {
		ks, err := t.numbered(dir)
		if err != nil {
			return 0, err
		}
		if len(ks) > 0 {
			n = max(n, ks[len(ks)-1])
		}
	}
	if n == 0 {
		return 0, errors.New("no items")
	}
	if n > step.MaxSegment {
		return 0, fmt.Errorf("%d items, more than %d", n, step.MaxSegment)
	}
	return n, nil
}

// item describes the change from before to after. inv is the inventory of
// before when it is known; the inventory of after is returned.
func (t tool) item(k int, before, after *sbom.Tree, inv *sbom.Inventory, licences *licence.Reader) (*described, *sbom.Inventory, error) {
	databases := append(sbom.Databases(before), sbom.Databases(after)...)
	inv, loaded, err := inventories(before, after, inv, before == nil || sbom.Rewritten(before, after, databases))
	if err != nil {
		return nil, nil, err
	}
	c, err := sbom.CompareSums(before, after, loaded)
	if err != nil {
		return nil, nil, err
	}
	if err := sbom.DeclareLicences(licences, after, c.Manifests); err != nil {
		return nil, nil, err
	}
	d := described{Base: before == nil, Delta: c.Delta, Manifests: c.Manifests, PackagesAdded: []string{}, PackagesRemoved: []string{}}
	if d.Record, err = t.record(k, before, after, *inv, c, licences); err != nil {
		return nil, nil, err
	}
	now := inv
	if d.Base || d.TouchesCopyright() || d.Touches(databases) {
		if loaded == nil {
			if _, loaded, err = inventories(before, after, inv, true); err != nil {
				return nil, nil, err
			}
		}
		if err := loaded.ReadLicences(licences, after, *inv, c.Delta); err != nil {
			return nil, nil, fmt.Errorf("state after: %w", err)
		}
		removed, err := loaded.Lose(before, *inv, c.Delta)
		if err != nil {
			return nil, nil, fmt.Errorf("state before: %w", err)
		}
		now, d.Inventory = loaded, loaded
		d.PackagesAdded, d.PackagesRemoved = purls(sbom.Added(*inv, *loaded)), purls(removed)
	}
	if d.MD5, err = sbom.MD5s(after, inv, now, c); err != nil {
		return nil, nil, fmt.Errorf("state after: %w", err)
	}
	owners := now.Owners()
	owners.Attribute(d.Added)
	owners.Attribute(d.Changed)
	return &d, now, nil
}

// inventories loads that of the state before, unless it is known, and where it has another,
// that of the state after, both at once.
func inventories(before, after *sbom.Tree, known *sbom.Inventory, another bool) (was, now *sbom.Inventory, err error) {
	var loading sync.WaitGroup
	var wasErr, nowErr error
	load := func(t *sbom.Tree, state string, err *error) *sbom.Inventory {
		var inv sbom.Inventory
		loading.Go(func() {
			if inv, *err = sbom.Load(t); *err != nil {
				*err = fmt.Errorf("state %s: %w", state, *err)
			}
		})
		return &inv
	}
	if was = known; was == nil {
		was = load(before, "before", &wasErr)
	}
	if another {
		now = load(after, "after", &nowErr)
	}
	loading.Wait()
	return was, now, errors.Join(wasErr, nowErr)
}

// purls keeps the order of an inventory, which is by purl.
func purls(ps []sbom.Package) []string {
	out := make([]string, 0, len(ps))
	for _, p := range ps {
		out = append(out, p.PURL)
	}
	return out
}

// record reads the runner's record of item k; nil when there is none.
func (t tool) record(k int, before, after *sbom.Tree, inv sbom.Inventory, c sbom.Comparison, licences *licence.Reader) (*record, error) {
	b, err := t.read(maxRecord, step.RecordDirIn, strconv.Itoa(k), step.RecordFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil // assemble knows whether there had to be one
	}
	if err != nil {
		return nil, err
	}
	r, err := step.DecodeRecord(b)
	if err != nil {
		return nil, err
	}
	if err := t.sameRun(k, after, strings.Join(r.Command, " ")); err != nil {
		return nil, err
	}
	copied := c.Copied
	if r.Observation.Mode == step.ObserveOff {
		copied = nil
	}
	a := newAttribution(before, inv.Owners(), c.Delta)
	in, err := a.inputs(r.Observation, copied)
	if err != nil {
		return nil, fmt.Errorf("attribute inputs: %w", err)
	}
	packages := a.packages(&inv)
	if packages, err = a.addToolchains(packages, in.Files, licences); err != nil {
		return nil, fmt.Errorf("find toolchains: %w", err)
	}
	return &record{
		Command: r.Command, Exit: r.Exit, Process: r.Process, Sandbox: r.Sandbox, Network: r.Network, Inputs: in, Packages: packages, Taken: a.taken,
	}, nil
}
