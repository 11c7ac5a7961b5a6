// Command sworn-frontend is the entry point of Sworn's frontend image: BuildKit
// starts it in a container and talks gRPC over its standard input and output.
package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/moby/buildkit/frontend/gateway/client"
	"github.com/moby/buildkit/util/appcontext"

	"github.com/sworn-build/sworn/frontend"
	"github.com/sworn-build/sworn/frontend/bridge"
	"github.com/sworn-build/sworn/provenance/trust"
	"github.com/sworn-build/sworn/step/roots"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintf(os.Stderr, "sworn: %v\n", err)
		os.Exit(1)
	}
}

func run() error {
	f, err := operators(frontend.Frontend{Environ: os.Environ()})
	build := f.Build
	if err != nil {
		build = func(context.Context, client.Client) (*client.Result, error) { return nil, err }
	}
	return bridge.Run(appcontext.Context(), os.Environ(), build)
}

// operators adds what the operator has put into the image; a stock image has none of it.
func operators(f frontend.Frontend) (frontend.Frontend, error) {
	var err error
	if f.Trust, err = trust.Read(frontend.TrustDir); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return f, fmt.Errorf("who may sign base images: %w", err)
	}
	if _, err := os.Lstat(frontend.RootsDir); errors.Is(err, fs.ErrNotExist) {
		return f, nil
	}
	if f.Roots, err = roots.Read(frontend.RootsDir); err != nil {
		return f, fmt.Errorf("authorities for recorders of the network: %w", err)
	}
	return f, nil
}
