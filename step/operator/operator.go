// Package operator reads the files that an operator gives to a frontend or to sworn build:
// keys, identities, certificates.
package operator

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// MaxBytes bounds a file. Mozilla's authorities have 220 KiB, Sigstore's trusted root 7.
const MaxBytes = 1 << 20

// Read reads files, and of folders the files in them, and hands each to take, by name in a
// folder. Errors name the file; those of the file system are among them, [os.ErrNotExist]
// too.
func Read(paths []string, take func(name string, b []byte) error) error {
	for _, path := range paths {
		files, err := list(path)
		if err != nil {
			return err
		}
		for _, f := range files {
			b, err := readFile(f)
			if err == nil {
				err = take(filepath.Base(f), b)
			}
			if err != nil {
				return fmt.Errorf("read %s: %w", f, err)
			}
		}
	}
	return nil
}

// list returns a file, or the files in a folder by name.
func list(path string) ([]string, error) {
	info, err := os.Stat(path)
	if err != nil || !info.IsDir() {
		return []string{path}, err
	}
	entries, err := os.ReadDir(path)
	var out []string
	for _, e := range entries {
		out = append(out, filepath.Join(path, e.Name()))
	}
	return out, err
}

func readFile(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, MaxBytes+1))
	if err == nil && len(b) > MaxBytes {
		err = fmt.Errorf("more than %d bytes", MaxBytes)
	}
	return b, err
}
