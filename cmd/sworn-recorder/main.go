// Command sworn-recorder is sworn-step for RUNs whose network is recorded: the same
// runner with the recording proxy linked in, three times the size.
package main

import (
	"os"

	"github.com/sworn-build/sworn/step/netrecord"
	"github.com/sworn-build/sworn/step/runner"
)

func main() { os.Exit(runner.Main(&netrecord.Recorder{})) }
