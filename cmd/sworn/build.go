package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/moby/buildkit/solver/errdefs"
	"github.com/spf13/cobra"

	"github.com/sworn-build/sworn/internal/build"
	"github.com/sworn-build/sworn/internal/builder"
	"github.com/sworn-build/sworn/internal/programs"
	"github.com/sworn-build/sworn/provenance/envelope"
	"github.com/sworn-build/sworn/sbom/wording"
)

func (c *cli) buildCommand() *cobra.Command {
	var f buildFlags
	cmd := &cobra.Command{
		Use:   "build [flags] PATH | URL | -",
		Short: "Build an image whose steps are recorded, without a frontend image",
		Long: `Build an image whose steps are recorded, without a frontend image.

PATH is the folder of the build context, URL a Git repository or an archive; "-" reads
an archive or a Dockerfile from standard input. The flags mean what they mean for
docker buildx build.

The Dockerfile is always built by this program, whatever its syntax line names.
Options behind that name, and build args that begin with SWORN_, are Sworn's.

It builds with --addr or --builder, else BUILDKIT_HOST, else BUILDX_BUILDER, else
buildx's current builder, else with a BuildKit that it starts and ends itself.

Exit codes: 0 built, 1 the build failed at a step or a line of the Dockerfile, or what
was built cannot be signed, 2 anything else: usage, no builder, a failed push.`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 1 {
				return nil
			}
			return &hinted{fmt.Errorf("build: %s, want one PATH, URL or -", wording.Count(len(args), "argument")), "see sworn build --help"}
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			f.options.Input.Context = args[0]
			if err := c.build(cmd.Context(), &f); err != nil {
				return buildError(fmt.Errorf("build: %w", err))
			}
			return nil
		},
	}
	f.register(cmd.Flags())
	return cmd
}

// buildError decides whose fault it was.
func buildError(err error) error {
	var u *build.UsageError
	var un *builder.UnavailableError
	var f *failure
	var h *hinted
	var load *build.LoadError
	switch {
	case errors.As(err, &f), errors.As(err, &h):
		return err
	case errors.As(err, &load) && load.Attested:
		return &hinted{err, "only docker's containerd image store takes attestations; without --provenance, --sbom and --sign the image comes alone"}
	case errors.As(err, &u), errors.Is(err, builder.ErrTwoBuilders):
		return &hinted{err, "see sworn build --help"}
	case errors.As(err, &un) && un.Hint != "":
		return &hinted{err, un.Hint}
	case errors.Is(err, programs.ErrNone):
		return &hinted{err, "build it with hack/build (make bin), which puts them in"}
	case build.AtFault(err):
		return &failure{message: err.Error()}
	}
	return err
}

func (c *cli) build(ctx context.Context, f *buildFlags) error {
	key, err := c.buildKey(f)
	if err != nil {
		return err
	}
	f.options.Environ, f.options.Stdin, f.options.Stdout = os.Environ(), c.stdin, c.stdout
	r, err := build.Prepare(f.options)
	if err != nil {
		return err
	}
	mode, err := f.displayMode()
	if err != nil {
		return err
	}
	if err := programs.Available(); err != nil {
		return err
	}
	res, err := c.runBuild(ctx, f, r, mode)
	if err != nil {
		return err
	}
	if err := f.writeResult(c, res); err != nil {
		return err
	}
	for _, image := range res.Sign {
		if err := c.signWith(ctx, image, key, false); err != nil {
			return fmt.Errorf("sign %s: %w", image, err)
		}
	}
	return nil
}

// buildKey reads the key before anything is built.
func (c *cli) buildKey(f *buildFlags) (*envelope.Key, error) {
	switch {
	case f.options.Output.Sign:
		return c.privateKey(f.key)
	case f.key != "":
		return nil, &build.UsageError{What: "--key", Err: errors.New("nothing is signed without --sign")}
	}
	return nil, nil
}

// runBuild builds. The builder is left before anything is signed.
func (c *cli) runBuild(ctx context.Context, f *buildFlags, r *build.Request, mode string) (_ *build.Result, err error) {
	f.builder.Environ = os.Environ()
	f.builder.Say = c.say
	b, err := builder.Connect(ctx, f.builder)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, b.Close()) }()
	set, err := programs.For(b.Platform.Architecture)
	if err != nil {
		return nil, err
	}
	d, err := build.NewDisplay(c.stderr, mode, b.Name)
	if err != nil {
		return nil, err
	}
	res, err := r.Run(ctx, b, set, d)
	for _, w := range d.Warnings() {
		c.say("warning: %s", w)
	}
	for _, s := range errdefs.Sources(err) {
		_ = s.Print(c.stderr) // the error itself is told in any case
	}
	return res, err
}
