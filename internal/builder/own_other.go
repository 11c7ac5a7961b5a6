//go:build !linux

package builder

import (
	"context"
	"errors"
)

// SupervisorCommand is of no use here.
const SupervisorCommand = "supervise-buildkitd"

// errLinux: BuildKit and what it starts are Linux programs.
var errLinux = errors.New("BuildKit is started on Linux only")

func startOwn(context.Context, Options) (*Builder, error) {
	return nil, &UnavailableError{
		Name: "start BuildKit", err: errLinux,
		Hint: "name a builder with --builder, --addr or BUILDKIT_HOST",
	}
}

// Supervise is for Linux.
func Supervise([]string) error { return errLinux }
