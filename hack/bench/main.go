// Command bench measures builds: upstream's frontend, the same with a Syft scanner
// image as SBOM generator, and Sworn, one after the other, round by round, against
// a buildkitd of its own. Each build pushes its image to a local registry, as
// `docker buildx build --push` does.
//
//	bench -run '^steps-' -out docs/performance/results.json
//
// It needs the environment of hack/env and what hack/bench/run prepares; that
// script is how it is called. What it measured before stays in the file for cells
// that are not measured again.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"syscall"
	"time"
)

// env is where things are.
type env struct {
	root     string // the repository
	bin      string
	state    string // for what is written and thrown away
	registry string // 127.0.0.1:PORT
}

func (e env) tool(name string) string { return filepath.Join(e.bin, name) }

func mustEnv() (env, error) {
	e := env{
		root: os.Getenv("SWORN_ROOT"), bin: os.Getenv("SWORN_BIN"),
		state: os.Getenv("SWORN_STATE"), registry: os.Getenv("SWORN_REGISTRY"),
	}
	if e.root == "" || e.bin == "" || e.state == "" || e.registry == "" {
		return e, errors.New("bench: no environment; call hack/bench/run")
	}
	return e, nil
}

// options are the command line's.
type options struct {
	pick        *regexp.Regexp
	runs, long  int
	longer      time.Duration
	out         string
	list, start bool
}

func main() {
	var o options
	pick := flag.String("run", ".", "regular expression: cells (PROJECT/SCENARIO) to measure")
	flag.IntVar(&o.runs, "runs", 5, "rounds of a cell")
	flag.IntVar(&o.long, "long", 3, "rounds of a cell whose builds take longer than -longer")
	flag.DurationVar(&o.longer, "longer", 5*time.Second, "what a long build is")
	flag.StringVar(&o.out, "out", "", "file of results")
	flag.BoolVar(&o.list, "list", false, "print the cells and end")
	flag.BoolVar(&o.start, "start", true, "measure frontend images and their start as well")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	var err error
	if o.pick, err = regexp.Compile(*pick); err == nil {
		err = run(ctx, o)
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "sworn: %v\n", err)
		os.Exit(2)
	}
}

func run(ctx context.Context, o options) error {
	if o.list {
		for _, p := range projects() {
			for _, s := range p.scenarios {
				fmt.Printf("%s/%s\n", p.name, s)
			}
		}
		return nil
	}
	if o.out == "" {
		return errors.New("bench: no -out")
	}
	e, err := mustEnv()
	if err != nil {
		return err
	}
	if err := removeStale(e.state); err != nil {
		return err
	}
	return measure(ctx, e, o)
}

// progress tells what takes time.
func progress(format string, args ...any) {
	fmt.Fprintf(os.Stderr, "sworn: bench: "+format+"\n", args...)
}
