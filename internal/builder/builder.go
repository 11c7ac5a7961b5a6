package builder

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/containerd/platforms"
	"github.com/moby/buildkit/client"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"
)

// answerTimeout is how long a builder may take to answer the first question. Buildx
// may have to start a container or to wait for a pod.
const answerTimeout = 2 * time.Minute

// Options tell where to build. The zero value takes what the machine offers.
type Options struct {
	// Addr is BuildKit's address: unix://, tcp://, ssh://, docker-container://,
	// podman-container://, nerdctl-container://, kube-pod://.
	Addr string
	// TLS is for tcp:// addresses.
	TLS TLS
	// Buildx is the name of a builder of buildx.
	Buildx string
	// Environ holds KEY=value entries: BUILDKIT_HOST and BUILDX_BUILDER stand in for
	// Addr and Buildx; XDG_STATE_HOME and HOME say where a daemon's state lies.
	Environ []string
	// DaemonConfig is a buildkitd.toml for a BuildKit that is started here.
	DaemonConfig string
	// Say tells what takes time, in one line.
	Say func(format string, args ...any)
}

// Builder is a BuildKit that answers.
type Builder struct {
	*client.Client
	// Name says which one it is: "buildx builder ci", "tcp://build:1234".
	Name string
	// Platform is what it builds for when nothing else is asked for.
	Platform ocispecs.Platform

	release func() error
}

// Close ends the connection, and the daemon when this was its last user.
func (b *Builder) Close() error {
	err := b.Client.Close()
	if b.release != nil {
		err = errors.Join(err, b.release())
	}
	return err
}

// UnavailableError: there is no builder, or it does not answer.
type UnavailableError struct {
	Name string
	Hint string // what to try
	err  error
}

// Error implements error.
func (e *UnavailableError) Error() string { return fmt.Sprintf("%s: %v", e.Name, e.err) }

// Unwrap implements errors.Unwrap.
func (e *UnavailableError) Unwrap() error { return e.err }

// ErrTwoBuilders: both an address and a builder of buildx were named.
var ErrTwoBuilders = errors.New("an address and a builder of buildx are named; one is enough")

// kind is a way to reach a BuildKit.
type kind int

const (
	kindAddress kind = iota
	kindBuildx
	kindAny // the current builder of buildx, else a daemon of our own
)

// choice is where to build, before anything was tried.
type choice struct {
	kind  kind
	value string // address, name
}

// choose decides by what was named. Flags win over the environment.
func choose(o Options) (choice, error) {
	switch {
	case o.Addr != "" && o.Buildx != "":
		return choice{}, ErrTwoBuilders
	case o.Addr != "":
		return choice{kindAddress, o.Addr}, nil
	case o.Buildx != "":
		return choice{kindBuildx, o.Buildx}, nil
	}
	if v := o.env("BUILDKIT_HOST"); v != "" {
		return choice{kindAddress, v}, nil
	}
	if v := o.env("BUILDX_BUILDER"); v != "" {
		return choice{kindBuildx, v}, nil
	}
	return choice{kind: kindAny}, nil
}

// env is the value of a variable; the last one counts.
func (o Options) env(name string) string {
	v := ""
	for _, kv := range o.Environ {
		if k, val, ok := strings.Cut(kv, "="); ok && k == name {
			v = val
		}
	}
	return v
}

// Connect finds a builder and waits for its answer.
//
// Errors: [ErrTwoBuilders], [*UnavailableError].
func Connect(ctx context.Context, o Options) (*Builder, error) {
	c, err := choose(o)
	if err != nil {
		return nil, err
	}
	switch c.kind {
	case kindAddress:
		return connectAddress(ctx, c.value, o.TLS)
	case kindBuildx:
		cmd, ok := buildxCommand(ctx)
		if !ok {
			return nil, &UnavailableError{
				Name: "buildx builder " + c.value, err: errors.New("buildx is not installed"),
				Hint: "install docker buildx, or name BuildKit's address with --addr",
			}
		}
		return connectBuildx(ctx, cmd, c.value)
	}
	var tried error
	if cmd, ok := buildxCommand(ctx); ok {
		b, err := connectBuildx(ctx, cmd, "")
		if err == nil || ctx.Err() != nil {
			return b, err
		}
		tried = err
		o.Say("buildx's current builder does not answer, so a BuildKit is started here (%s)", oneLine(err.Error()))
	}
	b, err := startOwn(ctx, o)
	if err != nil && tried != nil {
		return nil, fmt.Errorf("%w (and %w)", err, tried)
	}
	return b, err
}

// answer asks a BuildKit for its workers.
func answer(ctx context.Context, c *client.Client, name, hint string) (*Builder, error) {
	ctx, cancel := context.WithTimeout(ctx, answerTimeout)
	defer cancel()
	workers, err := c.ListWorkers(ctx)
	if err == nil && (len(workers) == 0 || len(workers[0].Platforms) == 0) {
		err = errors.New("it has no worker")
	}
	if err != nil {
		return nil, &UnavailableError{Name: name, Hint: hint, err: errors.Join(err, c.Close())}
	}
	return &Builder{Client: c, Name: name, Platform: platforms.Normalize(workers[0].Platforms[0])}, nil
}

// oneLine cuts what a program said to its last line: there the cause is.
func oneLine(s string) string {
	s = strings.TrimSpace(s)
	if i := strings.LastIndexByte(s, '\n'); i >= 0 {
		s = s[i+1:]
	}
	return s
}
