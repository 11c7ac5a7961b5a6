package signature

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/sworn-build/sworn/provenance"
	"github.com/sworn-build/sworn/provenance/image"
	"github.com/sworn-build/sworn/provenance/referrers"
	"github.com/sworn-build/sworn/step"
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

// ours are the types of Sworn's statements.
func ours() []string {
	return []string{provenance.StepsType, provenance.ContentsType, provenance.SPDXType, provenance.SPDX3Type}
}

// required are the statements without which an image is neither signed nor verified. There
// are no documents under sbom=off.
func required(attached []image.Attached) []string {
	if sbomOption(attached) == step.SBOMOff {
		return []string{provenance.StepsType, provenance.ContentsType}
	}
	return ours()
}

// sbomOption is the build's option of which documents there are, as steps/v1 has it.
func sbomOption(attached []image.Attached) string {
	for _, a := range ofType(attached, provenance.StepsType) {
		var s struct {
			Options map[string]string `json:"options"`
		}
		if json.Unmarshal(a.Statement.Predicate, &s) == nil {
			return s.Options[step.OptionSBOM]
		}
	}
	return ""
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
	return slices.DeleteFunc(required(attached), func(t string) bool { return len(ofType(attached, t)) > 0 })
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

// single are the types of which a platform has one statement at most: of two, it
// would not be told which one counts.
func single() []string {
	return append(provenanceTypes(), provenance.StepsType, provenance.ContentsType)
}

// unknown lists the attached types that Sworn knows nothing about.
func unknown(attached []image.Attached) []string {
	known := append(ours(), provenanceTypes()...)
	var out []string
	for _, a := range attached {
		if t := a.Statement.PredicateType; !slices.Contains(known, t) && !slices.Contains(out, t) {
			out = append(out, t)
		}
	}
	return out
}

// checkContents verifies that Sworn's own statements hold together and are about
// the platform, and compares contents/v1 with the layers.
//
// Errors: [DifferenceError]; [image.ContentError].
func checkContents(ctx context.Context, src Source, p image.Platform, attached []image.Attached, opts Options) (image.Rootfs, error) {
	contents, err := readContents(p, attached)
	if err != nil {
		return image.Rootfs{}, err
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

// readContents returns the contents/v1 of a platform once steps/v1 and SPDX documents agree
// with it.
func readContents(p image.Platform, attached []image.Attached) (provenance.Contents, error) {
	var none provenance.Contents
	for _, t := range single() {
		if n := len(ofType(attached, t)); n > 1 {
			return none, contentErrorf("platform "+p.Name, "%d statements of type %s, want 1", n, t)
		}
	}
	if types := missing(attached); len(types) > 0 {
		return none, &MissingError{p.Name, types}
	}
	contents, err := provenance.DecodeContents(ofType(attached, provenance.ContentsType)[0].Statement.Predicate)
	if err != nil {
		return none, contentErrorf("statement "+provenance.ContentsType+" of "+p.Name, "%w", err)
	}
	steps, err := provenance.DecodeSteps(ofType(attached, provenance.StepsType)[0].Statement.Predicate)
	if err != nil {
		return none, contentErrorf("statement "+provenance.StepsType+" of "+p.Name, "%w", err)
	}
	for t, platform := range map[string]string{provenance.ContentsType: contents.Platform, provenance.StepsType: steps.Platform} {
		if !image.SamePlatform(platform, p.Name) {
			return none, contentErrorf("statement "+t+" of "+p.Name, "it is about platform %.200q", platform)
		}
	}
	if err := checkWriters(p, contents, steps); err != nil {
		return none, err
	}
	return contents, checkDocuments(p, contents, steps.Options[step.OptionSBOM], attached)
}

// checkWriters verifies that steps/v1 has every step or material that contents/v1
// says wrote a file, was where its bytes came to be, or left a package database broken.
func checkWriters(p image.Platform, contents provenance.Contents, steps provenance.Steps) error {
	known := make(map[string]bool, len(steps.Steps)+len(steps.Materials))
	for i := range steps.Steps {
		known[steps.Steps[i].ID] = true
	}
	for _, m := range steps.Materials {
		known[m.ID] = true
	}
	for _, f := range contents.Files {
		if !known[f.Step] {
			return contentErrorf("statement "+provenance.ContentsType+" of "+p.Name,
				"%.500q was written by %.200q, which steps/v1 does not have", string(f.Path), f.Step)
		}
	}
	for _, o := range contents.Origins {
		if !known[o.From] {
			return contentErrorf("statement "+provenance.ContentsType+" of "+p.Name,
				"files of class %s are from %.200q, which steps/v1 does not have", o.Class, o.From)
		}
	}
	for _, d := range contents.Databases {
		if !known[d.Step] {
			return contentErrorf("statement "+provenance.ContentsType+" of "+p.Name,
				"the package database %.500q is as it is since %.200q, which steps/v1 does not have", string(d.Path), d.Step)
		}
	}
	return nil
}

func contentErrorf(subject, format string, args ...any) error {
	return &image.ContentError{Subject: subject, Err: fmt.Errorf(format, args...)}
}
