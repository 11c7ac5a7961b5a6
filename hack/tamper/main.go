// Command tamper copies a signed image and changes one thing in the copy, the way
// an attacker who can write to the registry would: everything else, signatures
// included, is carried over and made to fit. The demo and the tests use it to
// show that such an image is refused.
//
//	tamper layer SRC DST      a file more in the last layer; manifests, index and
//	                          referrers rewritten to match
//	tamper statement SRC DST  the steps/v1 statement in a signed bundle changed, its
//	                          signature kept; the image itself is untouched
//
// It prints DST with the digest of the copy.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"oras.land/oras-go/v2/registry/remote"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if len(os.Args) != 4 {
		fmt.Fprintln(os.Stderr, "usage: tamper layer|statement SRC DST")
		os.Exit(2)
	}
	what, from, to := os.Args[1], os.Args[2], os.Args[3]
	desc, err := tamper(ctx, what, from, to)
	if err != nil {
		fmt.Fprintf(os.Stderr, "tamper %s: %v\n", what, err)
		os.Exit(2)
	}
	fmt.Printf("%s@%s\n", to, desc.Digest)
}

func tamper(ctx context.Context, what, from, to string) (ocispec.Descriptor, error) {
	src, err := open(from)
	if err != nil {
		return ocispec.Descriptor{}, err
	}
	dst, err := open(to)
	if err != nil {
		return ocispec.Descriptor{}, err
	}
	c := copier{src: src, dst: dst}
	switch what {
	case "layer":
		c.manifest, c.bundle = addFile, keep
	case "statement":
		c.manifest, c.bundle = nil, changeSteps
	default:
		return ocispec.Descriptor{}, errors.New("want layer or statement")
	}
	return c.copy(ctx)
}

// open returns the repository of a reference, over plain HTTP: the registries of
// the local environment.
func open(ref string) (*remote.Repository, error) {
	r, err := remote.NewRepository(ref)
	if err != nil {
		return nil, err
	}
	r.PlainHTTP = true
	return r, nil
}
