package frontend

import (
	"context"
	"fmt"

	"github.com/moby/buildkit/frontend/gateway/client"
	gwpb "github.com/moby/buildkit/frontend/gateway/pb"
	"github.com/moby/buildkit/solver/pb"
	"google.golang.org/protobuf/proto"

	graph "github.com/sworn-build/sworn/llb"
	"github.com/sworn-build/sworn/step"
)

// answerLimit bounds the definitions that a build's answer is made of, in bytes.
// Buildx and buildctl ask for a build over gRPC and hand its answer back in one message
// of at most 16 MiB, with the definition of every result in it; the rest is for the
// image's configuration and what else there is.
const answerLimit = 14 << 20

// statementCount is how often the answer has the definition of the statements.
const statementCount = 3

// carry attaches evidence as a Bundle whose folder is empty: no statement is exported,
// but a cache export with mode=min takes the results along, and a build that imports it
// re-runs only what changed. Records need not come along: evidence is found by the key
// of its step and holds what was in the record.
//
// The definition of a step's evidence has all steps before it, so some hundred steps
// are more than an answer may hold. Then the evidence of the last ones is not carried:
// a build that imports a cache of mode=min runs them again. An error when not even image
// and statements fit.
func (b *platformBuild) carry(ctx context.Context, g *graph.Graph, l graph.Layout, statements graph.Edge) error {
	used, err := b.answerSize(g, statements)
	if err != nil {
		return err
	}
	if used > b.answerShare() {
		return fmt.Errorf("attach statements: the definition of the build makes an answer of %d bytes, more than the %d that its platform may have; shorter commands and fewer steps help, or statements=off", used, b.answerShare())
	}
	for _, e := range l.Evidence {
		def, err := g.EncodeOps(e)
		if err != nil {
			return err
		}
		if used += definitionSize(def); used > b.answerShare() {
			return nil
		}
		ref, err := b.ask(ctx, g, client.SolveRequest{Definition: def})
		if err != nil {
			return err
		}
		b.attestations = append(b.attestations, client.Attestation{
			Kind:     gwpb.AttestationKind_Bundle,
			Metadata: b.attestationMetadata(),
			Ref:      ref,
			Path:     step.EmptyDir,
		})
	}
	return nil
}

// answerShare is this platform's part of an answer.
func (b *platformBuild) answerShare() int {
	return answerLimit / max(len(b.bc.TargetPlatforms), 1)
}

// answerSize is what the image and the statements take of an answer.
func (b *platformBuild) answerSize(g *graph.Graph, statements graph.Edge) (int, error) {
	image, err := g.Encode(g.Target())
	if err != nil {
		return 0, err
	}
	def, err := g.EncodeOps(statements)
	if err != nil {
		return 0, err
	}
	return definitionSize(image) + statementCount*definitionSize(def), nil
}

func definitionSize(def *pb.Definition) int { return proto.Size(def) }
