package main

import (
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"time"

	"github.com/sworn-build/sworn/sbom"
	"github.com/sworn-build/sworn/step"
)

// maxMark bounds a mark in bytes: paths of PATH_MAX, escaped.
const maxMark = 1 << 20

// otherRunError: file system and record are of two runs of the step, so nothing true
// can be said of either. The tool exits with step.ExitOtherRun.
type otherRunError struct {
	command string
	path    step.Path
	found   string
}

func (e *otherRunError) Error() string {
	return fmt.Sprintf("the record of %s is of another run of the step than its file system: %s %s", e.command, printable(e.path), e.found)
}

// sameRun verifies that a state is what the run that made the record left behind.
func (t tool) sameRun(k int, after *sbom.Tree, command string) error {
	b, err := t.read(maxMark, step.RecordDirIn, strconv.Itoa(k), step.MarkFile)
	if err != nil {
		return fmt.Errorf("mark of the step's run: %w", err)
	}
	m, err := step.DecodeMark(b)
	if err != nil {
		return err
	}
	for _, f := range m.Files {
		found, err := differs(after, f)
		if err != nil {
			return err
		}
		if found != "" {
			return &otherRunError{command, f.Path, found}
		}
	}
	return nil
}

// differs says in what a file is not the marked one.
func differs(after *sbom.Tree, f step.MarkedFile) (string, error) {
	e, modified, err := after.Modified(string(f.Path))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "is not there", nil
	case err != nil:
		return "", err
	case e.Type != sbom.TypeFile:
		return "is a " + e.Type, nil
	case e.Size != f.Size:
		return fmt.Sprintf("has %d bytes, the record is of one with %d", e.Size, f.Size), nil
	}
	want := time.Unix(f.Seconds, f.Nanoseconds)
	if modified.Nanosecond() == 0 { // as layers have it
		want = time.Unix(f.Seconds, 0)
	}
	if !modified.Equal(want) {
		return fmt.Sprintf("was written at %s, the record is of one that was at %s", modified.UTC().Format(time.RFC3339Nano), want.UTC().Format(time.RFC3339Nano)), nil
	}
	if f.Digest == "" {
		return "", nil
	}
	r, err := after.Open(string(f.Path))
	if err != nil {
		return "", err
	}
	sum, _, err := sbom.Digest(r, make([]byte, sbom.HashBuffer))
	if err := errors.Join(err, r.Close()); err != nil {
		return "", fmt.Errorf("hash %q: %w", string(f.Path), err)
	}
	if "sha256:"+sum != f.Digest {
		return "has other bytes", nil
	}
	return "", nil
}
