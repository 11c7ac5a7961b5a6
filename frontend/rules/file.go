package rules

import (
	"bytes"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	"github.com/moby/buildkit/frontend/dockerfile/linter"
	"github.com/moby/buildkit/frontend/dockerfile/parser"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"
)

// File is a Dockerfile as rules look at it.
type File struct {
	data   []byte
	escape rune
	args   []instructions.ArgCommand // before the first FROM
	stages []instructions.Stage
	skips  skips         // of the whole file
	above  map[int]skips // of an instruction, by its first line
}

// Build is what a Dockerfile is built with.
type Build struct {
	// Args are the build args.
	Args map[string]string
	// Target is a stage; empty: the last.
	Target string
	// AllStages looks at stages that the target does not need, too.
	AllStages                     bool
	BuildPlatform, TargetPlatform ocispecs.Platform
	// Named reports whether a name of an image or stage is one of a context of the
	// build's own. Nil: none is.
	Named func(name string) bool
}

// Read parses a Dockerfile. check are what a build arg says about BuildKit's checks; nil:
// the Dockerfile's own directive counts. Errors are those of BuildKit's parser, with
// their lines.
func Read(dockerfile []byte, check *linter.Config) (*File, error) {
	res, err := parser.Parse(bytes.NewReader(dockerfile))
	if err != nil {
		return nil, err
	}
	f := &File{data: dockerfile, escape: res.EscapeToken, above: map[int]skips{}}
	if f.stages, f.args, err = instructions.Parse(res.AST, silent()); err != nil {
		return nil, err
	}
	if check == nil {
		value, _, _, _ := parser.ParseDirective("check", dockerfile)
		if check, err = linter.ParseLintOptions(value); err != nil {
			return nil, err
		}
	}
	f.skips = skipsOf(check)
	for _, n := range res.AST.Children {
		if s := skipsAbove(n.PrevComment); s != nil {
			f.above[n.StartLine] = s
		}
	}
	return f, nil
}

// silent is BuildKit's linter without a word. Its parser cannot do without one: it panics
// at check directives above instructions.
func silent() *linter.Linter { return linter.New(&linter.Config{}) }

// Check returns what the rules that look at a Dockerfile find in it, whatever their
// level. Only stages that the target needs are looked at.
func (f *File) Check(b Build) []Finding {
	c := &check{File: f, Build: b}
	c.globalArgs()
	c.readStages()
	for _, s := range c.needed() {
		c.base(s)
		c.stage(s)
	}
	return c.found
}

// check is one look at a Dockerfile.
type check struct {
	*File
	Build
	globals env
	read    []*stage
	byName  map[string]*stage // in lower case; the last of a name
	found   []Finding
}

func (c *check) add(rule string, at []parser.Range, message string) {
	c.found = append(c.found, Finding{Rule: rule, Message: message, Ranges: at})
}
