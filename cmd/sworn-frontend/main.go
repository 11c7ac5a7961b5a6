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
	for _, given := range []struct {
		dir, what string
		read      func(dir string) error
	}{
		{frontend.TrustDir, "who may sign base images", func(dir string) (err error) { f.Trust, err = trust.Read(dir); return err }},
		{frontend.RootsDir, "authorities for recorders of the network", func(dir string) (err error) { f.Roots, err = roots.Read(dir); return err }},
	} {
		// A link that leads nowhere was meant to be something.
		if _, err := os.Lstat(given.dir); errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err := given.read(given.dir); err != nil {
			return f, fmt.Errorf("%s: %w", given.what, err)
		}
	}
	return f, nil
}
