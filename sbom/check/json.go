package check

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
)

// Limits on a document. BuildKit attaches at most 40 MiB, in which there are some two
// million values. The values allowed take about half a GiB of memory.
const (
	// MaxBytes is the largest document that is read, in bytes.
	MaxBytes   = 64 << 20
	maxNesting = 64
	maxValues  = 3 << 20
)

type kind uint8

const (
	kindNull kind = iota
	kindBool
	kindNumber
	kindText
	kindList
	kindObject
)

// String names a kind as JSON does.
func (k kind) String() string {
	return [...]string{"null", "boolean", "number", "string", "array", "object"}[k]
}

// node is a JSON value.
type node struct {
	kind kind
	// text is a string, or what a number or boolean is written as.
	text string
	// items are the values of a list, or those of an object's fields, which names name.
	items []node
	names []string
}

// get returns a field of an object; nil when it is none or has none of the name.
func (n *node) get(name string) *node {
	if n == nil || n.kind != kindObject {
		return nil
	}
	if i := slices.Index(n.names, name); i >= 0 {
		return &n.items[i]
	}
	return nil
}

// string returns the text of a string; empty of everything else.
func (n *node) string() string {
	if n == nil || n.kind != kindText {
		return ""
	}
	return n.text
}

// list returns the values of a list; none of everything else.
func (n *node) list() []node {
	if n == nil || n.kind != kindList {
		return nil
	}
	return n.items
}

// place is where a value lies.
type place struct {
	up    *place
	name  string
	index int // in a list, where name is empty
}

func (p *place) field(name string) *place { return &place{up: p, name: name} }
func (p *place) item(i int) *place        { return &place{up: p, index: i} }

// String is the place as a JSON pointer (RFC 6901); the document's is empty.
func (p *place) String() string {
	if p == nil {
		return ""
	}
	if p.name == "" {
		return p.up.String() + "/" + strconv.Itoa(p.index)
	}
	return p.up.String() + "/" + escapePointer(p.name)
}

func escapePointer(name string) string {
	name = string(bytes.ReplaceAll([]byte(name), []byte("~"), []byte("~0")))
	return string(bytes.ReplaceAll([]byte(name), []byte("/"), []byte("~1")))
}

// twiceError is a field that an object has twice: readers differ in which they take.
type twiceError struct{ name string }

// Error implements error.
func (e *twiceError) Error() string { return fmt.Sprintf("the field %.100q is there twice", e.name) }

// parse reads one JSON value.
func parse(b []byte) (*node, error) {
	if len(b) > MaxBytes {
		return nil, fmt.Errorf("%d bytes, more than %d", len(b), MaxBytes)
	}
	if at := validUTF8(b); at < len(b) {
		return nil, fmt.Errorf("byte %d: not UTF-8", at)
	}
	p := &parser{d: json.NewDecoder(bytes.NewReader(b)), names: map[string]string{}}
	p.d.UseNumber()
	n, err := p.value(0)
	if err != nil {
		return nil, p.located(err, len(b))
	}
	if _, err := p.d.Token(); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("byte %d: something follows the document", p.d.InputOffset())
	}
	return &n, nil
}

type parser struct {
	d      *json.Decoder
	values int
	names  map[string]string // each once in memory
}

func (p *parser) value(depth int) (node, error) {
	t, err := p.d.Token()
	if err != nil {
		return node{}, err
	}
	if p.values++; p.values > maxValues {
		return node{}, fmt.Errorf("more than %d values", maxValues)
	}
	if depth > maxNesting {
		return node{}, fmt.Errorf("nested deeper than %d", maxNesting)
	}
	switch v := t.(type) {
	case string:
		return node{kind: kindText, text: v}, nil
	case json.Number:
		return node{kind: kindNumber, text: v.String()}, nil
	case bool:
		return node{kind: kindBool, text: strconv.FormatBool(v)}, nil
	case json.Delim:
		if v == '[' {
			return p.list(depth)
		}
		return p.object(depth)
	}
	return node{}, nil
}

func (p *parser) list(depth int) (node, error) {
	n := node{kind: kindList}
	for p.d.More() {
		v, err := p.value(depth + 1)
		if err != nil {
			return node{}, within(err, "", len(n.items))
		}
		n.items = append(n.items, v)
	}
	_, err := p.d.Token()
	return n, err
}

func (p *parser) object(depth int) (node, error) {
	n := node{kind: kindObject}
	var seen map[string]bool // of an object with many fields
	for p.d.More() {
		t, err := p.d.Token()
		if err != nil {
			return node{}, err
		}
		name, _ := t.(string) // the decoder takes nothing else
		if seen == nil && len(n.names) == 32 {
			seen = map[string]bool{}
			for _, s := range n.names {
				seen[s] = true
			}
		}
		if seen[name] || seen == nil && slices.Contains(n.names, name) {
			return node{}, &twiceError{name}
		}
		if seen != nil {
			seen[name] = true
		}
		v, err := p.value(depth + 1)
		if err != nil {
			return node{}, within(err, name, 0)
		}
		n.names, n.items = append(n.names, p.once(name)), append(n.items, v)
	}
	_, err := p.d.Token()
	return n, err
}

// once returns a name that shares its bytes with those alike.
func (p *parser) once(name string) string {
	if s, ok := p.names[name]; ok {
		return s
	}
	p.names[name] = name
	return name
}
