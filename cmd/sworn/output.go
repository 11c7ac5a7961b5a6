package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/sworn-build/sworn/provenance/repository"
)

// output writes to a file, or to standard output when no file is named. The file is there
// as a whole or not at all: what fails leaves what was there before.
func (c *cli) output(path string, write func(io.Writer) error) error {
	if path == "" || path == "-" {
		return c.shown(write)
	}
	if info, err := os.Stat(path); err == nil {
		if !info.Mode().IsRegular() {
			return &hinted{fmt.Errorf("write %s: not a file", path), "without -o it goes to standard output"}
		}
		if path, err = filepath.EvalSymlinks(path); err != nil {
			return fmt.Errorf("write output: %w", err)
		}
	}
	var failed error // of write, which says itself what it was about
	err := repository.ReplaceFile(path, 0o644, func(w io.Writer) error {
		failed = write(w)
		return failed
	})
	switch {
	case failed != nil:
		return failed
	case err != nil:
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}

// shown writes to standard output. A terminal is not shown what it would act on: documents
// come from images that anyone may have made.
func (c *cli) shown(write func(io.Writer) error) error {
	if !c.terminal {
		return write(c.stdout)
	}
	var b strings.Builder
	if err := write(&b); err != nil {
		return err
	}
	_, err := io.WriteString(c.stdout, printableJSON(b.String()))
	return err
}
