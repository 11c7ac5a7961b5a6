// Package directive reads the comments of a Dockerfile that say how the RUN below them
// is to run:
//
//	# sworn: network=record allow="https://packages.example/**"
//	# sworn: harden=off reason="the installer needs mknod"
//	RUN make install
//
// or which build rules find nothing in it (accept=ID reason="...").
//
// They stand directly above their RUN; lines add up, and other comments may stand
// between. What looks like a directive and is none, or stands elsewhere, is an error with
// its line. Lines of heredocs are no comments.
package directive

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/moby/buildkit/frontend/dockerfile/command"
	"github.com/moby/buildkit/frontend/dockerfile/parser"

	"github.com/sworn-build/sworn/step"
)

// Run is a RUN with directives above it.
type Run struct {
	// Line is the first of the instruction, 1-based.
	Line int
	// Network is what the instruction's own --network says; empty when it says nothing.
	Network string
	// Directives above it, at least one. No key but accept and allow is in two of them.
	Directives []step.Directive
}

// prefix of a directive, behind the comment sign and white space.
const prefix = "sworn:"

// Parse returns the RUNs of a Dockerfile that have directives, in order. Errors carry
// the line (parser.LocationError).
func Parse(dockerfile []byte) ([]Run, error) {
	if !bytes.Contains(dockerfile, []byte(prefix)) {
		return nil, nil
	}
	res, err := parser.Parse(bytes.NewReader(dockerfile))
	if err != nil {
		return nil, err
	}
	lines := strings.Split(string(dockerfile), "\n")
	var runs []Run
	line := 1
	for _, n := range res.AST.Children {
		above, err := between(lines, line, n.StartLine)
		if err != nil {
			return nil, err
		}
		if err := inside(lines, n); err != nil {
			return nil, err
		}
		if len(above) > 0 {
			run := Run{Line: n.StartLine, Directives: above, Network: networkFlag(n)}
			if !strings.EqualFold(n.Value, command.Run) {
				return nil, at(above[0].Line, fmt.Errorf("a directive stands directly above a RUN, not a %s", strings.ToUpper(n.Value)))
			}
			if err := run.check(); err != nil {
				return nil, err
			}
			runs = append(runs, run)
		}
		line = n.EndLine + 1
	}
	above, err := between(lines, line, len(lines)+1)
	if err == nil && len(above) > 0 {
		err = at(above[0].Line, errors.New("a directive stands directly above a RUN"))
	}
	return runs, err
}

// between reads the comments from a line on and before another one, where an
// instruction begins.
func between(lines []string, from, before int) ([]step.Directive, error) {
	var out []step.Directive
	for i := from; i < before; i++ {
		text, ok := comment(lines[i-1])
		if !ok {
			if len(out) > 0 {
				return nil, at(out[len(out)-1].Line, errors.New("a directive stands directly above a RUN, without an empty line"))
			}
			continue
		}
		words, ok := strings.CutPrefix(text, prefix)
		if !ok {
			continue
		}
		d, err := read(words)
		if err != nil {
			return nil, at(i, err)
		}
		d.Line = i
		out = append(out, d)
	}
	return out, nil
}

// inside refuses directives among the lines of an instruction, heredocs excepted.
func inside(lines []string, n *parser.Node) error {
	end := n.EndLine
	for _, h := range n.Heredocs {
		end -= strings.Count(h.Content, "\n") + 1
	}
	for i := n.StartLine; i <= end; i++ {
		if text, ok := comment(lines[i-1]); ok && strings.HasPrefix(text, prefix) {
			return at(i, errors.New("a directive stands above its RUN, not between its lines"))
		}
	}
	return nil
}

// comment returns the text of a line that is a comment.
func comment(line string) (string, bool) {
	text, ok := strings.CutPrefix(strings.TrimSpace(strings.TrimPrefix(line, "\ufeff")), "#")
	return strings.TrimSpace(text), ok
}

func networkFlag(n *parser.Node) string {
	value := ""
	for _, f := range n.Flags {
		if v, ok := strings.CutPrefix(f, "--network="); ok {
			value = v
		}
	}
	return value
}

// check refuses directives that contradict each other.
func (r Run) check() error {
	seen := map[string]int{}
	for _, d := range r.Directives {
		for key, set := range map[string]bool{"harden": d.Harden != "", "network": d.Network != "", "root": d.Root, "reason": d.Reason != ""} {
			if set && seen[key] > 0 {
				return at(d.Line, fmt.Errorf("%s is given in line %d already", key, seen[key]))
			}
			if set {
				seen[key] = d.Line
			}
		}
	}
	return nil
}

// All returns what the directives of a RUN say together.
func (r Run) All() step.Directive {
	var all step.Directive
	for _, d := range r.Directives {
		all.Line = d.Line
		all.Harden += d.Harden
		all.Network += d.Network
		all.Root = all.Root || d.Root
		all.Reason += d.Reason
		all.Accept = append(all.Accept, d.Accept...)
		all.Allow = append(all.Allow, d.Allow...)
	}
	slices.Sort(all.Accept)
	all.Accept = slices.Compact(all.Accept)
	slices.Sort(all.Allow)
	all.Allow = slices.Compact(all.Allow)
	return all
}

func at(line int, err error) error {
	p := parser.Position{Line: line}
	return parser.WithLocation(fmt.Errorf("directive in line %d: %w", line, err), []parser.Range{{Start: p, End: p}})
}

// Error is an error of a RUN's directives, with the line of the last.
func (r Run) Error(err error) error { return at(r.All().Line, err) }
