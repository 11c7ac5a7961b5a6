package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sworn-build/sworn/provenance"
	"github.com/sworn-build/sworn/sbom/export"
	"github.com/sworn-build/sworn/step"
)

func (c *cli) whyCommand() *cobra.Command {
	var o attestedOptions
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "why [--key PUB] IMAGE PATH|PACKAGE",
		Short: "Say where a file or package of an image came from",
		Long: `Say where a file or package of an image came from: the step and its line in the
Dockerfile, what the step read, the way of the bytes back to a base image, the context,
a download or the step that made them, the package and its licence.

IMAGE may also be local:DIR, the folder of a build with -o type=local. A PATH begins with
a slash; links in it are followed. A PACKAGE is a name, NAME@VERSION or a package URL. A
path or package that the image has not exits 1.`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) != 2 {
				return &hinted{fmt.Errorf("why: %d arguments, want IMAGE and PATH or PACKAGE", len(args)), "see sworn why --help"}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := c.why(cmd.Context(), args[0], args[1], o, asJSON); err != nil {
				return fmt.Errorf("why %s %s: %w", args[0], args[1], err)
			}
			return nil
		},
	}
	o.flags(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// whyOutput is the JSON of sworn why.
type whyOutput struct {
	*attested
	Asked string `json:"asked"`
	// File is there when a path was asked for, Packages otherwise: all that match.
	File     *whyFile     `json:"file,omitempty"`
	Packages []whyPackage `json:"packages,omitempty"`
}

// whyFile is an entry of the image.
type whyFile struct {
	Path step.Path `json:"path"`
	// Links were followed on the way from what was asked for.
	Links []whyLink `json:"links,omitempty"`
	Type  string    `json:"type"`
	Mode  string    `json:"mode"`
	UID   uint32    `json:"uid"`
	GID   uint32    `json:"gid"`
	Size  int64     `json:"size,omitempty"`
	// Digest of a file's bytes, "sha256:HEX".
	Digest string    `json:"digest,omitempty"`
	Target step.Path `json:"target,omitempty"`
	// Package owns it; State says whether its bytes are the package's: "intact",
	// "changed", "unexplained" when it is not known with what it was written over, "unsaid"
	// when nothing but an entry in a database says that it is the package's, and empty where a
	// package is nothing but what it owns.
	Package *whyPackage       `json:"package,omitempty"`
	State   string            `json:"state,omitempty"`
	Origin  provenance.Origin `json:"origin"`
	// Databases, of a file without a package, are those that may not tell of one.
	Databases []whyDatabase `json:"databases,omitempty"`
	// Chain is the way of the bytes, the last step first.
	Chain []hop `json:"chain"`
}

// whyDatabase is a package database that does not tell what is installed.
type whyDatabase struct {
	provenance.Database
	// Since is the step that left it so, or the material that it came with.
	Since *hop `json:"since,omitempty"`
}

// whyLink is a link that was followed.
type whyLink struct {
	Path   step.Path `json:"path"`
	Target step.Path `json:"target"`
}

// whyPackage is a package of the image, or one that a step installed and another removed.
type whyPackage struct {
	PURL             string `json:"purl"`
	Name             string `json:"name"`
	Version          string `json:"version,omitempty"`
	LicenceDeclared  string `json:"licenceDeclared,omitempty"`
	LicenceConcluded string `json:"licenceConcluded,omitempty"`
	Supplier         string `json:"supplier,omitempty"`
	Download         string `json:"download,omitempty"`
	SourceInfo       string `json:"sourceInfo,omitempty"`
	Comment          string `json:"comment,omitempty"`
	// Files of the image that it owns, and those of them that are not as it came.
	Files   int         `json:"files"`
	Changed []step.Path `json:"changed,omitempty"`
	// BroughtBy is the step that installed it, or the material that it came with.
	BroughtBy *hop `json:"broughtBy,omitempty"`
	// UnlistedBy is the step since which no database tells of it, or of its files, though
	// files of it may be there.
	UnlistedBy *hop `json:"unlistedBy,omitempty"`
	// RemovedBy is set of a package that is no longer there.
	RemovedBy *hop `json:"removedBy,omitempty"`
}

// hop is a step or material on the way of some bytes.
type hop struct {
	ID   string `json:"id"`
	Kind string `json:"kind"`
	// What a step did and its lines in the Dockerfile, or the URI of a material.
	What  string       `json:"what"`
	Lines []step.Lines `json:"lines,omitempty"`
	// Path where the bytes lay there; empty when it is not known.
	Path step.Path `json:"path,omitempty"`
	// Digest of a material.
	Digest map[string]string `json:"digest,omitempty"`
	// Carried are the SPDX documents of the image's base.
	Carried *step.Carried `json:"carried,omitempty"`
	// Read is what a RUN read, Downloads the URIs of what it downloaded.
	Read      *provenance.Inputs `json:"read,omitempty"`
	Downloads []string           `json:"downloads,omitempty"`
}

func (c *cli) why(ctx context.Context, ref, asked string, o attestedOptions, asJSON bool) error {
	return c.attestedOf(ctx, ref, o, func(a attested) error {
		w, err := newWhy(a)
		if err != nil {
			return err
		}
		// Contents and steps answer without documents. Those may be of another tool.
		if err := w.learnDocuments(a); err != nil {
			c.say("warning: licences and suppliers are not known: %v", err)
		}
		out := whyOutput{attested: &a, Asked: asked}
		if strings.HasPrefix(asked, "/") {
			out.File, err = w.file(asked)
		} else {
			out.Packages, err = w.packages(asked)
		}
		if err != nil {
			return err
		}
		if asJSON {
			return c.printJSON(out)
		}
		return c.printWhy(out)
	})
}

// why answers questions about one platform.
type why struct {
	contents provenance.Contents
	files    map[step.Path]*provenance.File
	steps    map[string]*provenance.Step
	order    []*provenance.Step
	material map[string]*provenance.Material
	image    string // the state that is the image
	// known are the packages of the SPDX document by purl; none without a document.
	known map[string]*whyPackage
	// brought are the steps and materials that brought packages, by purl, as far as the
	// SPDX 3 document says it.
	brought map[string]string
}

func newWhy(a attested) (*why, error) {
	contents, err := a.contents()
	if err != nil {
		return nil, err
	}
	steps, err := a.steps()
	if err != nil {
		return nil, err
	}
	w := &why{
		contents: contents, files: make(map[step.Path]*provenance.File, len(contents.Files)),
		image: steps.Image, steps: map[string]*provenance.Step{}, material: map[string]*provenance.Material{}, known: map[string]*whyPackage{},
	}
	for i := range contents.Files {
		w.files[contents.Files[i].Path] = &contents.Files[i]
	}
	for i := range steps.Steps {
		w.steps[steps.Steps[i].ID] = &steps.Steps[i]
		w.order = append(w.order, &steps.Steps[i])
	}
	for i := range steps.Materials {
		w.material[steps.Materials[i].ID] = &steps.Materials[i]
	}
	return w, nil
}

// learnDocuments takes what the SPDX documents say of packages.
func (w *why) learnDocuments(a attested) error {
	brought, err := bringers(a)
	if err != nil {
		return err
	}
	w.brought = brought
	docs := a.of(provenance.SPDXType)
	if len(docs) == 0 {
		return nil
	}
	doc, err := export.Read(docs[0])
	if err != nil {
		return err
	}
	w.learn(doc)
	return nil
}

// learn takes what a document says of packages.
func (w *why) learn(doc *export.Document) {
	outside := export.Outside(doc)
	for _, p := range doc.Packages {
		for _, r := range p.PackageExternalReferences {
			if r.RefType != "purl" || outside[string(p.PackageSPDXIdentifier)] {
				continue
			}
			k := &whyPackage{
				PURL: r.Locator, Name: p.PackageName, Version: p.PackageVersion,
				LicenceDeclared: said(p.PackageLicenseDeclared), LicenceConcluded: said(p.PackageLicenseConcluded),
				Download: said(p.PackageDownloadLocation), SourceInfo: p.PackageSourceInfo, Comment: p.PackageComment,
			}
			if p.PackageSupplier != nil {
				k.Supplier = said(p.PackageSupplier.Supplier)
			}
			w.known[r.Locator] = k
		}
	}
}

// said is a value that says something.
func said(s string) string {
	if s == "NOASSERTION" || s == "NONE" {
		return ""
	}
	return s
}
