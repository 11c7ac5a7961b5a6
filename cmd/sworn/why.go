package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/spf13/cobra"

	"github.com/sworn-build/sworn/provenance"
	"github.com/sworn-build/sworn/sbom/wording"
)

// whyOptions say how an answer is looked for and printed.
type whyOptions struct {
	attestedOptions
	json, follow bool
}

func (c *cli) whyCommand() *cobra.Command {
	var o whyOptions
	cmd := &cobra.Command{
		Use:   "why [--key PUB] [--follow] IMAGE PATH|PACKAGE",
		Short: "Say where a file or package of an image came from",
		Long: `Say where a file or package of an image came from: the step and its line in the
Dockerfile, what the step read, the way of the bytes back to a base image, the context,
a download or the step that made them, the package and its licence.

IMAGE may also be local:DIR, the folder of a build with -o type=local. A PATH begins with
a slash; links in it are followed. A PACKAGE is a name, NAME@VERSION or a package URL. A
path or package that the image has not exits 1; of one that it had, or that is in another
stage, it says so.

Where the way leads into an image, the command to go on with is printed. --follow goes on
by itself, as long as images have statements of Sworn; with --key each has to be signed with
that key. --plain-http holds for the registry of IMAGE alone.`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) != 2 {
				return &hinted{fmt.Errorf("why: %s, want IMAGE and PATH or PACKAGE", wording.Count(len(args), "argument")), "see sworn why --help"}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := c.why(cmd.Context(), args[0], args[1], o); err != nil {
				return fmt.Errorf("why %s %s: %w", args[0], args[1], err)
			}
			return nil
		},
	}
	o.flags(cmd)
	cmd.Flags().BoolVar(&o.json, "json", false, "print JSON")
	cmd.Flags().BoolVar(&o.follow, "follow", false, "go on in base images that have statements of Sworn")
	return cmd
}

// why prints an answer. What is gone has an answer and is a failure as well.
func (c *cli) why(ctx context.Context, ref, asked string, o whyOptions) error {
	ctx, cancel := context.WithTimeout(ctx, c.timeout) // for all images
	defer cancel()
	out, failed := c.whyOf(ctx, ref, asked, o)
	if out == nil {
		return failed
	}
	if o.follow {
		failed = errors.Join(failed, c.followBase(ctx, hostOf(ref), out, o))
	}
	var err error
	if o.json {
		err = c.printJSON(out)
	} else {
		err = c.printWhy(*out)
	}
	return errors.Join(err, failed)
}

// whyOf answers from the statements of one image. An answer that is not nil can be printed,
// whatever the error.
func (c *cli) whyOf(ctx context.Context, ref, asked string, o whyOptions) (*whyOutput, error) {
	var out *whyOutput
	o.needs, o.wanted = []string{provenance.ContentsType, provenance.StepsType}, whyReads
	err := c.attestedOf(ctx, ref, o.attestedOptions, func(a attested) error {
		w, err := newWhy(a)
		if err != nil {
			return err
		}
		// Contents and steps answer without documents. Those may be of another tool.
		w.documents = sync.OnceFunc(func() {
			if err := w.learnDocuments(a); err != nil {
				c.say("warning: licences and suppliers are not known: %v", err)
			}
		})
		answer := whyOutput{attested: &a, Asked: asked, NoDocument: w.noDocument}
		err = c.answer(w, asked, &answer)
		a.statements = nil // the way may lead through many images
		if err == nil || answer.Gone != nil {
			out = &answer
		}
		return err
	})
	return out, err
}

// whyReads says which statements an answer is made from. Documents in parts have all
// packages in the first.
func whyReads(predicateType string, nth int) bool {
	switch predicateType {
	case provenance.ContentsType, provenance.StepsType:
		return true
	case provenance.SPDXType, provenance.SPDX3Type:
		return nth == 0
	}
	return false
}

// answer finds what was asked for. Text without a slash in front that names no package is
// taken as a path, when there is such a one.
func (c *cli) answer(w *why, asked string, out *whyOutput) error {
	var err error
	if strings.HasPrefix(asked, "/") {
		out.File, out.Gone, err = w.file(asked)
		return err
	}
	if out.Packages, out.OtherStages, err = w.packages(asked); err == nil || strings.HasPrefix(asked, "pkg:") || asked == "" {
		return err
	}
	if file, _, failed := w.file("/" + asked); failed == nil {
		c.say("there is no package %q, so it is taken as the path %s", asked, string(file.Path))
		out.File = file
		return nil
	}
	return err
}
