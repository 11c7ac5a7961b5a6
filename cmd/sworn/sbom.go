package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	cdx "github.com/CycloneDX/cyclonedx-go"
	"github.com/spf13/cobra"

	"github.com/sworn-build/sworn/provenance"
	"github.com/sworn-build/sworn/provenance/mtree"
	"github.com/sworn-build/sworn/sbom/check"
	"github.com/sworn-build/sworn/sbom/export"
	"github.com/sworn-build/sworn/sbom/wording"
)

// Formats of sworn sbom.
const (
	formatSPDX     = "spdx-json"
	formatSPDX3    = "spdx3-json"
	formatTagValue = "spdx-tag-value"
	formatCDX      = "cyclonedx-json"
	formatMtree    = "mtree"
	formatTable    = "table"
)

func sbomFormats() []string {
	return []string{formatSPDX, formatSPDX3, formatTagValue, formatCDX, formatMtree, formatTable}
}

type sbomOptions struct {
	attestedOptions
	format, file string
	part         int
	check, json  bool
	require      []string
}

func (c *cli) sbomCommand() *cobra.Command {
	o := sbomOptions{}
	cmd := &cobra.Command{
		Use:   "sbom [--format FORMAT] [-o FILE] IMAGE | sbom --check IMAGE|FILE",
		Short: "Print, export or check an image's bill of materials",
		Long: `Print, export or check an image's bill of materials.

IMAGE may also be local:DIR, the folder of a build with -o type=local.

Formats:
  spdx-json       SPDX 2.3 as it is attested, byte for byte (the default)
  spdx3-json      SPDX 3.0.1 as it is attested, byte for byte
  spdx-tag-value  SPDX 2.3 as tag-value
  cyclonedx-json  CycloneDX 1.6, with the build's steps as its formulation
  mtree           all files, for gomtree and bsdtar
  table           the packages, for people

With --check the documents of an image, or in a FILE ("-" is standard input), are
checked against the rules of their formats, and for minimum elements: ntia (NTIA 2021),
cisa (CISA 2025, draft), bsi (BSI TR-03183-2 v2.1), telco (OpenChain Telco). An argument
that names a file is a FILE. A document that is not valid exits 1; one that lacks minimum
elements does with --require.`,
		Args: oneImage,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := c.sbom(cmd.Context(), args[0], o); err != nil {
				return fmt.Errorf("sbom %s: %w", args[0], err)
			}
			return nil
		},
	}
	o.flags(cmd)
	cmd.Flags().StringVar(&o.format, "format", formatSPDX, strings.Join(sbomFormats(), ", "))
	cmd.Flags().StringVarP(&o.file, "output", "o", "", "write to a file, at once or not at all")
	cmd.Flags().IntVar(&o.part, "part", 0, "of a document in parts, the part with this number")
	cmd.Flags().BoolVar(&o.check, "check", false, "check documents instead of printing one")
	cmd.Flags().StringSliceVar(&o.require, "require", nil, "with --check, minimum elements that must be there: "+strings.Join(check.Tables(), ", "))
	cmd.Flags().BoolVar(&o.json, "json", false, "with --check, print JSON")
	return cmd
}

func (o *sbomOptions) validate() error {
	if !slices.Contains(sbomFormats(), o.format) {
		return &hinted{fmt.Errorf("unknown format %q", o.format), "formats are " + strings.Join(sbomFormats(), ", ")}
	}
	for _, r := range o.require {
		if !slices.Contains(check.Tables(), r) {
			return &hinted{fmt.Errorf("unknown minimum elements %q", r), "they are " + strings.Join(check.Tables(), ", ")}
		}
	}
	switch {
	case !o.check && (o.json || len(o.require) > 0):
		return &hinted{errors.New("--json and --require are for --check"), "--format says how a document is printed"}
	case o.check && (o.file != "" || o.part != 0 || o.format != formatSPDX):
		return &hinted{errors.New("--check prints no document"), "leave out --format, --part and -o"}
	case o.part < 0 || o.part > 0 && (o.format == formatMtree || o.format == formatTable):
		return &hinted{fmt.Errorf("no part %d", o.part), "parts are numbered from 1, and are of documents of SPDX and CycloneDX"}
	}
	return nil
}

func (c *cli) sbom(ctx context.Context, ref string, o sbomOptions) error {
	if err := o.validate(); err != nil {
		return err
	}
	if o.check {
		return c.sbomCheck(ctx, ref, o)
	}
	return c.attestedOf(ctx, ref, o.attestedOptions, func(a attested) error {
		write, err := c.sbomWriter(a, o)
		if err != nil {
			return err
		}
		return c.output(o.file, write)
	})
}

// sbomWriter makes what writes the format that is asked for.
func (c *cli) sbomWriter(a attested, o sbomOptions) (func(io.Writer) error, error) {
	switch o.format {
	case formatMtree:
		contents, err := a.contents()
		return func(w io.Writer) error { return mtree.Write(w, contents) }, err
	case formatSPDX3:
		b, err := c.document(a, provenance.SPDX3Type, o.part)
		return raw(b), err
	}
	b, err := c.document(a, provenance.SPDXType, o.part)
	if err != nil || o.format == formatSPDX {
		return raw(b), err
	}
	doc, err := export.Read(b)
	if err != nil {
		return nil, &failure{message: err.Error()}
	}
	switch o.format {
	case formatTagValue:
		return func(w io.Writer) error { return export.TagValue(w, doc) }, nil
	case formatCDX:
		formulas, err := a.formulas()
		return func(w io.Writer) error { return export.CycloneDX(w, doc, formulas) }, err
	}
	contents, err := a.contents()
	return func(w io.Writer) error { return c.printBOM(w, a, doc, contents) }, err
}

func raw(b []byte) func(io.Writer) error {
	return func(w io.Writer) error {
		_, err := io.Copy(w, bytes.NewReader(b))
		return err
	}
}

// document returns a document: the first of its type is the image's, its parts follow.
func (c *cli) document(a attested, kind string, part int) ([]byte, error) {
	all := a.of(kind)
	if len(all) == 0 {
		return nil, a.lacks(kind)
	}
	if part >= len(all) {
		return nil, &hinted{fmt.Errorf("no part %d", part), fmt.Sprintf("the image has %s of type %s, and the first is no part", wording.Count(len(all), "document"), kind)}
	}
	if more := len(all) - 1; more > 0 && part == 0 {
		c.say("%s of this type not printed: parts with files, or of other tools; --part 1 prints the next", wording.Count(more, "document"))
	}
	return all[part], nil
}

// formulas are how the image was built, if it says so.
func (a *attested) formulas() ([]cdx.Formula, error) {
	if len(a.of(provenance.StepsType)) == 0 {
		return nil, nil
	}
	s, err := a.steps()
	if err != nil {
		return nil, err
	}
	return []cdx.Formula{formula(s)}, nil
}
