package provenance

import (
	"cmp"
	"fmt"
	"slices"
)

// Classes of an [Origin] (docs/statements.md, "Origins").
const (
	OriginPackage        = "package"
	OriginPackageChanged = "package-changed"
	OriginPackageState   = "package-manager-state"
	OriginBase           = "base"
	OriginContext        = "context"
	OriginDownload       = "download"
	OriginStage          = "stage"
	OriginStep           = "step"
	OriginUnexplained    = "unexplained"
)

// OriginClasses returns all classes: where several fit a file, the first counts.
func OriginClasses() []string {
	return []string{
		OriginPackage, OriginPackageChanged, OriginPackageState, OriginBase, OriginContext,
		OriginDownload, OriginStage, OriginStep, OriginUnexplained,
	}
}

// Origin is where bytes of files of an image came to be.
type Origin struct {
	Class string `json:"class"`
	// From is the id of the step or material; of a package's file the step that
	// installed it, or the material that it came with.
	From string `json:"from"`
	// Of is, of OriginStage, the class that the file has in that stage.
	Of string `json:"of,omitempty"`
	// Reason is why it is OriginUnexplained.
	Reason string `json:"reason,omitempty"`
}

// Compare orders origins by class, id, class in the stage and reason.
func (o Origin) Compare(other Origin) int {
	return cmp.Or(cmp.Compare(o.Class, other.Class), cmp.Compare(o.From, other.From), cmp.Compare(o.Of, other.Of), cmp.Compare(o.Reason, other.Reason))
}

func (o *Origin) check() error {
	classes := OriginClasses()
	switch {
	case !slices.Contains(classes, o.Class):
		return fmt.Errorf("class %q", o.Class)
	case o.From == "":
		return fmt.Errorf("%s of no step or material", o.Class)
	case (o.Class == OriginStage) != (o.Of != "") || o.Of != "" && !slices.Contains(classes, o.Of):
		return fmt.Errorf("%s of class %q", o.Class, o.Of)
	case (o.Class == OriginUnexplained) != (o.Reason != ""):
		return fmt.Errorf("%s for reason %q", o.Class, o.Reason)
	}
	return nil
}

// CountOrigins returns the numbers of files of each class, every class among them. It
// skips files whose index is out of range.
func CountOrigins(files []File, origins []Origin) map[string]int {
	of := make([]int, len(origins))
	for i := range files {
		if n := files[i].Origin; n >= 0 && n < len(of) {
			of[n]++
		}
	}
	counts := map[string]int{}
	for _, class := range OriginClasses() {
		counts[class] = 0
	}
	for i, n := range of {
		counts[origins[i].Class] += n
	}
	return counts
}

// checkOrigins verifies that the origins are sorted and complete, that every file has one
// and that their counts are right.
func (c *Contents) checkOrigins() error {
	if c.Origins == nil || c.OriginCounts == nil {
		return fmt.Errorf("missing, or their counts are")
	}
	for i := range c.Origins {
		if err := c.Origins[i].check(); err != nil {
			return fmt.Errorf("number %d: %w", i, err)
		}
		if i > 0 && c.Origins[i].Compare(c.Origins[i-1]) <= 0 {
			return fmt.Errorf("number %d: not sorted or twice", i)
		}
	}
	for i := range c.Files {
		if n := c.Files[i].Origin; n < 0 || n >= len(c.Origins) {
			return fmt.Errorf("%q: origin %d of %d", string(c.Files[i].Path), n, len(c.Origins))
		}
	}
	want := CountOrigins(c.Files, c.Origins)
	for class, n := range c.OriginCounts {
		if has, ok := want[class]; !ok || has != n {
			return fmt.Errorf("%d files counted of class %q, there are %d", n, class, has)
		}
	}
	if len(c.OriginCounts) != len(want) {
		return fmt.Errorf("%d classes counted, want all %d", len(c.OriginCounts), len(want))
	}
	return nil
}
