package rules

import (
	"slices"
	"strconv"
	"strings"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	"github.com/moby/buildkit/frontend/dockerfile/parser"
)

// stage is one FROM and what is below it.
type stage struct {
	*instructions.Stage
	image  string   // that it starts from, expanded; empty: a stage, or not known
	parent *stage   // that it starts from; nil: an image
	needs  []*stage // that it copies or mounts from
	named  bool     // a named context stands in its place, and nothing of it is built

	// What holds behind its last instruction.
	env      env
	declared map[string]bool // ARGs that have no value
	shell    []string        // nil: the platform's
}

// readStages finds out what the stages stand on.
func (c *check) readStages() {
	c.byName = map[string]*stage{}
	for i := range c.stages {
		s := &stage{Stage: &c.stages[i]}
		c.read = append(c.read, s)
		if s.Name != "" && c.isNamed(s.Name) {
			s.named = true
		} else if base, _ := c.expand(s.BaseName, c.globals); c.byName[base] != nil {
			s.parent = c.byName[base]
		} else {
			s.image = base
		}
		if s.Name != "" {
			c.byName[strings.ToLower(s.Name)] = s
		}
	}
	for _, s := range c.read {
		for _, cmd := range s.Commands {
			for _, from := range fromOf(cmd) {
				if n := c.stageCalled(from); n != nil {
					s.needs = append(s.needs, n)
				}
			}
		}
	}
}

// fromOf are the stages or images that an instruction takes files from.
func fromOf(cmd instructions.Command) []string {
	switch cmd := cmd.(type) {
	case *instructions.CopyCommand:
		if cmd.From != "" {
			return []string{cmd.From}
		}
	case *instructions.RunCommand:
		var out []string
		for _, m := range instructions.GetMounts(cmd) {
			if m.From != "" {
				out = append(out, m.From)
			}
		}
		return out
	}
	return nil
}

// stageCalled is the stage that --from=NAME or a number means; nil: it is none.
func (c *check) stageCalled(from string) *stage {
	if i, err := strconv.Atoi(from); err == nil {
		if i < 0 || i >= len(c.read) {
			return nil
		}
		return c.read[i]
	}
	return c.byName[strings.ToLower(from)]
}

// scratch is the base that is no image.
const scratch = "scratch"

func (c *check) isNamed(name string) bool {
	return c.Named != nil && !strings.EqualFold(name, scratch) && !strings.EqualFold(name, "context") && c.Named(name)
}

// needed are the stages that the target needs, in order.
func (c *check) needed() []*stage {
	if c.AllStages || len(c.read) == 0 {
		return c.read
	}
	target := c.read[len(c.read)-1]
	if c.Target != "" {
		target = nil
		for i, s := range c.read {
			if strings.EqualFold(s.Name, c.Target) || c.Target == strconv.Itoa(i) && target == nil {
				target = s
			}
		}
	}
	seen := map[*stage]bool{}
	for todo := []*stage{target}; len(todo) > 0; todo = todo[1:] {
		if s := todo[0]; s != nil && !seen[s] {
			seen[s] = true
			if !s.named {
				todo = append(append(todo, s.parent), s.needs...)
			}
		}
	}
	return slices.DeleteFunc(slices.Clone(c.read), func(s *stage) bool { return !seen[s] })
}

// stage looks at the instructions of a stage, after those of its parent.
func (c *check) stage(s *stage) {
	s.env, s.declared = env{}, map[string]bool{}
	if s.named {
		return
	}
	if p := s.parent; p != nil && p.env != nil {
		for k, v := range p.env {
			s.env[k] = v
		}
		for k := range p.declared {
			s.declared[k] = true
		}
		s.shell = p.shell
	}
	for _, cmd := range s.Commands {
		c.instruction(s, cmd, cmd.Location())
	}
}

func (c *check) instruction(s *stage, cmd instructions.Command, at []parser.Range) {
	switch cmd := cmd.(type) {
	case *instructions.ArgCommand:
		c.arg(cmd, s.env, s.declared)
	case *instructions.EnvCommand:
		c.setEnv(s, cmd, at)
	case *instructions.ShellCommand:
		s.shell = cmd.Shell
	case *instructions.AddCommand:
		c.remotes(s, cmd, at)
	case *instructions.CopyCommand:
		c.from(cmd, at)
	case *instructions.RunCommand:
		c.from(cmd, at)
		c.scripts(s, cmd, at)
	case *instructions.OnbuildCommand:
		c.onbuild(s, cmd, at)
	}
}

// onbuild looks at the instruction that builds on top of this image run.
func (c *check) onbuild(s *stage, cmd *instructions.OnbuildCommand, at []parser.Range) {
	res, err := parser.Parse(strings.NewReader(cmd.Expression))
	if err != nil || len(res.AST.Children) != 1 {
		return
	}
	inner, err := instructions.ParseInstructionWithLinter(res.AST.Children[0], silent())
	if cmd, ok := inner.(instructions.Command); ok && err == nil {
		// What it sets is not set in this stage.
		later := *s
		later.env, later.declared = env{}, map[string]bool{}
		c.instruction(&later, cmd, at)
	}
}
