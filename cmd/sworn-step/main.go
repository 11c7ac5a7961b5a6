// Command sworn-step is the first process of every observed RUN: it runs the
// step's command, which its own arguments are, watches what it opens and writes
// the record. Package runner does the work; the frontend configures it through
// the environment (package step).
package main

import (
	"os"

	"github.com/sworn-build/sworn/step/runner"
)

func main() { os.Exit(runner.Main(nil)) }
