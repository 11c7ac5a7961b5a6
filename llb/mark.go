package llb

import (
	"slices"
	"strings"

	"github.com/moby/buildkit/solver/pb"

	"github.com/sworn-build/sworn/step"
)

// markDir is the folder of marks; no container ever has it.
const markDir = step.Dir + "/mark/"

// MarkFlag is a flag that gives a RUN a mark. Equal instructions of two stages become one
// vertex, with the lines of both; those with different marks stay two. [Harden] reads the
// mark, [Record] takes it away. mark holds letters, digits and "-" only, and has a part
// that nobody can guess who writes Dockerfiles. Without a from, upstream's conversion
// would ask the client for all of the context.
func MarkFlag(mark string) string {
	return "--mount=type=tmpfs,from=scratch,target=" + markDir + mark
}

// markOf returns the one of some marks that an exec has, empty when it has none.
func markOf(exec *pb.ExecOp, marks map[string]step.Profile) string {
	for _, m := range exec.GetMounts() {
		mark, ok := strings.CutPrefix(m.Dest, markDir)
		if _, known := marks[mark]; ok && known {
			return mark
		}
	}
	return ""
}

// unmarked returns an op without a mark: itself when mark is empty. A tmpfs has neither
// input nor output, so nothing else changes.
func unmarked(op *pb.Op, mark string) *pb.Op {
	if mark == "" {
		return op
	}
	op = op.CloneVT()
	exec := op.GetExec()
	exec.Mounts = slices.DeleteFunc(exec.Mounts, func(m *pb.Mount) bool { return m.Dest == markDir+mark })
	return op
}
