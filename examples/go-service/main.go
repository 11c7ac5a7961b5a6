// Command go-service is a small HTTP service, the example that the demo builds:
// it greets, says whether it is healthy and counts what it does.
package main

import (
	"context"
	"errors"
	"flag"
	"log/slog"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	path := flag.String("config", "/etc/go-service/config.toml", "configuration file")
	check := flag.Bool("check", false, "read the configuration and exit")
	flag.Parse()
	if err := run(*path, *check); err != nil {
		slog.Error("go-service", "error", err)
		os.Exit(1)
	}
}

func run(path string, check bool) error {
	c, err := readConfig(path)
	if err != nil || check {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	server := &http.Server{Addr: c.Listen, Handler: newHandler(c), ReadHeaderTimeout: 5 * time.Second}
	go func() {
		<-ctx.Done()
		_ = server.Close()
	}()
	slog.Info("listening", "address", c.Listen)
	if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}
