package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"github.com/sworn-build/sworn/step"
)

// name and version make the creator of the SPDX document.
const (
	name    = "sworn"
	version = "0.1.0"
)

// tool finds the container's paths below root: "/" but in tests.
type tool struct {
	root string
}

func (t tool) path(parts ...string) string {
	return filepath.Join(append([]string{t.root}, parts...)...)
}

// read reads a file of at most max bytes.
func (t tool) read(max int64, parts ...string) ([]byte, error) {
	p := t.path(parts...)
	f, err := os.Open(p)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !st.Mode().IsRegular() {
		return nil, fmt.Errorf("read %s: not a regular file", p)
	}
	var b bytes.Buffer
	b.Grow(int(min(st.Size(), max)) + bytes.MinRead)
	if _, err := b.ReadFrom(io.LimitReader(f, max+1)); err != nil {
		return nil, fmt.Errorf("read %s: %w", p, err)
	}
	if int64(b.Len()) > max {
		return nil, fmt.Errorf("read %s: more than %d bytes", p, max)
	}
	return b.Bytes(), nil
}

// numbered returns the names 0, 1, 2, ... in a folder, sorted; a folder that is
// not there has none.
func (t tool) numbered(dir string) ([]int, error) {
	des, err := os.ReadDir(t.path(dir))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var out []int
	for _, de := range des {
		k, err := strconv.Atoi(de.Name())
		if err != nil || k < 0 || strconv.Itoa(k) != de.Name() {
			return nil, fmt.Errorf("list %s: unexpected %q", dir, de.Name())
		}
		out = append(out, k)
	}
	slices.Sort(out)
	return out, nil
}

// write makes one file of the output. Times are 0, so that the same output is
// the same layer.
func (t tool) write(file string, b []byte) error {
	p := t.path(step.OutDir, file)
	if err := os.WriteFile(p, b, 0o644); err != nil {
		return err
	}
	return settle(p)
}

// finish sets the output's own times.
func (t tool) finish() error { return settle(t.path(step.OutDir)) }

func settle(p string) error {
	return os.Chtimes(p, time.Unix(0, 0), time.Unix(0, 0))
}
