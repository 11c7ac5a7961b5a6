package sbom

import (
	"maps"
	"slices"
	"strings"

	"github.com/sworn-build/sworn/step"
)

// Build is how an image was made, as far as documents say it.
type Build struct {
	Materials []Material
	Steps     []Step // in build order; SPDX 2.3 has no place for them
	// Image is the id of the step or material whose state is the image.
	Image string
	// Base is the image that it begins with; nil of scratch and other material.
	Base *Base
}

// Material is an input of a build.
type Material struct {
	ID, Kind, URI string // as in the steps statement
	Digest        map[string]string
	Platform      string
}

// kindDownload is the kind of a material that a step downloaded.
const kindDownload = "download"

// download is what a download is to packages.
func (m Material) download() Download { return Download{URL: m.URI, SHA256: m.Digest["sha256"]} }

// purpose is what it is, as SPDX 3 has it; SPDX 2.3 has the same words in capitals.
func (m Material) purpose() string {
	switch m.Kind {
	case step.SourceImage, step.SourceOCILayout:
		return "container"
	case step.SourceGit, step.SourceLocal:
		return "source"
	}
	return "file"
}

func (m Material) comment() string {
	switch {
	case m.Platform != "":
		return "platform " + m.Platform
	case m.Kind == step.SourceLocal:
		return "the checksum is the digest of the tree, as docs/statements.md of Sworn defines it"
	}
	return ""
}

// version is the commit or the digest: a tag may be another's tomorrow.
func (m Material) version() string {
	if commit := m.Digest["gitCommit"]; commit != "" {
		return commit
	}
	if hashes := m.hashes(); len(hashes) > 0 {
		return hashes[0].algorithm + ":" + hashes[0].value
	}
	return ""
}

// hashes are the digests that SPDX has a word for.
func (m Material) hashes() []hash3 {
	var out []hash3
	for _, algorithm := range slices.Sorted(maps.Keys(m.Digest)) {
		switch algorithm {
		case "sha1", "sha256", "sha384", "sha512":
			out = append(out, hash3{algorithm: algorithm, value: m.Digest[algorithm]})
		}
	}
	return out
}

// downloadLocation of a URL; of a git repository it has the commit (SPDX 2.3, section 7.7).
func (m Material) downloadLocation() string {
	location, _, _ := strings.Cut(m.URI, "#")
	if !strings.Contains(location, "://") {
		return noAssertion
	}
	if m.Kind != step.SourceGit {
		return m.URI
	}
	if commit := m.Digest["gitCommit"]; commit != "" {
		location += "@" + commit
	}
	return location
}

// Step is one step of a build.
type Step struct {
	ID, Kind, Name string
	// Parameters are how it was called, Environment its variables, in order.
	Parameters, Environment []Parameter
	// Inputs are ids of the materials, and of the steps whose states, it started from or
	// read, each once.
	Inputs []string
	// Digest over what it wrote, lower-case hex; empty when that was not described.
	Digest                  string
	Added, Changed, Removed int // entries
	// Read are the purls of packages of whose files it opened some, sorted.
	Read []string
}

// Parameter is a key with its value.
type Parameter struct{ Key, Value string }
