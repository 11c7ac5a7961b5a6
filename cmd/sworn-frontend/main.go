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
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintf(os.Stderr, "sworn: %v\n", err)
		os.Exit(1)
	}
}

func run() error {
	// The folder is the operator's: a stock image has none.
	anchors, err := trust.Read(frontend.TrustDir)
	build := frontend.Frontend{Environ: os.Environ(), Trust: anchors}.Build
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		build = func(context.Context, client.Client) (*client.Result, error) {
			return nil, fmt.Errorf("who may sign base images: %w", err)
		}
	}
	return bridge.Run(appcontext.Context(), os.Environ(), build)
}
