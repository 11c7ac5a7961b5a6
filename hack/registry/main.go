// Command registry serves an OCI registry that has the referrers API, for tests
// and the demo: go-containerregistry's, with blobs on disk.
//
// Manifests live in memory as go-containerregistry keeps them; this program
// writes each to disk as well and replays them at start, so that a restart loses
// nothing. It listens on 127.0.0.1 alone and knows neither users nor TLS: it is
// no registry for anything but tests.
//
//	registry -addr 127.0.0.1:5001 -dir DIR
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/google/go-containerregistry/pkg/registry"
)

func main() {
	addr := flag.String("addr", "127.0.0.1:5001", "address to listen on, on the loopback interface")
	dir := flag.String("dir", "", "folder for blobs and manifests")
	flag.Parse()
	if err := run(*addr, *dir); err != nil {
		fmt.Fprintf(os.Stderr, "registry: %v\n", err)
		os.Exit(2)
	}
}

func run(addr, dir string) error {
	if dir == "" {
		return errors.New("-dir is missing")
	}
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return err
	}
	if ip := net.ParseIP(host); ip == nil || !ip.IsLoopback() {
		return fmt.Errorf("listen %s: not a loopback address", addr)
	}
	handler, err := newHandler(dir)
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second}
	go func() {
		<-ctx.Done()
		_ = server.Close()
	}()
	if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// newHandler returns the registry over dir, with the manifests that dir holds.
func newHandler(dir string) (http.Handler, error) {
	blobs := filepath.Join(dir, "blobs")
	if err := os.MkdirAll(blobs, 0o755); err != nil {
		return nil, err
	}
	next := registry.New(
		registry.WithReferrersSupport(true),
		registry.WithBlobHandler(registry.NewDiskBlobHandler(blobs)),
		registry.Logger(log.New(io.Discard, "", 0)),
	)
	j := &journal{dir: filepath.Join(dir, "manifests"), next: next}
	if err := j.replay(); err != nil {
		return nil, fmt.Errorf("replay %s: %w", j.dir, err)
	}
	return referrers{j}, nil
}
