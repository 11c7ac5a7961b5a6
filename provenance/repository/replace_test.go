package repository

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
)

func TestReplaceFileIsWholeOrNothing(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "file")
	text := func(s string, err error) func(io.Writer) error {
		return func(w io.Writer) error {
			_, werr := io.WriteString(w, s)
			return errors.Join(werr, err)
		}
	}
	failed := errors.New("failed")
	for _, c := range []struct {
		write string
		err   error
		want  string
	}{{"one", nil, "one"}, {"half", failed, "one"}, {"two", nil, "two"}} {
		if err := ReplaceFile(path, 0o640, text(c.write, c.err)); !errors.Is(err, c.err) {
			t.Errorf("%s: %v", c.write, err)
		}
		info, err := os.Stat(path)
		if err != nil || info.Mode().Perm() != 0o640 {
			t.Errorf("%s: %v, %v", c.write, info, err)
		}
		if b, err := os.ReadFile(path); err != nil || string(b) != c.want {
			t.Errorf("%s: holds %q, %v, want %q", c.write, b, err, c.want)
		}
		if left, err := os.ReadDir(dir); err != nil || len(left) != 1 {
			t.Errorf("%s: left %v, %v", c.write, left, err)
		}
	}
}
