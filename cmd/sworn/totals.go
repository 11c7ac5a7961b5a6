package main

import (
	"cmp"
	"slices"

	"github.com/sworn-build/sworn/provenance"
)

// totals sums up contents/v1.
type totals struct {
	Entries int `json:"entries"`
	Files   int `json:"files"`
	// Bytes of all files.
	Bytes int64 `json:"bytes"`
	// Owned files belong to one of Packages packages, Unowned to none.
	Owned    int `json:"owned"`
	Unowned  int `json:"unowned"`
	Packages int `json:"packages"`
	// ByOrigin counts entries by the class of their origin.
	ByOrigin map[string]int `json:"byOrigin"`
	// BySource counts entries by the step or material that wrote them last, most
	// first.
	BySource []sourceCount `json:"bySource"`
}

type sourceCount struct {
	Source  string `json:"source"`
	Entries int    `json:"entries"`
}

func count(c provenance.Contents) totals {
	t := totals{Entries: len(c.Files), Packages: len(c.Packages), ByOrigin: c.OriginCounts, BySource: []sourceCount{}}
	bySource := make(map[string]int)
	for _, f := range c.Files {
		bySource[f.Step]++
		if f.Type != provenance.TypeFile {
			continue
		}
		t.Files++
		t.Bytes += f.Size
		if f.Package != nil {
			t.Owned++
		} else {
			t.Unowned++
		}
	}
	for s, n := range bySource {
		t.BySource = append(t.BySource, sourceCount{s, n})
	}
	slices.SortFunc(t.BySource, func(a, b sourceCount) int {
		return cmp.Or(cmp.Compare(b.Entries, a.Entries), cmp.Compare(a.Source, b.Source))
	})
	return t
}
