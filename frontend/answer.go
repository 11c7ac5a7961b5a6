package frontend

import (
	"fmt"

	"google.golang.org/protobuf/proto"

	graph "github.com/sworn-build/sworn/llb"
	"github.com/sworn-build/sworn/step"
)

// answerLimit bounds the definitions that a build's answer is made of, in bytes.
// Buildx and buildctl ask for a build over gRPC and hand its answer back in one message
// of at most 16 MiB, with the definition of every result in it; the rest is for the
// image's configuration and what else there is.
const answerLimit = 14 << 20

// checkAnswer refuses a build whose answer, with so many statements, would be longer than a
// message may be: before any of it runs, and once more when it is known how many documents
// there are.
func (b *platformBuild) checkAnswer(g *graph.Graph, statements graph.Edge, count int) error {
	image, err := g.Encode(g.Target())
	if err != nil {
		return err
	}
	def, err := g.EncodeOps(statements)
	if err != nil {
		return err
	}
	used := proto.Size(image) + count*proto.Size(def)
	if share := answerLimit / max(len(b.bc.TargetPlatforms), 1); used > share {
		return fmt.Errorf("attach statements: the definition of the build makes an answer of %d bytes, more than the %d that its platform may have; shorter commands and fewer steps help, or sbom=%s, or statements=off", used, share, fewer(b.options.SBOM))
	}
	return nil
}

// fewer is the value of the option that makes fewer documents.
func fewer(sbom string) string {
	if sbom == step.SBOMFiles {
		return step.SBOMPackages
	}
	return step.SBOMOff
}
