package sbom

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"strings"

	"github.com/sworn-build/sworn/step/canon"
)

// idMark stands for the document's namespace while its elements are written: the namespace
// is the digest of all of them. JSON has no such byte.
const idMark = "\x00"

// zeroNamespace has zeros in place of the digest.
var zeroNamespace = namespacePrefix + strings.Repeat("0", 2*sha256.Size) + "#"

// elementWriter writes SPDX 3 elements as JSON-LD, one after the other, with a comma before
// each but the first (https://spdx.github.io/spdx-spec/v3.0.1/serializations/). A field
// with an empty value is left out. Ids of elements are those of the document, such as
// "Image", or IRIs of others, which have a colon.
type elementWriter struct {
	f         *canon.Form
	ids       int // of the document, as often as they were written
	elements  int
	relations int
}

func newElementWriter(bytes int) *elementWriter {
	return &elementWriter{f: canon.NewWriter(make([]byte, 0, bytes))}
}

// length is how many bytes the elements take with the namespace in place.
func (w *elementWriter) length() int {
	b, _ := w.f.Bytes() // no value that can fail
	return len(b) + w.ids*(len(zeroNamespace)-len(idMark))
}

// begin begins an element.
func (w *elementWriter) begin(class, id string) {
	if w.elements++; w.elements > 1 {
		w.f.Literal(",")
	}
	w.f.Literal(`{"type":"`)
	w.f.Literal(class)
	w.f.Literal(`","spdxId":`)
	w.id(id)
	w.f.Literal(`,"creationInfo":"_:creationInfo"`)
}

func (w *elementWriter) end() { w.f.Literal("}") }

func (w *elementWriter) id(id string) {
	if strings.Contains(id, ":") {
		w.f.Text("", &id)
		return
	}
	w.ids++
	w.f.Literal(`"` + idMark)
	w.f.Literal(id)
	w.f.Literal(`"`)
}

func (w *elementWriter) field(name string) {
	w.f.Literal(`,"`)
	w.f.Literal(name)
	w.f.Literal(`":`)
}

func (w *elementWriter) text(name, value string) {
	if value != "" {
		w.field(name)
		w.f.Text("", &value)
	}
}

func (w *elementWriter) ref(name, id string) {
	if id != "" {
		w.field(name)
		w.id(id)
	}
}

func (w *elementWriter) refs(name string, ids []string) {
	w.list(name, len(ids), func(i int) { w.id(ids[i]) })
}

func (w *elementWriter) texts(name string, values ...string) {
	w.list(name, len(values), func(i int) { w.f.Text("", &values[i]) })
}

// list writes n values of a field.
func (w *elementWriter) list(name string, n int, one func(int)) {
	if n == 0 {
		return
	}
	w.field(name)
	w.f.Literal("[")
	for i := range n {
		if i > 0 {
			w.f.Literal(",")
		}
		one(i)
	}
	w.f.Literal("]")
}

// hash3 is an SPDX 3 Hash: a method to verify an element.
type hash3 struct {
	algorithm, value string // the algorithm as SPDX 3 names it: sha256
	comment          string
}

func (w *elementWriter) hashes(hs ...hash3) {
	w.list("verifiedUsing", len(hs), func(i int) {
		w.f.Literal(`{"type":"Hash","algorithm":`)
		w.f.Text("", &hs[i].algorithm)
		w.f.Text(`,"hashValue":`, &hs[i].value)
		w.text("comment", hs[i].comment)
		w.f.Literal("}")
	})
}

// identifier3 is an SPDX 3 ExternalIdentifier: its type and itself.
type identifier3 struct{ kind, value string }

func (w *elementWriter) identifiers(ids ...identifier3) {
	w.list("externalIdentifier", len(ids), func(i int) {
		w.f.Literal(`{"type":"ExternalIdentifier","externalIdentifierType":"` + ids[i].kind + `"`)
		w.text("identifier", ids[i].value)
		w.f.Literal("}")
	})
}

// externalMap says in which document an element is that this one only refers to.
type externalMap struct {
	id     string // of the element
	by     string // the id of the element that stands for the document
	file   string // that the document is written to
	sha256 string // of the document
}

func (w *elementWriter) imports(ms []externalMap) {
	w.list("import", len(ms), func(i int) {
		w.f.Literal(`{"type":"ExternalMap","externalSpdxId":`)
		w.id(ms[i].id)
		w.ref("definingArtifact", ms[i].by)
		w.text("locationHint", ms[i].file)
		w.hashes(hash3{algorithm: "sha256", value: ms[i].sha256})
		w.f.Literal("}")
	})
}

// entries writes a dictionary.
func (w *elementWriter) entries(name string, es []Parameter) {
	w.list(name, len(es), func(i int) {
		w.f.Literal(`{"type":"DictionaryEntry","key":`)
		w.f.Text("", &es[i].Key)
		w.text("value", es[i].Value)
		w.f.Literal("}")
	})
}

// relate writes a relationship; none when it leads nowhere.
func (w *elementWriter) relate(from, kind, completeness string, to ...string) {
	w.relation(from, kind, completeness, "", to)
}

// relateNoted writes a relationship with a comment.
func (w *elementWriter) relateNoted(from, kind, comment string, to ...string) {
	w.relation(from, kind, "", comment, to)
}

func (w *elementWriter) relation(from, kind, completeness, comment string, to []string) {
	if len(to) == 0 {
		return
	}
	w.relations++
	w.begin("Relationship", "Relationship-"+strconv.Itoa(w.relations))
	w.text("comment", comment)
	w.ref("from", from)
	w.text("relationshipType", kind)
	w.refs("to", to)
	w.text("completeness", completeness)
	w.end()
}

// document returns the elements between a head and a foot, with the namespace that it
// returns too: the sha256 over this document with zeros in its place.
func (w *elementWriter) document(head, foot string) (b []byte, namespace string) {
	b, _ = w.f.Bytes() // no value that can fail
	parts := bytes.Split(b, []byte(idMark))
	sum := sha256.New()
	sum.Write([]byte(head))
	for i, p := range parts {
		if i > 0 {
			sum.Write([]byte(zeroNamespace))
		}
		sum.Write(p)
	}
	sum.Write([]byte(foot))
	namespace = namespacePrefix + hex.EncodeToString(sum.Sum(nil)) + "#"
	out := make([]byte, 0, len(head)+w.length()+len(foot))
	out = append(out, head...)
	for i, p := range parts {
		if i > 0 {
			out = append(out, namespace...)
		}
		out = append(out, p...)
	}
	return append(out, foot...), namespace
}
