package main

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/sworn-build/sworn/provenance"
)

// bringers are the steps and materials that brought packages, by purl, as the SPDX 3
// document says it: a step has a package as output, or a material contains it.
func bringers(a attested) (map[string]string, error) {
	docs := a.of(provenance.SPDX3Type)
	if len(docs) == 0 {
		return nil, nil
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
		return nil, fmt.Errorf("read SPDX 3 document: %w", err)
	}
	purls := map[string]string{}
	for _, e := range doc.Graph {
		if e.PURL != "" {
			purls[e.ID] = e.PURL
		}
	}
	out := map[string]string{}
	for _, e := range doc.Graph {
		_, name, _ := strings.Cut(e.From, "#")
		id, step := strings.CutPrefix(name, "Build-")
		if material, ok := strings.CutPrefix(name, "Material-"); ok {
			id = material
		}
		if step && e.Kind != "hasOutput" || !step && e.Kind != "contains" {
			continue
		}
		for _, to := range e.To {
			if purl := purls[to]; purl != "" {
				out[purl] = id
			}
		}
	}
	return out, nil
}
