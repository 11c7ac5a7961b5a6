package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// output writes to a file, or to standard output when no file is named. The file is there
// as a whole or not at all: what fails leaves what was there before.
func (c *cli) output(path string, write func(io.Writer) error) (err error) {
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
	f, err := os.CreateTemp(filepath.Dir(path), ".sworn-output.*")
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	defer func() {
		if err != nil {
			f.Close()
			os.Remove(f.Name())
		}
	}()
	if err := write(f); err != nil {
		return err
	}
	if err := f.Chmod(0o644); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	if err := f.Sync(); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	if err := f.Close(); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	if err := os.Rename(f.Name(), path); err != nil {
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
