// Command sworn-frontend is the entry point of Sworn's frontend image: BuildKit
// starts it in a container and talks gRPC over its standard input and output.
package main

import (
	"fmt"
	"os"

	"github.com/moby/buildkit/util/appcontext"

	"github.com/sworn-build/sworn/frontend"
	"github.com/sworn-build/sworn/frontend/bridge"
)

func main() {
	f := frontend.Frontend{Environ: os.Environ()}
	if err := bridge.Run(appcontext.Context(), os.Environ(), f.Build); err != nil {
		fmt.Fprintf(os.Stderr, "sworn: %v\n", err)
		os.Exit(1)
	}
}
