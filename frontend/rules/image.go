package rules

import (
	"fmt"
	"strconv"

	"github.com/distribution/reference"
	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	"github.com/moby/buildkit/frontend/dockerfile/parser"
)

// base looks at the image that a stage starts from.
func (c *check) base(s *stage) {
	if s.image != "" {
		c.image("FROM", s.image, s.Location)
	}
}

// from looks at images that an instruction takes files from.
func (c *check) from(cmd instructions.Command, at []parser.Range) {
	for _, from := range fromOf(cmd) {
		if _, err := strconv.Atoi(from); err != nil && c.stageCalled(from) == nil {
			c.image("--from", from, at)
		}
	}
}

// image finds images that are not pinned. What is no reference to an image is an error of
// the build and left to it.
func (c *check) image(where, ref string, at []parser.Range) {
	if ref == scratch || c.isNamed(ref) {
		return
	}
	named, err := reference.ParseNormalizedNamed(ref)
	if err != nil {
		return
	}
	if _, ok := named.(reference.Digested); !ok {
		c.add(UnpinnedBaseImage, at, fmt.Sprintf("%s of %s is not pinned: add its digest, as in %s@sha256:...", where, ref, ref))
	}
}
