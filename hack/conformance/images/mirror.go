package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"syscall"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

// startPatience is how long a registry may take to listen.
const startPatience = 20 * time.Second

// writeMirror pushes the tests' base images to a registry whose store is
// DIR/data, the place where the tests' own registry looks.
func writeMirror(ctx context.Context, registry, busybox, dir string) (err error) {
	p, err := readBusybox(busybox)
	if err != nil {
		return err
	}
	host, stop, err := startRegistry(ctx, registry, dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stop()) }()
	images, err := baseImages(p)
	if err != nil {
		return err
	}
	for repo, i := range images {
		ref, err := name.ParseReference(host+"/"+repo, name.Insecure)
		if err != nil {
			return err
		}
		if err := remote.Write(ref, i, remote.WithContext(ctx)); err != nil {
			return fmt.Errorf("push %s: %w", repo, err)
		}
	}
	return nil
}

// baseImages are the images that the tests copy from docker.io when their mirror
// does not have them, by repository and tag.
func baseImages(p program) (map[string]v1.Image, error) {
	busybox, err := busyboxImage(p)
	if err != nil {
		return nil, err
	}
	alpine, err := namedImage(p,
		file("etc/alpine-release", 0o644, "3.18.0\n"),
		file("etc/os-release", 0o644, "NAME=\"Alpine Linux\"\nID=alpine\nVERSION_ID=3.18.0\n"))
	if err != nil {
		return nil, err
	}
	debian, err := namedImage(p,
		file("etc/debian_version", 0o644, "11.6\n"),
		file("etc/os-release", 0o644, "NAME=\"Debian GNU/Linux\"\nID=debian\nVERSION_ID=\"11\"\n"))
	if err != nil {
		return nil, err
	}
	hello, err := base([]entry{file("hellofs", 0o755, p.data)}, "/hellofs")
	if err != nil {
		return nil, err
	}
	return map[string]v1.Image{
		"library/busybox:latest":              busybox,
		"library/busybox:stable-musl":         busybox,
		"library/alpine:latest":               alpine,
		"amd64/debian:bullseye-20230109-slim": debian,
		"tonistiigi/hellofs:latest":           hello,
	}, nil
}

// startRegistry serves DIR/data on a free port of 127.0.0.1.
func startRegistry(ctx context.Context, program, dir string) (host string, stop func() error, err error) {
	if program == "" {
		return "", nil, errUsage
	}
	dir, err = filepath.Abs(dir)
	if err != nil {
		return "", nil, err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", nil, err
	}
	config := filepath.Join(dir, "registry.yaml")
	text := fmt.Sprintf("version: 0.1\nstorage:\n  filesystem:\n    rootdirectory: %q\nhttp:\n  addr: 127.0.0.1:0\n", filepath.Join(dir, "data"))
	if err := os.WriteFile(config, []byte(text), 0o644); err != nil {
		return "", nil, err
	}
	cmd := exec.CommandContext(ctx, program, "serve", config)
	log, err := cmd.StderrPipe()
	if err != nil {
		return "", nil, err
	}
	if err := cmd.Start(); err != nil {
		return "", nil, err
	}
	stop = func() error {
		// Its exit code says only that it was told to stop.
		_ = cmd.Process.Signal(syscall.SIGTERM)
		_ = cmd.Wait()
		return os.Remove(config)
	}
	host, err = listening(log)
	if err != nil {
		return "", nil, errors.Join(err, stop())
	}
	return host, stop, nil
}

// listening waits for the line in which the registry says where it listens, and
// goes on reading so that it never blocks.
func listening(log io.Reader) (string, error) {
	line := regexp.MustCompile(`listening on (127\.0\.0\.1:\d+)`)
	found := make(chan string, 1)
	go func() {
		defer close(found)
		for s := bufio.NewScanner(log); s.Scan(); {
			if m := line.FindStringSubmatch(s.Text()); m != nil {
				found <- m[1]
				break
			}
		}
		_, _ = io.Copy(io.Discard, log)
	}()
	select {
	case host, ok := <-found:
		if !ok {
			return "", errors.New("registry ended before it listened")
		}
		return host, nil
	case <-time.After(startPatience):
		return "", fmt.Errorf("registry does not listen after %s", startPatience)
	}
}
