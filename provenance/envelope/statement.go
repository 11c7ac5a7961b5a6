package envelope

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"unicode/utf8"

	"github.com/opencontainers/go-digest"

	"github.com/sworn-build/sworn/provenance"
	"github.com/sworn-build/sworn/provenance/sigstore"
)

const (
	// MaxStatementBytes bounds a statement: BuildKit refuses to attach more than
	// 40 MiB, and the statement around the predicate takes some.
	MaxStatementBytes = 45 << 20
	// maxSubjects bounds the subjects of one statement; sigstore-go takes as many.
	maxSubjects = 1024
)

// Statement is an in-toto statement
// (https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md).
type Statement struct {
	Type          string
	PredicateType string
	Subject       []Subject
	// Predicate is a JSON object, byte for byte as it was read. [Statement.Encode]
	// writes the same bytes.
	Predicate json.RawMessage
}

// ErrNoSubject says that a statement is about nothing. BuildKit writes such ones
// when an image is exported without a name.
var ErrNoSubject = errors.New("no subject")

// Subject is what a statement is about.
type Subject struct {
	Name string `json:"name"`
	// Digest is an in-toto DigestSet: algorithm to lower-case hex.
	Digest map[string]string `json:"digest"`
}

// SubjectOf returns a subject for an OCI digest.
func SubjectOf(name string, d digest.Digest) Subject {
	return Subject{Name: name, Digest: map[string]string{d.Algorithm().String(): d.Encoded()}}
}

// Has reports whether one of the statement's subjects has the digest.
func (s Statement) Has(d digest.Digest) bool {
	return slices.ContainsFunc(s.Subject, func(sub Subject) bool {
		return sub.Digest[d.Algorithm().String()] == d.Encoded()
	})
}

// Encode returns the statement as v1 JSON, the predicate's bytes unchanged.
func (s Statement) Encode() ([]byte, error) {
	head, err := json.Marshal(struct {
		Type          string    `json:"_type"`
		Subject       []Subject `json:"subject"`
		PredicateType string    `json:"predicateType"`
	}{sigstore.StatementV1, s.Subject, s.PredicateType})
	if err != nil {
		return nil, fmt.Errorf("encode statement: %w", err)
	}
	out := make([]byte, 0, len(head)+len(s.Predicate)+16)
	out = append(out, head[:len(head)-1]...)
	out = append(out, `,"predicate":`...)
	out = append(out, s.Predicate...)
	return append(out, '}'), nil
}

// DecodeStatement reads a statement strictly. It is an error when the bytes are
// not UTF-8 or too many, when a field of the statement or of a subject is
// unknown, repeated or missing, or when bytes follow it. The predicate is only
// checked to be a JSON object in which no field is repeated.
func DecodeStatement(b []byte) (Statement, error) {
	s, err := decodeStatement(b)
	if err != nil {
		return Statement{}, fmt.Errorf("decode statement: %w", err)
	}
	return s, nil
}

func decodeStatement(b []byte) (Statement, error) {
	var s Statement
	if len(b) > MaxStatementBytes {
		return s, fmt.Errorf("%d bytes, more than %d", len(b), MaxStatementBytes)
	}
	if !utf8.Valid(b) {
		return s, errors.New("not UTF-8")
	}
	fields, err := decodeFields(b, "_type", "predicate", "predicateType", "subject")
	if err != nil {
		return s, err
	}
	if err := errors.Join(
		decodeField(fields, "_type", &s.Type),
		decodeField(fields, "predicateType", &s.PredicateType),
	); err != nil {
		return s, err
	}
	if s.Type != sigstore.StatementV1 && s.Type != sigstore.StatementV01 {
		return s, fmt.Errorf("type %.200q is not an in-toto statement", s.Type)
	}
	if s.PredicateType == "" {
		return s, errors.New("predicateType is empty")
	}
	s.Predicate = fields["predicate"]
	if len(s.Predicate) == 0 || s.Predicate[0] != '{' {
		return s, errors.New("predicate is not an object")
	}
	if err := provenance.CheckKeys(s.Predicate, nil); err != nil {
		return s, fmt.Errorf("predicate: %w", err)
	}
	s.Subject, err = decodeSubjects(fields["subject"])
	return s, err
}

func decodeSubjects(b json.RawMessage) ([]Subject, error) {
	var raw []json.RawMessage
	if err := json.Unmarshal(b, &raw); err != nil {
		return nil, fmt.Errorf("subject: %w", err)
	}
	if len(raw) == 0 {
		return nil, ErrNoSubject
	}
	if len(raw) > maxSubjects {
		return nil, fmt.Errorf("%d subjects, more than %d", len(raw), maxSubjects)
	}
	subjects := make([]Subject, len(raw))
	for i, r := range raw {
		fields, err := decodeFields(r, "digest", "name")
		if err != nil {
			return nil, fmt.Errorf("subject %d: %w", i, err)
		}
		if err := decodeField(fields, "name", &subjects[i].Name); err != nil {
			return nil, fmt.Errorf("subject %d: %w", i, err)
		}
		if err := decodeField(fields, "digest", &subjects[i].Digest); err != nil {
			return nil, fmt.Errorf("subject %d: %w", i, err)
		}
		if len(subjects[i].Digest) == 0 {
			return nil, fmt.Errorf("subject %d: no digest", i)
		}
	}
	return subjects, nil
}

// decodeFields splits an object into exactly the wanted fields, each once and in
// the wanted case: encoding/json alone takes SUBJECT for subject and the last of
// two, which another reader may see otherwise.
func decodeFields(b []byte, want ...string) (map[string]json.RawMessage, error) {
	d := json.NewDecoder(bytes.NewReader(b))
	if t, err := d.Token(); err != nil {
		return nil, noEOF(err)
	} else if t != json.Delim('{') {
		return nil, errors.New("not an object")
	}
	fields := make(map[string]json.RawMessage, len(want))
	for d.More() {
		t, err := d.Token()
		if err != nil {
			return nil, noEOF(err)
		}
		name, _ := t.(string)
		if !slices.Contains(want, name) {
			return nil, fmt.Errorf("unknown field %.200q", name)
		}
		if _, twice := fields[name]; twice {
			return nil, fmt.Errorf("field %q twice", name)
		}
		var v json.RawMessage
		if err := d.Decode(&v); err != nil {
			return nil, noEOF(err)
		}
		fields[name] = v
	}
	if _, err := d.Token(); err != nil {
		return nil, noEOF(err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("trailing bytes")
	}
	if len(fields) != len(want) {
		for _, w := range slices.Sorted(slices.Values(want)) {
			if _, ok := fields[w]; !ok {
				return nil, fmt.Errorf("no field %q, only %q", w, slices.Sorted(maps.Keys(fields)))
			}
		}
	}
	return fields, nil
}

func decodeField(fields map[string]json.RawMessage, name string, v any) error {
	if err := json.Unmarshal(fields[name], v); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

func noEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
