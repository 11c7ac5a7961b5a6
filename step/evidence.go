package step

import "fmt"

// The evidence tool's container, as the frontend builds it and cmd/sworn-evidence
// finds it. One describe container serves a segment: up to MaxSegment states made
// one after the other.
//
// describe: state 0 is what the segment starts from (no folder when it is
// scratch); for item k, 1-based, StateDir/k is the state after it, RecordDirIn/k
// holds record.json when the item is an observed exec. It writes OutDir/k.json.
//
// digest: SourceDir/k is a local source; it writes OutDir/k.json.
//
// assemble: PlanFile, EvidenceDir/SEGMENT/k.json; it writes OutDir/StepsFile,
// OutDir/ContentsFile, OutDir/SPDXFile, OutDir/SPDX3File and OutDir/LedgerFile, and
// OutDir/FindingsFile when the plan asks for findings. It exits with ExitUnfit when the image has files that
// no layer, or more than a statement, can hold.
//
// bind: LedgerDir/LedgerFile, RootfsDir (no folder when the image is empty) and BaseDir,
// what the image begins with (no folder when that is nothing, or a local source); it
// writes nothing and exits 1 when they disagree.
const (
	// EvidenceToolDir is a read-only mount that holds the tool (a folder for the
	// same reason as RunnerDir).
	EvidenceToolDir = "/sworn"
	EvidencePath    = EvidenceToolDir + "/sworn-evidence"

	StateDir    = "/in/state"
	RecordDirIn = "/in/record"
	SourceDir   = "/in/source"
	PlanDir     = "/in/plan"
	PlanFile    = "plan.json.gz" // see PackPlan
	EvidenceDir = "/in/evidence"
	LedgerDir   = "/in/ledger"
	RootfsDir   = "/in/rootfs"
	BaseDir     = "/in/base"
	OutDir      = "/out"

	// The statements' predicates; the names are what `-o type=local` writes.
	StepsFile    = "sworn-steps.json"
	ContentsFile = "sworn-contents.json"
	SPDXFile     = "sbom.spdx.json"
	SPDX3File    = "sbom.spdx3.json"
	LedgerFile   = "ledger.json"
	FindingsFile = "findings.json"

	// ExitUnfit is the exit code for what no other evidence would mend.
	ExitUnfit = 3
	// ExitOtherRun is the exit code of describe for a record that is not of the run
	// that made the state.
	ExitOtherRun = 4

	// MaxSegment bounds the items of one describe container: each takes two mounts.
	MaxSegment = 24
)

// SPDXPart is the name of the n-th document, from 1, with files that SPDXFile has no room
// for.
func SPDXPart(n int) string { return fmt.Sprintf("sbom-files-%d.spdx.json", n) }

// SPDX3Type is the predicate type of documents of SPDX 3.0.1.
const SPDX3Type = "https://spdx.dev/Document/v3"

// SPDXParts is the pattern of the names of all parts.
const SPDXParts = "sbom-files-*"

// SPDX3Part is the same of SPDX3File.
func SPDX3Part(n int) string { return fmt.Sprintf("sbom-files-%d.spdx3.json", n) }
