// Command baseimages makes the base images that builds on this machine start
// from, and pushes them to the local registry under the names they have on
// docker.io: debian:bookworm and debian:bookworm-slim from Debian's packages,
// golang:1.26 from that and the installed Go toolchain, busybox:latest, for two
// platforms, from Debian's busybox-static.
//
// Packages come from the mirror that this machine's apt uses, and images point
// at the same one. An image is made once and kept in a cache folder as an OCI
// layout; it is made again when its recipe, the mirror, the toolchain or the
// certificates change. They are for tests: no substitute for the real ones.
//
//	baseimages -cache DIR -registry 127.0.0.1:5000
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	cache := flag.String("cache", "", "folder that keeps the images")
	registry := flag.String("registry", "", "host:port of the registry to push to")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if *cache == "" || *registry == "" || flag.NArg() > 0 {
		fmt.Fprintln(os.Stderr, "usage: hack/images")
		os.Exit(2)
	}
	if err := run(ctx, *cache, *registry); err != nil {
		fmt.Fprintf(os.Stderr, "sworn: %v\n", err)
		os.Exit(2)
	}
}

func run(ctx context.Context, cache, registry string) error {
	s, err := openStore(cache, registry)
	if err != nil {
		return err
	}
	defer s.close()
	src, err := readSources(ctx)
	if err != nil {
		return fmt.Errorf("read apt's sources: %w", err)
	}
	debian, err := debianRecipe(src)
	if err != nil {
		return err
	}
	golang, err := golangRecipe(ctx, debian)
	if err != nil {
		return err
	}
	for _, r := range []recipe{busyboxRecipe(src), debian, golang} {
		if err := s.provide(ctx, r); err != nil {
			return fmt.Errorf("image %s: %w", r.names[0], err)
		}
	}
	return nil
}

// progress tells what takes time.
func progress(format string, args ...any) {
	fmt.Fprintf(os.Stderr, "sworn: "+format+"\n", args...)
}
