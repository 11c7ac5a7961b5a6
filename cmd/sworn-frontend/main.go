// Command sworn-frontend is the entry point of Sworn's frontend image: BuildKit
// starts it in a container and talks gRPC over its standard input and output.
package main

import (
	"fmt"
	"os"

	"github.com/moby/buildkit/frontend/gateway/grpcclient"
	"github.com/moby/buildkit/util/appcontext"
	_ "github.com/moby/buildkit/util/grpcutil/encoding/proto" // BuildKit's codec

	"github.com/sworn-build/sworn/frontend"
)

func main() {
	f := frontend.Frontend{Environ: os.Environ()}
	if err := grpcclient.RunFromEnvironment(appcontext.Context(), f.Build); err != nil {
		fmt.Fprintf(os.Stderr, "sworn: %v\n", err)
		os.Exit(1)
	}
}
