package provenance

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// MaxPredicate is the largest predicate, in bytes, that Sworn makes or reads.
// BuildKit refuses statements over 40 MiB; one MiB is left for the statement
// around the predicate.
const MaxPredicate = 39 << 20

// DecodeContents reads a predicate of [ContentsType]: at most [MaxPredicate]
// bytes, no unknown or repeated fields, no trailing bytes, and nothing that
// [Contents.Check] refuses.
func DecodeContents(b []byte) (Contents, error) {
	var c Contents
	if err := decode(b, &c); err != nil {
		return Contents{}, fmt.Errorf("decode contents: %w", err)
	}
	if err := c.Check(); err != nil {
		return Contents{}, fmt.Errorf("decode contents: %w", err)
	}
	return c, nil
}

// DecodeSteps reads a predicate of [StepsType]; it is as strict as
// [DecodeContents].
func DecodeSteps(b []byte) (Steps, error) {
	var s Steps
	if err := decode(b, &s); err != nil {
		return Steps{}, fmt.Errorf("decode steps: %w", err)
	}
	if err := s.Check(); err != nil {
		return Steps{}, fmt.Errorf("decode steps: %w", err)
	}
	return s, nil
}

func decode(b []byte, v any) error {
	if len(b) > MaxPredicate {
		return fmt.Errorf("%d bytes, more than %d", len(b), MaxPredicate)
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("trailing bytes")
	}
	return CheckKeys(b, FoldKey)
}
