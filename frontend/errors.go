package frontend

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/moby/buildkit/client/llb"
	"github.com/moby/buildkit/frontend/dockerfile/parser"
	gwpb "github.com/moby/buildkit/frontend/gateway/pb"
	"github.com/moby/buildkit/solver/errdefs"
	"github.com/moby/buildkit/solver/pb"
	"github.com/moby/buildkit/util/grpcerrors"
	digest "github.com/opencontainers/go-digest"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	graph "github.com/sworn-build/sworn/llb"
	"github.com/sworn-build/sworn/step"
)

// EvidenceError: the evidence tool refused what it was given. Evidence of another run
// of a step came from the cache, or the tool is wrong; either way nothing true can be
// attached.
type EvidenceError struct {
	Verb string // of cmd/sworn-evidence
	// Unfit: the image has files that no layer, or more than a statement, can hold.
	Unfit bool
	// OtherRun are the states whose record is of another run than they are: describe
	// found one of them so.
	OtherRun []graph.Edge
	err      error
}

func (e *EvidenceError) Error() string {
	switch {
	case e.Unfit:
		return e.Verb + " statements: the image has more or other files than statements or layers can hold (the log of this build says which); with statements=off it is built without"
	case len(e.OtherRun) > 0:
		return "describe: the cache has the file system of one run of a step and the record of another (the log of this build says which); build once more with --no-cache"
	case e.Verb == "bind":
		return "bind statements to the image: the evidence is not of this image (the differences are in the log of this build); build once more with --no-cache"
	case e.Verb == "assemble":
		return "assemble statements: the evidence does not fit together (the log of this build says what); build once more with --no-cache"
	}
	return fmt.Sprintf("%s: the evidence tool failed (see the log of this build): %v", e.Verb, e.err)
}

func (e *EvidenceError) Unwrap() error { return e.err }

// stale reports whether other evidence could have been accepted.
func (e *EvidenceError) stale() bool {
	return !e.Unfit && (e.Verb == "bind" || e.Verb == "assemble")
}

// messageError is err with another message. BuildKit takes the message of the gRPC
// status nearest to the top and the typed details (source lines, vertex) from the
// whole chain, so both are kept.
type messageError struct {
	error
	msg  string
	code codes.Code
}

func (e *messageError) Error() string              { return e.msg }
func (e *messageError) Unwrap() error              { return e.error }
func (e *messageError) GRPCStatus() *status.Status { return status.New(e.code, e.msg) }

func withMessage(err error, msg string) error {
	return &messageError{error: err, msg: msg, code: grpcerrors.Code(err)}
}

// explain rewrites what went wrong in a solve for the user: a step's error names
// the user's command, an error of the evidence tool says what it was about.
func explain(err error, g *graph.Graph) error {
	var ve *errdefs.VertexError
	if err == nil || g == nil || !errors.As(err, &ve) {
		return err
	}
	v := g.Vertex(digest.Digest(ve.Digest))
	if v == nil {
		return err
	}
	var exit *gwpb.ExitError
	exited := errors.As(err, &exit)
	if n := layersBelow(g, v); n > manyLayers && !exited {
		err = withMessage(err, fmt.Sprintf("%v (it starts from %d layers and those of its base; a builder mounts some 480 at once, so put several commands into one RUN)", err, n))
	}
	if verb, ok := v.Evidence(); ok {
		e := &EvidenceError{Verb: verb, Unfit: exited && exit.ExitCode == step.ExitUnfit, err: err}
		if exited && exit.ExitCode == step.ExitOtherRun {
			e.OtherRun = v.Describes()
		}
		return withMessage(e, e.Error())
	}
	if args := v.Op.GetExec().GetMeta().GetArgs(); len(args) > 0 {
		ran := strings.Join(args, " ")
		if cmd := v.Command(); cmd != ran {
			return withMessage(err, strings.ReplaceAll(err.Error(), strconv.Quote(ran), strconv.Quote(cmd)))
		}
	}
	return err
}

// manyLayers are more than any image needs and fewer than an overlay can have: the
// names of all go into one page of mount options.
const manyLayers = 400

// layersBelow counts the states that lie on top of each other where a vertex starts.
func layersBelow(g *graph.Graph, v *graph.Vertex) int {
	most := 0
	for _, e := range v.Inputs() {
		n := 0
		for ; !e.IsScratch(); e = g.Parent(e) {
			n++
		}
		most = max(most, n)
	}
	return most
}

// describedAt adds the Dockerfile ranges of the steps whose evidence could not be made:
// what is wrong is in a file that one of them left behind.
func describedAt(err error, g *graph.Graph, sm *llb.SourceMap) error {
	var ve *errdefs.VertexError
	if g == nil || sm == nil || !errors.As(err, &ve) {
		return err
	}
	v := g.Vertex(digest.Digest(ve.Digest))
	if v == nil {
		return err
	}
	var ranges []*pb.Range
	for _, e := range v.Describes() {
		if s := g.Vertex(e.Vertex); s != nil {
			for _, loc := range s.Locations {
				ranges = append(ranges, loc.Ranges...)
			}
		}
	}
	if len(ranges) == 0 {
		return err
	}
	return errdefs.WithSource(err, &errdefs.Source{Info: sourceInfo(sm), Ranges: ranges})
}

// locate adds the Dockerfile ranges of a parser error for the client to show.
func locate(err error, sm *llb.SourceMap) error {
	var el *parser.LocationError
	if errors.As(err, &el) {
		for _, l := range el.Locations {
			err = withSource(err, sm, l)
		}
	}
	return err
}

func withSource(err error, sm *llb.SourceMap, ranges []parser.Range) error {
	if sm == nil {
		return err
	}
	return errdefs.WithSource(err, &errdefs.Source{Info: sourceInfo(sm), Ranges: pbRanges(ranges)})
}

func sourceInfo(sm *llb.SourceMap) *pb.SourceInfo {
	return &pb.SourceInfo{
		Data: sm.Data, Filename: sm.Filename, Language: sm.Language, Definition: sm.Definition.ToPB(),
	}
}

func pbRanges(ranges []parser.Range) []*pb.Range {
	out := make([]*pb.Range, 0, len(ranges))
	for _, r := range ranges {
		out = append(out, &pb.Range{
			Start: &pb.Position{Line: int32(r.Start.Line), Character: int32(r.Start.Character)},
			End:   &pb.Position{Line: int32(r.End.Line), Character: int32(r.End.Character)},
		})
	}
	return out
}
