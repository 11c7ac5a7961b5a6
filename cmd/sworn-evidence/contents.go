package main

import (
	"errors"
	"fmt"
	"slices"

	"github.com/sworn-build/sworn/provenance"
	"github.com/sworn-build/sworn/sbom"
)

// encodeContents adds the Merkle root to contents and encodes them. Those that are too large
// go without the paths at origins, which no check needs. What nobody could read back must
// not leave this place.
func encodeContents(c provenance.Contents) ([]byte, error) {
	c.MerkleRoot = c.Root()
	b, err := provenance.EncodeContents(c)
	var size *provenance.SizeError
	if errors.As(err, &size) {
		for i := range c.Files {
			c.Files[i].OriginPath = ""
		}
		c.MerkleRoot = c.Root()
		b, err = provenance.EncodeContents(c)
	}
	if err != nil {
		return nil, fmt.Errorf("contents of %d files: %w", len(c.Files), err)
	}
	return b, readableContents(c, b)
}

// contentsOf makes the contents of attributed entries, which are sorted, without the Merkle
// root.
func contentsOf(platform string, files []sbom.Held) provenance.Contents {
	c := provenance.Contents{Platform: platform, Files: make([]provenance.File, 0, len(files)), Packages: []string{}}
	index := map[string]*int{} // one number for all files of a package
	for i, purl := range owners(files) {
		index[purl] = &i
		c.Packages = append(c.Packages, purl)
	}
	origins := map[provenance.Origin]int{}
	c.Origins = originsOf(files)
	for i, o := range c.Origins {
		origins[o] = i
	}
	for i := range files {
		h := &files[i]
		f := contentsFile(&h.Entry)
		f.Step, f.Origin, f.OriginPath = h.Step, origins[listedOrigin(h)], h.Origin.Path
		if h.Package != "" {
			f.Package = index[h.Package]
		}
		c.Files = append(c.Files, f)
	}
	c.OriginCounts = provenance.CountOrigins(c.Files, c.Origins)
	c.Digest = provenance.ContentsDigest(c.Files)
	return c
}

// originsOf are the origins of entries, each once, sorted.
func originsOf(files []sbom.Held) []provenance.Origin {
	seen := map[provenance.Origin]bool{}
	out := []provenance.Origin{}
	for i := range files {
		if o := listedOrigin(&files[i]); !seen[o] {
			seen[o] = true
			out = append(out, o)
		}
	}
	slices.SortFunc(out, provenance.Origin.Compare)
	return out
}

// listedOrigin is an entry's origin without its path, as contents list it.
func listedOrigin(h *sbom.Held) provenance.Origin {
	return provenance.Origin{Class: h.Origin.Class, From: h.Origin.From, Of: h.Origin.Of, Reason: h.Origin.Reason}
}

// databasesOf are the package databases that do not tell what is installed.
func databasesOf(broken []sbom.BrokenDatabase) []provenance.Database {
	var out []provenance.Database
	for _, b := range broken {
		out = append(out, provenance.Database{Type: b.Type, Path: b.Path, Step: b.By, Removed: b.Removed, Reason: b.Reason})
	}
	return out
}
