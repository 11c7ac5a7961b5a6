package main

import (
	"bytes"

	"github.com/sworn-build/sworn/provenance"
)

// Reading a predicate back takes more than half of the time and memory that assemble
// needs for an image of 100,000 files. A reader refuses three things: values that do
// not hold together, which a check finds without decoding; names that are there twice,
// which only maps with names of the user's can have; and bytes that say something else
// than the values, which is so only of strings that are no UTF-8. What may be one of
// the last two is read back. Digests over lists were just made of them.

// replaced is what encoding/json writes for bytes that are no UTF-8. The same
// character in a string that is UTF-8 is written as it is.
const replaced = `\ufffd`

// readableSteps verifies that b, which encodes s, is accepted by readers.
func readableSteps(s provenance.Steps, b []byte) error {
	if doubtful(b) || foldsTwice(s) {
		_, err := provenance.DecodeSteps(b)
		return err
	}
	return s.CheckFields()
}

// readableContents is [readableSteps] of contents.
func readableContents(c provenance.Contents, b []byte) error {
	if doubtful(b) {
		_, err := provenance.DecodeContents(b)
		return err
	}
	return c.CheckFields()
}

func doubtful(b []byte) bool { return bytes.Contains(b, []byte(replaced)) }

// foldsTwice reports whether a map has names that encoding/json takes for one.
// Digest sets of files have one name.
func foldsTwice(s provenance.Steps) bool {
	if twice(s.Options) {
		return true
	}
	for _, m := range s.Materials {
		if twice(m.Digest) {
			return true
		}
	}
	return false
}

func twice(m map[string]string) bool {
	seen := make(map[string]bool, len(m))
	for name := range m {
		if seen[provenance.FoldKey(name)] {
			return true
		}
		seen[provenance.FoldKey(name)] = true
	}
	return false
}
