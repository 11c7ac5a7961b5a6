// Package programs carries both runners and the evidence tool in the binary that
// imports it, for every architecture that hack/build makes them for.
//
//	p, err := programs.For("arm64")
//	fs := p.FS("/runner", "/recorder", "/evidence") // laid out as in the frontend's image
//
// A binary that was built without hack/build has none: [For] answers [ErrNone].
package programs
