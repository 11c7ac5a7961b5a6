package main

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/sworn-build/sworn/provenance"
)

// learnGraph takes what the SPDX 3 document says of packages: a step that has one as output
// or a material that contains it brought it, a step that has one as input or tool used it.
func (w *why) learnGraph(a attested) error {
	docs := a.of(provenance.SPDX3Type)
	if len(docs) == 0 {
		return nil
	}
	var doc struct {
		Graph []struct {
			ID   string   `json:"spdxId"`
			PURL string   `json:"software_packageUrl"`
			From string   `json:"from"`
			Kind string   `json:"relationshipType"`
			To   []string `json:"to"`
		} `json:"@graph"`
	}
	if err := json.Unmarshal(docs[0], &doc); err != nil {
		return fmt.Errorf("read SPDX 3 document: %w", err)
	}
	purls := map[string]string{}
	for _, e := range doc.Graph {
		if e.PURL != "" {
			purls[e.ID] = e.PURL
		}
	}
	w.brought, w.used = map[string]string{}, map[string]map[string]bool{}
	for _, e := range doc.Graph {
		_, name, _ := strings.Cut(e.From, "#")
		id, isStep := strings.CutPrefix(name, "Build-")
		if material, ok := strings.CutPrefix(name, "Material-"); ok {
			id = material
		}
		for _, to := range e.To {
			purl := purls[to]
			switch {
			case purl == "":
			case isStep && e.Kind == "hasOutput", !isStep && e.Kind == "contains":
				w.brought[purl] = id
			case isStep && (e.Kind == "hasInput" || e.Kind == "usesTool"):
				if w.used[purl] == nil {
					w.used[purl] = map[string]bool{}
				}
				w.used[purl][id] = true
			}
		}
	}
	return nil
}
