// Command images makes what BuildKit's Dockerfile tests need and would pull:
// a registry store with their base images, the upstream frontend as an image to
// compare with, and variants of a frontend image with other defaults.
//
// The base images hold Debian's busybox under the names that the tests use. They
// are for these tests only: an "alpine" of this program has no packages.
//
//	images mirror -registry bin/registry -busybox /bin/busybox -o DIR
//	images upstream -program FILE -o FILE.tar
//	images variant -image FILE.tar -env KEY=VALUE -o FILE.tar
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
)

const usage = `usage: images mirror   -registry PROGRAM -busybox PROGRAM -o DIR
       images upstream -program PROGRAM -o TAR
       images variant  -image TAR -env KEY=VALUE [-env ...] -o TAR
`

var errUsage = errors.New("wrong arguments")

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := run(ctx, os.Args[1:])
	if errors.Is(err, errUsage) {
		fmt.Fprint(os.Stderr, usage)
		os.Exit(2)
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "sworn: %v\n", err)
		os.Exit(2)
	}
}

func run(ctx context.Context, args []string) error {
	if len(args) == 0 {
		return errUsage
	}
	f := flag.NewFlagSet(args[0], flag.ContinueOnError)
	out := f.String("o", "", "what to write")
	registry := f.String("registry", "", "distribution's registry")
	busybox := f.String("busybox", "", "static busybox")
	program := f.String("program", "", "static frontend")
	image := f.String("image", "", "OCI archive")
	var env []string
	f.Func("env", "KEY=VALUE, once for each variable", func(s string) error {
		if k, _, ok := strings.Cut(s, "="); !ok || k == "" {
			return errUsage
		}
		env = append(env, s)
		return nil
	})
	f.SetOutput(io.Discard)
	if err := f.Parse(args[1:]); err != nil {
		return errUsage
	}
	if *out == "" || f.NArg() > 0 {
		return errUsage
	}
	switch args[0] {
	case "mirror":
		return wrap("make mirror", writeMirror(ctx, *registry, *busybox, *out))
	case "upstream":
		return wrap("make upstream frontend", writeUpstream(*program, *out))
	case "variant":
		if len(env) == 0 {
			return errUsage
		}
		return wrap("make variant of "+*image, writeVariant(*image, env, *out))
	}
	return errUsage
}

func wrap(op string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", op, err)
}
