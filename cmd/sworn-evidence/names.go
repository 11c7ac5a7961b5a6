package main

import (
	"fmt"
	"path"
	"strings"

	"github.com/sworn-build/sworn/sbom"
	"github.com/sworn-build/sworn/step"
)

// whiteout is how the name of an entry begins that removes another one from the
// layers below (https://github.com/opencontainers/image-spec/blob/main/layer.md#whiteouts).
const whiteout = ".wh."

// nameError is a file of the image that no layer can hold: whoever unpacks the image
// takes it for an order to remove another file.
type nameError struct {
	held sbom.Held
	step step.Step // zero when a source has it
	more int       // other files like it
}

func (e *nameError) Error() string {
	by := e.held.Step
	if e.step.ID != "" {
		by = e.step.Name
		if len(e.step.Lines) > 0 {
			by += fmt.Sprintf(" (Dockerfile:%d)", e.step.Lines[0].Start)
		}
	}
	also := ""
	if e.more > 0 {
		also = fmt.Sprintf(", and %d more like it", e.more)
	}
	return fmt.Sprintf("%s from %s%s: an image layer holds no name that begins with %s; rename or remove it", printable(e.held.Path), by, also, whiteout)
}

// layerNames refuses an image of which a layer would lose or remove files: what is
// attached would describe another image.
func (g *graph) layerNames(files []sbom.Held) error {
	var first *nameError
	for _, h := range files {
		if !strings.HasPrefix(path.Base(string(h.Path)), whiteout) {
			continue
		}
		if first == nil {
			first = &nameError{held: h, step: g.steps[h.Step]}
			continue
		}
		first.more++
	}
	if first == nil {
		return nil
	}
	return first
}
