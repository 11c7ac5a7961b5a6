package canon

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
	"unsafe"

	"github.com/sworn-build/sworn/step"
)

// Form is a JSON text that is written or read. The first error ends it: calls after it
// do nothing. A writer leaves the values that it is given as they are; a reader wants
// them to be zero.
type Form struct {
	reads bool
	err   error

	out []byte // what has been written

	in string // all of the text that is read
	at int    // how much of it has been
	// escaped are strings that were not plain, by the text between their quotes: a few
	// package names come thousands of times.
	escaped map[string]string
}

// NewWriter returns a form that is written. It appends to b.
func NewWriter(b []byte) *Form { return &Form{out: b} }

// NewReader returns a form that reads text. The strings that it reads are parts of text
// where they can be, so nobody may change it any more.
func NewReader(text []byte) *Form {
	return &Form{reads: true, in: unsafe.String(unsafe.SliceData(text), len(text)), escaped: map[string]string{}}
}

// Reads reports whether the form is read.
func (f *Form) Reads() bool { return f.reads }

// Bytes returns what was written. An error is that of a value of [Form.Value].
func (f *Form) Bytes() ([]byte, error) { return f.out, f.err }

// End returns the first error of a reader; text that was left is one.
func (f *Form) End() error {
	if f.err == nil && f.at < len(f.in) {
		f.fail("trailing bytes")
	}
	return f.err
}

// Fail ends a form with an error, unless it has one.
func (f *Form) Fail(err error) {
	if f.err == nil {
		f.err = err
	}
}

func (f *Form) fail(format string, args ...any) {
	f.Fail(fmt.Errorf("byte %d: "+format, append([]any{f.at}, args...)...))
}

// Literal is text as it is: a field's name with its punctuation, or the end of an object.
func (f *Form) Literal(s string) {
	switch {
	case !f.reads:
		f.out = append(f.out, s...)
	case f.err != nil:
	case strings.HasPrefix(f.in[f.at:], s):
		f.at += len(s)
	case len(f.in)-f.at < len(s):
		f.Fail(io.ErrUnexpectedEOF)
	default:
		f.fail("%.60q, want %q", f.in[f.at:], s)
	}
}

// Has is a literal that need not be there: a writer writes it if there is, a reader tells
// whether it comes next.
func (f *Form) Has(s string, there bool) bool {
	if !f.reads {
		if there {
			f.out = append(f.out, s...)
		}
		return there
	}
	if f.err != nil || !strings.HasPrefix(f.in[f.at:], s) {
		return false
	}
	f.at += len(s)
	return true
}

// Text is a string.
func (f *Form) Text(field string, s *string) {
	f.Literal(field)
	f.text(s)
}

// OptText is a string that is left out when it is empty.
func (f *Form) OptText(field string, s *string) {
	if f.Has(field, *s != "") {
		f.text(s)
	}
}

// Path is a path, in its JSON form.
func (f *Form) Path(field string, p *step.Path) {
	f.Literal(field)
	f.path(p)
}

// OptPath is a path that is left out when it is empty.
func (f *Form) OptPath(field string, p *step.Path) {
	if f.Has(field, *p != "") {
		f.path(p)
	}
}

// Bool is true or false.
func (f *Form) Bool(field string, v *bool) {
	f.Literal(field)
	is := f.Has("true", *v)
	if !is {
		f.Literal("false")
	}
	if f.reads {
		*v = is
	}
}

// OptTrue is left out when it is false.
func (f *Form) OptTrue(field string, v *bool) {
	if f.Has(field, *v) {
		f.Bool("", v)
	}
}

// Value is anything that is small: encoding/json writes and reads it. A reader refuses
// unknown fields. v is a pointer.
func (f *Form) Value(field string, v any) {
	f.Literal(field)
	if f.err != nil {
		return
	}
	if !f.reads {
		b, err := json.Marshal(v)
		f.out = append(f.out, b...)
		f.Fail(err)
		return
	}
	d := json.NewDecoder(strings.NewReader(f.in[f.at:]))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		f.fail("%w", err)
		return
	}
	f.at += int(d.InputOffset())
}

// integer are the types of numbers that a form can hold.
type integer interface{ ~int | ~int64 | ~uint32 }

// Int is a number. One that its type cannot hold is an error.
func Int[T integer](f *Form, field string, n *T) {
	f.Literal(field)
	if !f.reads {
		f.out = strconv.AppendInt(f.out, int64(*n), 10)
		return
	}
	wide := f.int()
	if *n = T(wide); int64(*n) != wide {
		f.fail("the number %d is out of range", wide)
	}
}

// OptInt is a number that is left out when it is 0.
func OptInt[T integer](f *Form, field string, n *T) {
	if f.Has(field, *n != 0) {
		Int(f, "", n)
	}
}

// List is a list, or null, of what one writes or reads of an element.
func List[T any](f *Form, field string, list *[]T, one func(*Form, *T)) {
	f.Literal(field)
	if f.Has("null", *list == nil) {
		return
	}
	f.Literal("[")
	if f.reads {
		*list = elements(f, one)
		return
	}
	for i := range *list {
		if i > 0 {
			f.out = append(f.out, ',')
		}
		if cap(f.out)-len(f.out) < smallest {
			f.out = slices.Grow(f.out, len(f.out)+smallest) // as in elements
		}
		one(f, &(*list)[i])
	}
	f.Literal("]")
}

// smallest is the room in bytes that a writer makes for an element of a list.
const smallest = 1 << 10

// elements reads up to the end of a list. Long lists double: append would let them grow
// by a quarter, and copy each element five times.
func elements[T any](f *Form, one func(*Form, *T)) []T {
	out := []T{}
	if f.Has("]", false) {
		return out
	}
	for f.err == nil {
		if len(out) == cap(out) {
			out = slices.Grow(out, len(out)+8)
		}
		out = out[:len(out)+1]
		one(f, &out[len(out)-1])
		if !f.Has(",", false) {
			break
		}
	}
	f.Literal("]")
	return out
}

// Paths is a list of paths, or null.
func Paths(f *Form, field string, list *[]step.Path) {
	List(f, field, list, func(f *Form, p *step.Path) { f.path(p) })
}

func (f *Form) text(s *string) {
	if !f.reads {
		f.out = AppendString(f.out, *s)
		return
	}
	if f.Literal(`"`); f.err != nil {
		return
	}
	rest := f.in[f.at:]
	for i := 0; i < len(rest); i++ {
		if plain(rest[i]) {
			continue
		}
		if rest[i] == '"' {
			*s = rest[:i]
			f.at += i + 1
			return
		}
		*s = f.unescape(i)
		return
	}
	f.Fail(io.ErrUnexpectedEOF)
}

// unescape reads the rest of a string of which the first bytes are plain.
func (f *Form) unescape(i int) string {
	rest := f.in[f.at:]
	for ; i < len(rest) && rest[i] != '"'; i++ {
		if rest[i] == '\\' {
			i++
		}
	}
	if i >= len(rest) {
		f.Fail(io.ErrUnexpectedEOF)
		return ""
	}
	s, ok := f.escaped[rest[:i]]
	if !ok {
		if err := json.Unmarshal([]byte(f.in[f.at-1:f.at+i+1]), &s); err != nil {
			f.fail("%w", err)
			return ""
		}
		f.escaped[rest[:i]] = s
	}
	f.at += i + 1
	return s
}

func (f *Form) path(p *step.Path) {
	s := string(*p)
	if !f.reads {
		if strings.IndexByte(s, '\\') >= 0 || !utf8.ValidString(s) {
			text, _ := p.MarshalText() // never fails
			s = string(text)
		}
		f.out = AppendString(f.out, s)
		return
	}
	f.text(&s)
	*p = step.Path(s)
	if strings.IndexByte(s, '\\') < 0 || f.err != nil {
		return
	}
	if err := p.UnmarshalText([]byte(s)); err != nil {
		f.fail("%w", err)
	}
}

// int reads a number.
func (f *Form) int() int64 {
	if f.err != nil {
		return 0
	}
	rest := f.in[f.at:]
	end := 0
	for end < len(rest) && ('0' <= rest[end] && rest[end] <= '9' || end == 0 && rest[end] == '-') {
		end++
	}
	digits := strings.TrimPrefix(rest[:end], "-")
	n, err := strconv.ParseInt(rest[:end], 10, 64)
	if err != nil || len(digits) > 1 && digits[0] == '0' {
		f.fail("%.30q is no number", rest[:end])
		return 0
	}
	f.at += end
	return n
}
