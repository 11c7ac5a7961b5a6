package sbom

// Build is how an image was made, as far as an SPDX 3 document says it.
type Build struct {
	Materials []Material
	Steps     []Step // in build order
	// Image is the id of the step or material whose state is the image.
	Image string
}

// Material is an input of a build.
type Material struct {
	ID, Kind, URI string // as in the steps statement
	Digest        map[string]string
	Platform      string
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
	// Installed are the purls of packages that it brought, Read those of packages of
	// whose files it opened some; sorted.
	Installed, Read []string
}

// Parameter is a key with its value.
type Parameter struct{ Key, Value string }
