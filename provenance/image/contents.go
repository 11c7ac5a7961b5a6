package image

import (
	"fmt"

	"github.com/sworn-build/sworn/provenance"
	"github.com/sworn-build/sworn/step"
)

// maxDifferences bounds a list of differences: the first ones say enough.
const maxDifferences = 100

// Difference is a path at which a contents/v1 predicate and the layers disagree.
type Difference struct {
	Path step.Path `json:"path"`
	// What says how, like "size is 3 in the layers, 4 in the statement".
	What string `json:"what"`
}

// Error makes a difference an error.
func (d Difference) Error() string { return fmt.Sprintf("%q: %s", string(d.Path), d.What) }

// Compare compares what a contents/v1 predicate says with the files of the
// layers: every path, and of each type, mode, owner, size, digest, link target,
// device number and capabilities. Both lists must be sorted by path. The result is
// empty when they agree, and has at most 100 entries. A socket that only the
// statement has is no difference: layers cannot hold one.
func Compare(stated, layers []provenance.File) []Difference {
	var out []Difference
	i, k := 0, 0
	for (i < len(stated) || k < len(layers)) && len(out) < maxDifferences {
		switch {
		case i < len(stated) && stated[i].Type == provenance.TypeSocket &&
			(k == len(layers) || stated[i].Path < layers[k].Path):
			i++
		case k == len(layers) || i < len(stated) && stated[i].Path < layers[k].Path:
			out = append(out, Difference{stated[i].Path, "is in the statement, not in the layers"})
			i++
		case i == len(stated) || layers[k].Path < stated[i].Path:
			out = append(out, Difference{layers[k].Path, "is in the layers, not in the statement"})
			k++
		default:
			if what := compareFile(stated[i], layers[k]); what != "" {
				out = append(out, Difference{stated[i].Path, what})
			}
			i++
			k++
		}
	}
	return out
}

func compareFile(s, l provenance.File) string {
	differ := func(what string, layers, stated any) string {
		return fmt.Sprintf("%s is %v in the layers, %v in the statement", what, layers, stated)
	}
	switch {
	case s.Type != l.Type:
		return differ("type", l.Type, s.Type)
	case s.Mode != l.Mode:
		return differ("mode", l.Mode, s.Mode)
	case s.UID != l.UID || s.GID != l.GID:
		return differ("owner", fmt.Sprintf("%d:%d", l.UID, l.GID), fmt.Sprintf("%d:%d", s.UID, s.GID))
	case s.Size != l.Size:
		return differ("size", l.Size, s.Size)
	case s.Digest.String() != l.Digest.String():
		return differ("digest", "sha256:"+l.Digest.String(), "sha256:"+s.Digest.String())
	case s.Target != l.Target:
		return differ("link target", fmt.Sprintf("%q", string(l.Target)), fmt.Sprintf("%q", string(s.Target)))
	case s.Device != l.Device:
		return differ("device", l.Device, s.Device)
	case s.Capability != l.Capability:
		return differ("capability", fmt.Sprintf("%q", l.Capability), fmt.Sprintf("%q", s.Capability))
	}
	return ""
}
