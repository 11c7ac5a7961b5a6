package provenance

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
)

// maxNesting bounds objects and arrays in each other: no format that is read here
// comes near it.
const maxNesting = 1000

// CheckKeys verifies that no object in a JSON value names a field twice. Of two,
// one reader takes the first and another the last, so that they see different
// things in what one key has signed. fold makes of a name what it is compared by;
// nil compares names as they are, [FoldKey] as encoding/json does.
func CheckKeys(b []byte, fold func(string) string) error {
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	if fold == nil {
		fold = func(name string) string { return name }
	}
	var open []*object // nil for an array
	for {
		t, err := d.Token()
		if errors.Is(err, io.EOF) && len(open) == 0 {
			return nil
		}
		if err != nil {
			return err
		}
		var in *object
		if len(open) > 0 {
			in = open[len(open)-1]
		}
		switch t {
		case json.Delim('{'), json.Delim('['):
			if in != nil {
				in.wantsValue = false
			}
			if len(open) == maxNesting {
				return fmt.Errorf("nested deeper than %d", maxNesting)
			}
			var o *object
			if t == json.Delim('{') {
				o = &object{names: make(map[string]bool)}
			}
			open = append(open, o)
		case json.Delim('}'), json.Delim(']'):
			open = open[:len(open)-1]
		default:
			if err := in.take(t, fold); err != nil {
				return err
			}
		}
	}
}

// object is an object that is being read.
type object struct {
	names      map[string]bool
	wantsValue bool
}

// take takes a name or a value that is no object or array.
func (o *object) take(t json.Token, fold func(string) string) error {
	if o == nil {
		return nil
	}
	if o.wantsValue {
		o.wantsValue = false
		return nil
	}
	name, _ := t.(string)
	folded := fold(name)
	if o.names[folded] {
		return fmt.Errorf("field %.100q twice", name)
	}
	o.names[folded] = true
	o.wantsValue = true
	return nil
}

// FoldKey makes names equal that encoding/json takes for the same field: those that
// differ in case.
func FoldKey(name string) string { return strings.ToLower(strings.ToUpper(name)) }
