// Package wording writes numbers of things and names of things as English does: "1 file",
// "2 files", "an array". Messages of Sworn's commands, checks and documents use it:
//
//	wording.Count(len(files), "file")           // "1 file", "2 files"
//	wording.Count(entries, "entry", "entries")  // where an s does not make the plural
//	wording.A("object")                         // "an object"
package wording

import (
	"fmt"
	"strings"
)

// Count is a number and the word for as many: one for 1, else the plural, which is one with
// an s where none is given.
func Count(n int, one string, plural ...string) string {
	switch {
	case n == 1:
		return "1 " + one
	case len(plural) > 0:
		return fmt.Sprintf("%d %s", n, plural[0])
	}
	return fmt.Sprintf("%d %ss", n, one)
}

// A is a word behind the article that it takes by its first letter: "a string", "an array".
// Words with u are taken as URI and URL are spoken.
func A(word string) string {
	if word != "" && strings.ContainsRune("aeioAEIO", rune(word[0])) {
		return "an " + word
	}
	return "a " + word
}
