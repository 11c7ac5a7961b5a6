package licence

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
)

// Extracted is a licence that SPDX's list has not, with its text (SPDX 2.3, section 10).
// The ID is of the name and the text, so that equal licences of two packages are one.
type Extracted struct {
	ID   string `json:"id"` // "LicenseRef-NAME-" and 20 digits of the text's sha256
	Name string `json:"name"`
	Text string `json:"text"`
}

// RefPrefix begins the id of each licence that is not SPDX's.
const RefPrefix = "LicenseRef-"

// maxName bounds the name of a licence that SPDX has not, in bytes.
const maxName = 64

// NewExtracted is a licence of a name, as metadata has it, and a text.
func NewExtracted(name, text string) Extracted {
	name, text = strings.ToValidUTF8(name, "?"), strings.ToValidUTF8(text, "?")
	name = strings.Join(strings.Fields(name), " ")
	if len(name) > maxName {
		name = strings.ToValidUTF8(name[:maxName], "")
	}
	sum := sha256.Sum256([]byte(text))
	return Extracted{ID: RefPrefix + IDString(name) + "-" + hex.EncodeToString(sum[:10]), Name: name, Text: text}
}

// IDString keeps what an SPDX id may hold: letters, digits, "." and "-". The rest becomes
// "-".
func IDString(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case 'a' <= r && r <= 'z', 'A' <= r && r <= 'Z', '0' <= r && r <= '9', r == '.', r == '-':
			return r
		}
		return '-'
	}, s)
}

// Tidy sorts licences by ID and keeps each once.
func Tidy(ls []Extracted) []Extracted {
	slices.SortFunc(ls, func(a, b Extracted) int {
		return cmp.Or(cmp.Compare(a.ID, b.ID), cmp.Compare(a.Name, b.Name), cmp.Compare(a.Text, b.Text))
	})
	return slices.CompactFunc(ls, func(a, b Extracted) bool { return a.ID == b.ID })
}

// Result is what is known of a licence. The zero value says nothing.
type Result struct {
	// Expression is a valid SPDX expression of listed ids and of Refs; empty: not known.
	Expression string
	// Refs are the licences in it that SPDX has not, sorted by ID, each once.
	Refs []Extracted
}

// result renders an expression whose unlisted ids are those of refs.
func result(e Expression, refs []Extracted) Result {
	text := simplify(e).String()
	if len(text) > maxExpression {
		return Result{}
	}
	var used []Extracted
	for _, r := range Tidy(slices.Clone(refs)) {
		if e.has(r.ID) {
			used = append(used, r)
		}
	}
	return Result{Expression: text, Refs: used}
}

// maxExpression bounds an expression that is written, in bytes: files of the largest
// packages of a distribution come to a tenth of it.
const maxExpression = 64 << 10
