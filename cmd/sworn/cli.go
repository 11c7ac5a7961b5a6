package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/sworn-build/sworn/provenance/repository"
	"github.com/sworn-build/sworn/provenance/signature"
	"github.com/sworn-build/sworn/sbom/wording"
)

// Exit codes.
const (
	exitPass  = 0
	exitFail  = 1 // the image is at fault
	exitError = 2 // it could not be told
)

// defaultTimeout bounds a whole command: time enough for layers of some GB.
const defaultTimeout = 30 * time.Minute

// cli is the state that all verbs share.
type cli struct {
	stdin          *os.File
	stdout, stderr io.Writer
	// color is wanted on standard output, which is a terminal.
	color, terminal bool

	plainHTTP bool
	timeout   time.Duration
}

func newCLI(stdin *os.File, stdout, stderr *os.File) *cli {
	return &cli{stdin: stdin, stdout: stdout, stderr: stderr, color: wantsColor(stdout), terminal: term.IsTerminal(int(stdout.Fd()))}
}

// failure is an image at fault. Its message has been composed for people.
type failure struct {
	message string
	hints   []string
}

// Error implements error.
func (f *failure) Error() string { return f.message }

// hinted is an error with something to try.
type hinted struct {
	error
	hint string
}

// Unwrap implements errors.Unwrap.
func (h *hinted) Unwrap() error { return h.error }

// run runs a command line and returns the exit code.
func (c *cli) run(ctx context.Context, args []string) int {
	root := c.command()
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return exitPass
	}
	c.say("%v", err)
	var f *failure
	if errors.As(err, &f) {
		for _, h := range f.hints {
			c.say("hint: %s", h)
		}
		return exitFail
	}
	var h *hinted
	if errors.As(err, &h) {
		c.say("hint: %s", h.hint)
	}
	return exitError
}

// say writes a line to standard error.
func (c *cli) say(format string, args ...any) {
	fmt.Fprintln(c.stderr, "sworn: "+printable(fmt.Sprintf(format, args...)))
}

func (c *cli) command() *cobra.Command {
	root := &cobra.Command{
		Use:   "sworn",
		Short: "Build images that account for themselves; sign, verify and show that account",
		Long: `Build images that account for themselves; sign, verify and show that account.

IMAGE is HOST/NAME:TAG, HOST/NAME@sha256:HEX, oci:DIR[:TAG] or oci-archive:FILE.
Credentials for registries are Docker's (~/.docker/config.json, DOCKER_CONFIG).

Exit codes: 0 pass, 1 the image is at fault, 2 it could not be told.`,
		SilenceUsage:      true,
		SilenceErrors:     true,
		CompletionOptions: cobra.CompletionOptions{DisableDefaultCmd: true},
		Args:              cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return &hinted{errors.New("no command"), "see sworn --help"}
		},
	}
	root.SetOut(c.stdout)
	root.SetErr(c.stderr)
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return &hinted{err, "see " + cmd.CommandPath() + " --help"}
	})
	flags := root.PersistentFlags()
	flags.BoolVar(&c.plainHTTP, "plain-http", false,
		"UNSAFE: talk to the registry without TLS (registries on this machine always are)")
	flags.DurationVar(&c.timeout, "timeout", defaultTimeout, "give up after this long")
	root.AddCommand(c.buildCommand(), c.keyCommand(), c.signCommand(), c.verifyCommand(), c.inspectCommand(), c.allowCommand(), c.sbomCommand(), c.whyCommand(), c.versionCommand())
	return root
}

// oneImage is the Args of verbs that take an image.
func oneImage(cmd *cobra.Command, args []string) error {
	if len(args) == 1 {
		return nil
	}
	return &hinted{fmt.Errorf("%s: %s, want one IMAGE", cmd.Name(), wording.Count(len(args), "argument")), "see " + cmd.CommandPath() + " --help"}
}

// withImage opens an image's repository for the length of a call.
func (c *cli) withImage(ctx context.Context, image string, do func(context.Context, *repository.Repository) error) error {
	ref, err := repository.Parse(image)
	if err != nil {
		return &hinted{err, "an image is HOST/NAME:TAG, HOST/NAME@sha256:HEX, oci:DIR[:TAG] or oci-archive:FILE"}
	}
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	repo, err := repository.Open(ctx, ref, repository.Options{PlainHTTPUnsafe: c.plainHTTP, UserAgent: "sworn/" + version()})
	if err != nil {
		return named(err)
	}
	err = do(ctx, repo)
	// A dial that took too long is a deadline as well, but not this one.
	if err != nil && errors.Is(ctx.Err(), context.DeadlineExceeded) {
		err = &hinted{fmt.Errorf("%w: not done after %s", err, c.timeout), "give it more time with --timeout"}
	}
	return errors.Join(connection(err), repo.Close())
}

// resolve finds out which image is meant.
func resolve(ctx context.Context, repo *repository.Repository) (ocispec.Descriptor, error) {
	d, err := repo.Resolve(ctx)
	return d, named(err)
}

// named adds what to try when there is no image of the name.
func named(err error) error {
	if errors.Is(err, repository.ErrNotFound) {
		return &hinted{err, "check the name and the tag, and that it was pushed"}
	}
	return connection(err)
}

// connection adds what to try when an image cannot be had.
func connection(err error) error {
	var f *failure
	var h *hinted
	switch {
	case err == nil, errors.As(err, &f), errors.As(err, &h):
		return err
	case errors.Is(err, repository.ErrNotFound):
		return &hinted{err, "the image lists content that is not there: it was pushed or copied in part"}
	case errors.Is(err, repository.ErrUnreachable):
		return &hinted{err, "check that the registry runs and the host and port are right"}
	}
	return err
}

func (c *cli) options(repo *repository.Repository) signature.Options {
	return signature.Options{
		Name:     repo.Reference().Name(),
		Progress: func(what string) { c.say("%s", what) },
	}
}

func (c *cli) printJSON(v any) error {
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(v); err != nil {
		return err
	}
	_, err := io.WriteString(c.stdout, printableJSON(out.String()))
	return err
}
