// Command sworn signs, verifies and shows what Sworn attached to an image.
//
//	sworn key generate
//	sworn sign --key sworn.key 127.0.0.1:5000/app:1
//	sworn verify --key sworn.pub 127.0.0.1:5000/app:1
//	sworn inspect 127.0.0.1:5000/app:1
//
// Data goes to standard output; everything else, each line beginning with
// "sworn: ", to standard error. It exits 0 when all is well, 1 when the image is
// at fault, 2 when it could not be told: wrong usage, a key that cannot be read, a
// registry that does not answer.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := newCLI(os.Stdin, os.Stdout, os.Stderr).run(ctx, os.Args[1:])
	stop()
	os.Exit(code)
}
