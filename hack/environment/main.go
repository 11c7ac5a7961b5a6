// Command environment starts, stops and describes what builds and tests need on
// this machine: buildkitd, and two registries on 127.0.0.1.
//
// It refuses to touch what it did not start: every process is recorded with its
// start time and the machine's boot, so a recycled pid is never signalled.
// Everything it writes lies in one folder (SWORN_STATE, by default .state/env).
//
//	hack/env up
//	eval "$(hack/env env)"
//	hack/env down
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

const usage = `usage: hack/env COMMAND

  up               start what does not run, wait until it answers
  down [--purge]   stop what up started; --purge deletes its data as well
  status [--json]  what runs where; exit 1 when something does not run
  env              shell lines that point clients at it

SWORN_STATE names the folder of its state (default .state/env).
`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := run(ctx, os.Args[1:])
	switch {
	case err == nil:
	case errors.Is(err, errDown):
		os.Exit(1)
	default:
		fmt.Fprintf(os.Stderr, "sworn: %v\n", err)
		os.Exit(2)
	}
}

func run(ctx context.Context, args []string) error {
	if len(args) == 0 {
		fmt.Fprint(os.Stderr, usage)
		return errors.New("env: no command")
	}
	if args[0] == "help" || args[0] == "--help" || args[0] == "-h" {
		fmt.Print(usage)
		return nil
	}
	l, err := newLayout(os.Getenv("SWORN_ROOT"), os.Getenv("SWORN_STATE"))
	if err != nil {
		return err
	}
	flag := ""
	if len(args) == 2 {
		flag = args[1]
	}
	switch command := args[0]; {
	case len(args) > 2:
	case command == "up" && flag == "":
		return up(ctx, l)
	case command == "down" && (flag == "" || flag == "--purge"):
		return down(l, flag == "--purge")
	case command == "status" && (flag == "" || flag == "--json"):
		return status(l, os.Stdout, flag == "--json")
	case command == "env" && flag == "":
		return exports(l, os.Stdout)
	}
	fmt.Fprint(os.Stderr, usage)
	return fmt.Errorf("env: unknown command %q", args)
}

// progress tells what takes time.
func progress(format string, args ...any) {
	fmt.Fprintf(os.Stderr, "sworn: "+format+"\n", args...)
}
