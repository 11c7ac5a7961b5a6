package provenance

import (
	"fmt"

	"github.com/sworn-build/sworn/step/canon"
)

// EncodeContents returns the JSON of contents, one line with a newline. It escapes as
// [json.Marshal] does, so that BuildKit, which encodes it once more, adds nothing. A
// predicate over [MaxPredicate] is a [SizeError].
func EncodeContents(c Contents) ([]byte, error) {
	f := canon.NewWriter(make([]byte, 0, fileBytes*len(c.Files)))
	c.form(f)
	return encoded(f)
}

// EncodeSteps returns the JSON of steps as [EncodeContents] does that of contents.
func EncodeSteps(s Steps) ([]byte, error) {
	files := 0
	for _, one := range s.Steps {
		files += one.Files()
	}
	f := canon.NewWriter(make([]byte, 0, fileBytes*files))
	s.form(f)
	return encoded(f)
}

// fileBytes are about as many as a file takes in JSON.
const fileBytes = 256

func encoded(f *canon.Form) ([]byte, error) {
	f.Literal("\n")
	b, err := f.Bytes()
	if err != nil {
		return nil, fmt.Errorf("encode predicate: %w", err)
	}
	if len(b) > MaxPredicate {
		return nil, &SizeError{Bytes: len(b)}
	}
	return b, nil
}

// SizeError is a predicate too large to be attached.
type SizeError struct {
	Bytes int
}

// Error says how large it is and may be.
func (e *SizeError) Error() string {
	return fmt.Sprintf("encode predicate: %d bytes, more than a statement may have (%d)", e.Bytes, MaxPredicate)
}
