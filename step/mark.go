package step

import (
	"encoding/json"
	"fmt"
)

// MarkVersion is the version of Mark that this package reads and writes.
const MarkVersion = 1

// MaxMarks bounds the files of a Mark: one tells two runs apart, the others are for
// chance.
const MaxMarks = 16

// Mark tells one run of a step from another by some of the files that it left. Root
// and record of a step are separate results, so a cache may lose one of them; the step
// then runs again, and what is left of the first run meets the record of the second.
//
// It lies beside the Record, which holds no times.
type Mark struct {
	Version int          `json:"version"`
	Files   []MarkedFile `json:"files"` // sorted by path, never null
}

// MarkedFile is a regular file of the root as it was when the step had ended.
type MarkedFile struct {
	Path Path  `json:"path"`
	Size int64 `json:"size"`
	// Seconds and Nanoseconds are its modification time.
	Seconds     int64 `json:"seconds"`
	Nanoseconds int64 `json:"nanoseconds"`
	// Digest is sha256:HEX, for files whose time the step has set itself.
	Digest string `json:"digest,omitempty"`
}

// EncodeMark returns the mark's JSON.
func EncodeMark(m Mark) ([]byte, error) {
	m.Version = MarkVersion
	b, err := json.Marshal(m)
	if err != nil {
		return nil, fmt.Errorf("encode mark: %w", err)
	}
	return append(b, '\n'), nil
}

// DecodeMark reads a mark strictly: unknown fields, another version, too many files or
// trailing bytes are errors.
func DecodeMark(b []byte) (Mark, error) {
	var m Mark
	if err := decodeStrict(string(b), &m); err != nil {
		return Mark{}, fmt.Errorf("decode mark: %w", err)
	}
	if m.Version != MarkVersion {
		return Mark{}, fmt.Errorf("decode mark: version %d, want %d", m.Version, MarkVersion)
	}
	if len(m.Files) > MaxMarks {
		return Mark{}, fmt.Errorf("decode mark: %d files, more than %d", len(m.Files), MaxMarks)
	}
	return m, nil
}
