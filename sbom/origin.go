package sbom

import "github.com/sworn-build/sworn/step"

// Classes of an [Origin]. Every entry of an image has exactly one; where several fit,
// the first of this list counts.
const (
	// OriginPackage: an installed package owns it, and it has the package's bytes as far
	// as the package's own digests tell.
	OriginPackage = "package"
	// OriginPackageChanged: an installed package owns it, and its bytes are others.
	OriginPackageChanged = "package-changed"
	// OriginPackageState is what a package manager keeps of its work.
	OriginPackageState = "package-manager-state"
	// OriginBase came with an image.
	OriginBase = "base"
	// OriginContext came with a local source, a git source or the Dockerfile itself.
	OriginContext = "context"
	// OriginDownload came from a URL: of an ADD, or of a request on record.
	OriginDownload = "download"
	// OriginStage was made in another stage; Of says how.
	OriginStage = "stage"
	// OriginStep was made by a step, and all that it can have been made of is on record.
	OriginStep = "step"
	// OriginUnexplained came from where the evidence does not tell.
	OriginUnexplained = "unexplained"
)

// Origin is where the bytes of an entry came to be.
type Origin struct {
	// Class is one of the Origin constants.
	Class string
	// From is the id of the step or material where the bytes came to be; of a package's
	// file the step that installed the package, or the material that it came with.
	From string
	// Of is, with OriginStage, the class that the entry has in its own stage.
	Of string
	// Path is where the bytes lay there, when that is another path.
	Path step.Path
	// Reason is why it is OriginUnexplained.
	Reason string
}
