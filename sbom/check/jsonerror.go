package check

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"
)

// validUTF8 is how many bytes there are before the first that is no UTF-8: all of them but
// for one that is cut within its last character, whose end is another fault.
func validUTF8(b []byte) int {
	at := 0
	for at < len(b) {
		r, n := utf8.DecodeRune(b[at:])
		if r == utf8.RuneError && n == 1 {
			if !utf8.FullRune(b[at:]) {
				return len(b)
			}
			return at
		}
		at += n
	}
	return at
}

// located says at which byte and in which value a document cannot be read.
func (p *parser) located(err error, size int) error {
	var within *withinError
	in := ""
	if errors.As(err, &within) {
		in, err = within.at.String(), within.err
	}
	offset := p.d.InputOffset()
	var syntax *json.SyntaxError
	switch {
	case errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF):
		if size == 0 {
			return errors.New("it is empty")
		}
		offset, err = int64(size), errors.New("it ends too early")
	case errors.As(err, &syntax):
		offset = max(offset, syntax.Offset)
	}
	if in != "" {
		return fmt.Errorf("byte %d, in %s: %w", offset, in, err)
	}
	return fmt.Errorf("byte %d: %w", offset, err)
}

// withinError is an error in a value that others hold.
type withinError struct {
	at  *place
	err error
}

// Error implements error.
func (e *withinError) Error() string { return e.at.String() + ": " + e.err.Error() }

// Unwrap implements errors.Unwrap.
func (e *withinError) Unwrap() error { return e.err }

// within adds the step from a value to one in it to an error's place: by name, or by its
// place in a list where that is empty.
func within(err error, name string, index int) error {
	e, ok := err.(*withinError)
	if !ok {
		return &withinError{&place{name: name, index: index}, err}
	}
	top := e.at
	for top.up != nil {
		top = top.up
	}
	top.up = &place{name: name, index: index}
	return e
}
