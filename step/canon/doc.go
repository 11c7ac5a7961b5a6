// Package canon writes JSON as [json.Marshal] does, byte for byte, and reads back what
// was so written, in a fraction of the time: for lists of a hundred thousand files,
// where reflection, and an allocation for each string, are what a program does longest.
//
// A [Form] does both with the same calls, so that what is written and what is read
// cannot differ. Each call names a field with the punctuation before it:
//
//	func point(f *canon.Form, p *Point) {
//		f.Text(`{"name":`, &p.Name)
//		f.Int(`,"x":`, &p.X)
//		f.OptText(`,"note":`, &p.Note) // omitempty
//		f.Literal(`}`)
//	}
//
//	w := canon.NewWriter(nil)
//	point(w, &p)
//	b, err := w.Bytes()
//
//	r := canon.NewReader(b)
//	point(r, &q)
//	err = r.End()
//
// A reader refuses more than encoding/json does: fields that are unknown, repeated,
// missing or in another order, names in another case, and space between tokens. What it
// takes, encoding/json takes as well, and finds the same in it.
package canon
