// Command sworn builds images that account for themselves, and signs, verifies and
// shows that account.
//
//	sworn build --push --tag 127.0.0.1:5000/app:1 .
//	sworn key generate
//	sworn sign --key sworn.key 127.0.0.1:5000/app:1
//	sworn verify --key sworn.pub 127.0.0.1:5000/app:1
//	sworn inspect 127.0.0.1:5000/app:1
//	sworn allow 127.0.0.1:5000/app:1
//	sworn sbom 127.0.0.1:5000/app:1
//	sworn why 127.0.0.1:5000/app:1 /usr/bin/app
//
// Data goes to standard output; everything else, each line beginning with
// "sworn: ", to standard error. It exits 0 when all is well, 1 when the image is
// at fault, 2 when it could not be told: wrong usage, a key that cannot be read, a
// registry that does not answer.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/sworn-build/sworn/internal/builder"
)

func main() {
	if len(os.Args) > 1 && os.Args[1] == builder.SupervisorCommand {
		if err := builder.Supervise(os.Args[2:]); err != nil {
			fmt.Fprintf(os.Stderr, "sworn: %v\n", err)
			os.Exit(exitError)
		}
		return
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// The first signal ends what runs, a second one this process.
	context.AfterFunc(ctx, stop)
	code := newCLI(os.Stdin, os.Stdout, os.Stderr).run(ctx, os.Args[1:])
	stop()
	os.Exit(code)
}
