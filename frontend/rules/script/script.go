// Package script finds downloads that a shell script runs without looking at them:
//
//	curl -fsSL https://example.com/install.sh | bash
//	bash -c "$(wget -qO- https://example.com/install.sh)"
//	python3 <(curl -s https://example.com/get.py)
//
// It parses the script and runs nothing. What depends on values of variables, and what is
// saved to a file first, it does not see. Scripts that it cannot parse are checked as far
// as it can.
package script

import (
	"path"
	"slices"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// Run is a download that is run.
type Run struct {
	Downloader  string // the command, as curl
	Interpreter string // the command that runs it, as bash; "eval" and "." among them
}

// Bounds on hostile scripts. A parser of nested things needs a stack.
const (
	maxText  = 64 << 10  // bytes of a script; longer ones are not looked at
	maxTotal = 512 << 10 // bytes of the script and the scripts inside it
	maxDepth = 8         // scripts inside scripts
	maxNodes = 1 << 20   // looked at, some of them several times
)

// Downloads returns what a script of a POSIX shell or bash downloads and runs, each once,
// in order.
func Downloads(text string) []Run {
	f := &finder{bytes: maxTotal, nodes: maxNodes}
	f.script(text, 0)
	return f.found
}

// Command is [Downloads] of a command that no shell has read: its arguments are as they
// are.
func Command(args []string) []Run {
	quoted := make([]string, 0, len(args))
	for _, a := range args {
		quoted = append(quoted, "'"+strings.ReplaceAll(a, "'", `'\''`)+"'")
	}
	return Downloads(strings.Join(quoted, " "))
}

// IsShell reports whether a program, by name or path, is a shell whose scripts this
// package reads.
func IsShell(program string) bool { return slices.Contains(shells, path.Base(program)) }

type finder struct {
	found        []Run
	bytes, nodes int // that may still be looked at

	// Of the script that is being read.
	text  string
	depth int
}

func (f *finder) add(downloader, interpreter string) {
	if r := (Run{downloader, interpreter}); !slices.Contains(f.found, r) {
		f.found = append(f.found, r)
	}
}

// script reads a script that lies inside of depth others.
func (f *finder) script(text string, depth int) {
	if len(text) > maxText || len(text) > f.bytes || depth > maxDepth {
		return
	}
	f.bytes -= len(text)
	inner := &finder{found: f.found, bytes: f.bytes, nodes: f.nodes, text: text, depth: depth}
	for stmt, err := range syntax.NewParser(syntax.Variant(syntax.LangBash)).StmtsSeq(strings.NewReader(text)) {
		if err == nil { // after an error nothing comes, but the parser must not be stopped there
			inner.statement(stmt)
		}
	}
	f.found, f.bytes, f.nodes = inner.found, inner.bytes, inner.nodes
}

// statement looks at everything in a statement.
func (f *finder) statement(stmt *syntax.Stmt) {
	pipes := map[*syntax.BinaryCmd]bool{}
	f.walk(stmt, func(n syntax.Node) bool {
		switch n := n.(type) {
		case *syntax.BinaryCmd:
			if isPipe(n) && !pipes[n] {
				f.pipeline(stages(n, pipes))
			}
		case *syntax.Stmt:
			if call, ok := n.Cmd.(*syntax.CallExpr); ok {
				f.call(call, n.Redirs)
			}
		}
		return true
	})
}

// walk is syntax.Walk, less what is beyond the bound.
func (f *finder) walk(n syntax.Node, visit func(syntax.Node) bool) {
	syntax.Walk(n, func(n syntax.Node) bool {
		if n == nil {
			return false
		}
		f.nodes--
		return f.nodes > 0 && visit(n)
	})
}
