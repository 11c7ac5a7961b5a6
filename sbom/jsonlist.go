package sbom

import (
	"encoding/json"
	"errors"
	"io"
)

// JSON is read piece by piece where a file lists many packages: decoded at once, a file
// of sixteen megabytes would take a hundred times as much.

// maxPackages bounds the packages that one file tells of.
const maxPackages = 20000

var (
	errJSON     = errors.New("it is not the JSON that it should be")
	errPackages = errors.New("it has more packages than a file may have")
)

// filled reads as much at a time as it is asked for. A decoder looks at white space again
// with each part that it gets: what is unpacked in small ones would take the square of it.
type filled struct{ io.Reader }

func (f filled) Read(p []byte) (n int, err error) {
	for n < len(p) && err == nil {
		var more int
		more, err = f.Reader.Read(p[n:])
		n += more
	}
	return n, err
}

// eachField calls f with each key of an object, whose value f reads.
func eachField(d *json.Decoder, f func(key string) error) error {
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return errJSON
	}
	for d.More() {
		t, err := d.Token()
		key, ok := t.(string)
		if err != nil || !ok {
			return errJSON
		}
		if err := f(key); err != nil {
			return err
		}
	}
	return closing(d)
}

// eachElement calls f before each element of an array, which f reads.
func eachElement(d *json.Decoder, f func() error) error {
	if t, err := d.Token(); err != nil || t != json.Delim('[') {
		return errJSON
	}
	for d.More() {
		if err := f(); err != nil {
			return err
		}
	}
	return closing(d)
}

func closing(d *json.Decoder) error {
	if _, err := d.Token(); err != nil {
		return errJSON
	}
	return nil
}

// skipValue reads a value that is of no interest.
func skipValue(d *json.Decoder) error {
	var v json.RawMessage
	if err := d.Decode(&v); err != nil {
		return errJSON
	}
	return nil
}

// value reads a value into v. One of another type is as if it were not there.
func value(d *json.Decoder, v any) error {
	var raw json.RawMessage
	if err := d.Decode(&raw); err != nil {
		return errJSON
	}
	_ = json.Unmarshal(raw, v) // of another type
	return nil
}
