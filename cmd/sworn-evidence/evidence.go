package main

import (
	"bytes"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"

	"github.com/sworn-build/sworn/provenance"
	"github.com/sworn-build/sworn/sbom"
	"github.com/sworn-build/sworn/step"
	"github.com/sworn-build/sworn/step/canon"
)

// evidenceVersion is that of the format below, which lives between describe and
// assemble of one build and its cache.
const evidenceVersion = 10

// maxEvidence bounds one evidence file in bytes: about a million files.
const maxEvidence = 512 << 20

// evidence is what describe or digest found of one item: exactly one of Delta
// and Tree is set.
type evidence struct {
	Version int        `json:"version"`
	Delta   *described `json:"delta,omitempty"`
	Tree    *tree      `json:"tree,omitempty"`
}

// described is one state against the one before.
type described struct {
	// Base: there was nothing before; Added holds all of the state.
	Base bool `json:"base"`
	sbom.Delta
	PackagesAdded   []string `json:"packagesAdded"`   // purls
	PackagesRemoved []string `json:"packagesRemoved"` // purls
	// Inventory is the state's, complete, when it can differ from the one before.
	Inventory *sbom.Inventory `json:"inventory,omitempty"`
	// Manifests are those that the step wrote, sorted by path.
	Manifests []sbom.Manifest `json:"manifests,omitempty"`
	// MD5 are those of files that packages know by it, sorted by path: of what the step
	// wrote, and of what packages know since this step.
	MD5 []sbom.FileMD5 `json:"md5,omitempty"`
	// Record is what the runner saw, its inputs apart.
	Record *record `json:"record,omitempty"`
}

// record is a [step.Record] whose inputs have been attributed.
type record struct {
	Command []string          `json:"command"`
	Exit    int               `json:"exit"`
	Process step.Process      `json:"process"`
	Sandbox step.Sandbox      `json:"sandbox"`
	Network *step.Network     `json:"network,omitempty"`
	Inputs  provenance.Inputs `json:"inputs"`
	// Packages are those of databases and toolchains of whose files it opened some, sorted by
	// purl.
	Packages []readPackage `json:"packages,omitempty"`
	// Taken are the files of packages that it read, which inputs only count, whose bytes
	// something has that it left: path, size, digest and package of each, sorted.
	Taken []sbom.Entry `json:"taken,omitempty"`
}

// readPackage is a package, without its files, that a step opened files of.
type readPackage struct {
	// Program: one of them was a program.
	Program bool         `json:"program"`
	Package sbom.Package `json:"package"`
}

// tree is a local source as the build received it.
type tree struct {
	Digest map[string]string `json:"digest"`
	Files  int64             `json:"files"` // regular files
	Bytes  int64             `json:"bytes"` // in them
	// Base is the source as a file system, for an image that is made from it.
	Base *described `json:"base"`
}

// state is what was described, of a step or of a source.
func (e *evidence) state() *described {
	if e.Tree != nil {
		return e.Tree.Base
	}
	return e.Delta
}

// entryBytes are about as many as an entry takes.
const entryBytes = 384

func encodeEvidence(e evidence) ([]byte, error) {
	e.Version = evidenceVersion
	room := 0
	if d := e.state(); d != nil {
		room = entryBytes * (len(d.Added) + len(d.Changed))
	}
	f := canon.NewWriter(make([]byte, 0, room))
	e.form(f)
	b, err := f.Bytes()
	if err != nil {
		return nil, fmt.Errorf("encode evidence: %w", err)
	}
	if len(b) >= maxEvidence {
		return nil, fmt.Errorf("encode evidence: %d bytes, more than %d", len(b), maxEvidence)
	}
	return append(b, '\n'), nil
}

// decodeEvidence reads evidence. Its strings are parts of b, which nobody may change any
// more.
func decodeEvidence(b []byte) (evidence, error) {
	var e evidence
	f := canon.NewReader(bytes.TrimSuffix(b, []byte("\n")))
	e.form(f)
	if err := f.End(); err != nil {
		return evidence{}, fmt.Errorf("decode evidence: %w", err)
	}
	if (e.Delta == nil) == (e.Tree == nil) {
		return evidence{}, errors.New("decode evidence: want either a delta or a tree")
	}
	d := e.state()
	if e.Tree != nil && (len(e.Tree.Digest["sha256"]) != 64 || !d.Base) {
		return evidence{}, errors.New("decode evidence: tree without a digest or contents")
	}
	if !sorted(d.Added) || !sorted(d.Changed) || !slices.IsSorted(d.Removed) {
		return evidence{}, errors.New("decode evidence: a list that is not sorted")
	}
	for i := range d.Manifests {
		if i > 0 && d.Manifests[i].Path <= d.Manifests[i-1].Path {
			return evidence{}, errors.New("decode evidence: manifests that are not sorted")
		}
	}
	if d.Record != nil {
		if err := d.Record.Network.Check(); err != nil {
			return evidence{}, fmt.Errorf("decode evidence: %w", err)
		}
	}
	if d.Base {
		if d.Inventory == nil || len(d.Changed)+len(d.Removed) > 0 {
			return evidence{}, errors.New("decode evidence: a base with changes or without an inventory")
		}
	}
	return e, nil
}

// found is evidence, or why there is none.
type found struct {
	evidence evidence
	err      error
}

// find reads all evidence that a plan names, on all processors.
func find(plan step.Plan, read func(step.Place) ([]byte, error)) map[step.Place]*found {
	out := map[step.Place]*found{}
	places := make(chan step.Place, len(plan.Sources)+len(plan.Steps))
	add := func(p *step.Place) {
		if p != nil && out[*p] == nil {
			out[*p] = &found{}
			places <- *p
		}
	}
	for _, s := range plan.Sources {
		add(s.Evidence)
	}
	for _, s := range plan.Steps {
		add(s.Evidence)
	}
	close(places)
	var wg sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for p := range places {
				b, err := read(p)
				if err == nil {
					out[p].evidence, err = decodeEvidence(b)
				}
				out[p].err = err
			}
		})
	}
	wg.Wait()
	return out
}

func sorted(es []sbom.Entry) bool {
	return slices.IsSortedFunc(es, func(a, b sbom.Entry) int { return strings.Compare(string(a.Path), string(b.Path)) })
}
