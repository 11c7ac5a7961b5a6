package build

import (
	"fmt"
	"io"
)

// Options are the flags of a build. The zero value of everything but Input.Context is
// what a flag that is not given means.
type Options struct {
	Input   Input
	Steps   Steps
	Output  Output
	Cache   Cache
	Secrets Secrets
	// Environ holds KEY=value entries: values of build args and secrets, defaults.
	Environ []string
	// Stdin is the context, the Dockerfile or neither.
	Stdin io.Reader
	// Stdout gets what an output of "-" writes.
	Stdout io.Writer
}

// Input is where files come from.
type Input struct {
	Context  string   // folder, URL, "-"
	File     string   // Dockerfile: path, "-"
	Contexts []string // NAME=VALUE
}

// Steps are how the Dockerfile is built.
type Steps struct {
	Target        string
	Args          []string // NAME=VALUE, or NAME: from the environment
	Labels        []string // NAME=VALUE
	Platforms     []string // may hold commas
	Network       string   // default, host, none
	Hosts         []string // NAME:IP
	ShmSize       string   // "64m"
	Ulimits       []string // NAME=SOFT[:HARD]
	Allow         []string
	NoCache       bool
	NoCacheFilter []string // stages, may hold commas
	Pull          bool
	BaseTrust     []string // files and folders, see package trust
	Roots         []string // files and folders, see package roots
}

// Output is where the result goes.
type Output struct {
	Tags        []string
	Push, Load  bool
	To          []string // type=TYPE[,KEY=VALUE...], FOLDER, "-"
	Annotations []string // [TYPE:]KEY=VALUE
	Attests     []string // type=TYPE[,KEY=VALUE...]
	Provenance  string
	SBOM        string
	// Sign: the image will be signed, so it must have something to sign.
	Sign bool
}

// Cache is where cached steps come from and go to, besides the builder's own.
type Cache struct {
	From, To []string // type=TYPE[,KEY=VALUE...], REF
}

// Secrets are what steps may use and nothing keeps.
type Secrets struct {
	Secrets []string // id=ID[,src=FILE|,env=NAME]
	SSH     []string // ID[=SOCKET|KEY[,KEY]]
}

// UsageError is a flag or an argument that cannot be.
type UsageError struct {
	What string // the flag
	Err  error
}

// Error implements error.
func (e *UsageError) Error() string { return fmt.Sprintf("%s: %v", e.What, e.Err) }

// Unwrap implements errors.Unwrap.
func (e *UsageError) Unwrap() error { return e.Err }

func usage(what, format string, args ...any) error {
	return &UsageError{what, fmt.Errorf(format, args...)}
}

// wrapUsage names the flag of an error.
func wrapUsage(what string, err error) error {
	if err == nil {
		return nil
	}
	return &UsageError{what, err}
}
