package signature

import (
	"context"
	"fmt"
	"slices"
	"strings"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/sworn-build/sworn/provenance"
	"github.com/sworn-build/sworn/provenance/image"
	"github.com/sworn-build/sworn/provenance/referrers"
)

// Source is where an image and its referrers are read.
type Source interface {
	image.Fetcher
	Referrers(ctx context.Context, subject ocispec.Descriptor) ([]ocispec.Descriptor, error)
}

// Store is a source that referrers can be added to.
type Store interface {
	Source
	Attach(ctx context.Context, add []referrers.Artifact) error
}

// Options of [Sign] and [Verify]. The zero value works.
type Options struct {
	// Name of the image in signed statements: the repository without a tag.
	Name string
	// Progress is told what takes long, in a few words, before it is done.
	Progress func(what string)
}

func (o Options) progress(format string, args ...any) {
	if o.Progress != nil {
		o.Progress(fmt.Sprintf(format, args...))
	}
}

// required are the statements without which an image is neither signed nor
// verified.
func required() []string {
	return []string{provenance.StepsType, provenance.ContentsType, provenance.SPDXType}
}

// provenanceTypes are the predicate types of BuildKit's own provenance.
func provenanceTypes() []string {
	return []string{provenance.SLSAv1Type, provenance.SLSAv02Type}
}

// MissingError says which statements a platform lacks.
type MissingError struct {
	Platform string
	Types    []string
}

// Error implements error.
func (e *MissingError) Error() string {
	return fmt.Sprintf("platform %s has no statement of type %s", e.Platform, strings.Join(e.Types, ", "))
}

// DifferenceError says that contents/v1 is not what the layers hold.
type DifferenceError struct {
	Platform string
	// Differences has at least one entry.
	Differences []image.Difference
}

// Error implements error.
func (e *DifferenceError) Error() string {
	s := fmt.Sprintf("contents of %s differ from the layers: %v", e.Platform, e.Differences[0])
	if n := len(e.Differences) - 1; n > 0 {
		s += fmt.Sprintf(", and %d more", n)
	}
	return s
}

// missing returns the required types that are not attached.
func missing(attached []image.Attached) []string {
	return slices.DeleteFunc(required(), func(t string) bool { return len(ofType(attached, t)) > 0 })
}

func ofType(attached []image.Attached, t string) []image.Attached {
	var out []image.Attached
	for _, a := range attached {
		if a.Statement.PredicateType == t {
			out = append(out, a)
		}
	}
	return out
}

// checkContents compares the contents/v1 statement with the layers.
//
// Errors: [DifferenceError]; [image.ContentError].
func checkContents(ctx context.Context, src Source, p image.Platform, attached []image.Attached, opts Options) (image.Rootfs, error) {
	stated := ofType(attached, provenance.ContentsType)
	if len(stated) != 1 {
		return image.Rootfs{}, &image.ContentError{
			Subject: "platform " + p.Name,
			Err:     fmt.Errorf("%d statements of type %s, want 1", len(stated), provenance.ContentsType),
		}
	}
	contents, err := provenance.DecodeContents(stated[0].Statement.Predicate)
	if err != nil {
		return image.Rootfs{}, &image.ContentError{Subject: "statement " + provenance.ContentsType + " of " + p.Name, Err: err}
	}
	opts.progress("comparing %d files of %s with its layers", len(contents.Files), p.Name)
	rootfs, err := image.ReadRootfs(ctx, src, p.Manifest)
	if err != nil {
		return rootfs, err
	}
	if diffs := image.Compare(contents.Files, rootfs.Files); len(diffs) > 0 {
		return rootfs, &DifferenceError{p.Name, diffs}
	}
	return rootfs, nil
}
