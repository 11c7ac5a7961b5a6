package frontend

import (
	"fmt"

	"google.golang.org/protobuf/proto"

	graph "github.com/sworn-build/sworn/llb"
)

// answerLimit bounds the definitions that a build's answer is made of, in bytes.
// Buildx and buildctl ask for a build over gRPC and hand its answer back in one message
// of at most 16 MiB, with the definition of every result in it; the rest is for the
// image's configuration and what else there is.
const answerLimit = 14 << 20

// statementCount is how often the answer has the definition of the statements.
const statementCount = 4

// checkAnswer refuses a build whose answer would be longer than a message may be,
// before any of it runs.
func (b *platformBuild) checkAnswer(g *graph.Graph, statements graph.Edge) error {
	image, err := g.Encode(g.Target())
	if err != nil {
		return err
	}
	def, err := g.EncodeOps(statements)
	if err != nil {
		return err
	}
	used := proto.Size(image) + statementCount*proto.Size(def)
	if share := answerLimit / max(len(b.bc.TargetPlatforms), 1); used > share {
		return fmt.Errorf("attach statements: the definition of the build makes an answer of %d bytes, more than the %d that its platform may have; shorter commands and fewer steps help, or statements=off", used, share)
	}
	return nil
}
