package rules

import (
	"maps"
	"slices"

	"github.com/containerd/platforms"
	"github.com/moby/buildkit/frontend/dockerfile/shell"
)

// env has the variables that are known at an instruction.
type env map[string]string

func (e env) Get(key string) (string, bool) { v, ok := e[key]; return v, ok }

func (e env) Keys() []string { return slices.Sorted(maps.Keys(e)) }

// expand replaces variables in a word as BuildKit does. unknown are the names that have no
// value here; a base image may give them one. What cannot be expanded is an error of the
// build and left to it.
func (c *check) expand(word string, e env) (text string, unknown map[string]struct{}) {
	text, unknown, err := shell.NewLex(c.escape).ProcessWord(word, e)
	if err != nil {
		return word, map[string]struct{}{"": {}}
	}
	return text, unknown
}

// globalArgs reads the ARGs before the first FROM.
func (c *check) globalArgs() {
	bp, tp := c.BuildPlatform, c.TargetPlatform
	c.globals = env{
		"BUILDPLATFORM": platforms.Format(bp), "BUILDOS": bp.OS, "BUILDOSVERSION": bp.OSVersion,
		"BUILDARCH": bp.Architecture, "BUILDVARIANT": bp.Variant,
		"TARGETPLATFORM": platforms.FormatAll(tp), "TARGETOS": tp.OS, "TARGETOSVERSION": tp.OSVersion,
		"TARGETARCH": tp.Architecture, "TARGETVARIANT": tp.Variant, "TARGETSTAGE": c.targetName(),
	}
	for k := range c.globals {
		if v, ok := c.Args[k]; ok {
			c.globals[k] = v
		}
	}
	for i := range c.args {
		c.arg(&c.args[i], c.globals, nil)
	}
}

func (c *check) targetName() string {
	if c.Target != "" {
		return c.Target
	}
	if n := len(c.stages); n > 0 && c.stages[n-1].Name != "" {
		return c.stages[n-1].Name
	}
	return "default"
}
