// Command sworn-evidence turns the file systems of a build into evidence and
// evidence into statements. It runs as root, without network, in containers whose
// root holds nothing but this binary and the mounts that package step names:
//
//	sworn-evidence describe   # /in/state, /in/record -> /out/K.json
//	sworn-evidence digest     # /in/source -> /out/K.json
//	sworn-evidence assemble   # /in/plan, /in/evidence -> the statements
//	sworn-evidence bind       # /in/ledger against /in/rootfs and /in/base, writes nothing
//
// All it reads is hostile: built file systems, records, evidence. What does not
// fit together is an error, never a gap. The same input gives the same bytes.
// Errors are lines on stderr that begin with "sworn: "; the exit code is 1, 2 when it
// was called wrongly, 3 when no layer or no statement can hold what was built, 4 when
// describe found the record of one run of a step beside the file system of another.
package main

import (
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"runtime"
	"runtime/debug"

	"github.com/sworn-build/sworn/provenance"
	"github.com/sworn-build/sworn/step"
)

// firstCollection is the heap in bytes at which garbage is collected for the first time.
// Most builds never come there, and what a verb makes it needs nearly to its end: marking
// it again and again took a quarter of assemble's time.
const firstCollection = 256 << 20

// collectLate puts the first collection off. After it collections are as usual, so that
// memory stays linear in what is in use.
func collectLate() {
	debug.SetGCPercent(-1)
	debug.SetMemoryLimit(firstCollection)
	runtime.AddCleanup(new([64]byte), func(struct{}) {
		debug.SetGCPercent(100)
		debug.SetMemoryLimit(math.MaxInt64)
	}, struct{}{})
}

func main() {
	collectLate()
	os.Exit(run(os.Args[1:], tool{root: "/"}, os.Stderr))
}

func run(args []string, t tool, stderr io.Writer) int {
	verbs := map[string]func(tool) error{
		"describe": tool.describe,
		"digest":   tool.digest,
		"assemble": tool.assemble,
		"bind":     tool.bind,
	}
	if len(args) != 1 || verbs[args[0]] == nil {
		fmt.Fprintln(stderr, "sworn: want one of: describe, digest, assemble, bind")
		return 2
	}
	err := verbs[args[0]](t)
	var lines *bindError
	var name *nameError
	var size *provenance.SizeError
	var other *otherRunError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &name), errors.As(err, &size):
		fmt.Fprintln(stderr, "sworn: "+err.Error())
		return step.ExitUnfit
	case errors.As(err, &lines):
		for _, line := range lines.lines() {
			fmt.Fprintln(stderr, "sworn: "+line)
		}
	default:
		fmt.Fprintln(stderr, "sworn: "+err.Error())
	}
	if errors.As(err, &other) {
		return step.ExitOtherRun
	}
	return 1
}
