package script

import (
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// theShell is the interpreter of what a command substitution puts in a command's place.
const theShell = "the shell"

// call finds what a command runs: code and scripts among its words, and what is redirected
// into it.
func (f *finder) call(call *syntax.CallExpr, redirs []*syntax.Redirect) {
	words := f.unwrap(call.Args)
	if len(words) == 0 {
		return
	}
	if s := leading(words[0].Parts); s != nil {
		if d := f.inside(s.Stmts); d != "" {
			f.add(d, theShell)
		}
		return
	}
	name, args := f.name(words[0]), words[1:]
	switch {
	case name == "eval":
		f.eval(args)
	case name == "source" || name == ".":
		if len(args) > 0 {
			f.process(name, args[0])
		}
	case name == "su" || name == "runuser":
		if code := f.after(args, "-c", "--command", "--session-command"); code != nil {
			f.code("sh", code)
		}
	case isInterpreter(name):
		code, operand := f.program(name, args)
		switch {
		case code != nil:
			f.code(name, code)
		case operand != nil:
			f.process(name, operand)
		}
	}
	if f.runsInput(name, args) {
		for _, r := range redirs {
			f.redirected(name, r)
		}
	}
	if d := f.output(call); d != "" {
		for _, r := range redirs {
			f.outward(d, r)
		}
	}
}

// eval reads its words together.
func (f *finder) eval(args []*syntax.Word) {
	texts := make([]string, 0, len(args))
	for _, a := range args {
		if len(texts) == 0 {
			if d := f.substituted(a.Parts); d != "" {
				f.add(d, "eval")
				return
			}
		}
		texts = append(texts, f.string(a))
	}
	f.script(strings.Join(texts, " "), f.depth+1)
}

// code looks at a word that an interpreter runs.
func (f *finder) code(name string, w *syntax.Word) {
	if d := f.substituted(w.Parts); d != "" {
		f.add(d, name)
		return
	}
	if IsShell(name) {
		f.script(f.string(w), f.depth+1)
	}
}

// process looks at a word that names a script.
func (f *finder) process(name string, w *syntax.Word) {
	if len(w.Parts) != 1 {
		return
	}
	if d := f.inward(w.Parts[0]); d != "" {
		f.add(d, name)
	}
}

// redirected looks at what comes into an interpreter that runs its input.
func (f *finder) redirected(name string, r *syntax.Redirect) {
	switch r.Op {
	case syntax.RdrIn:
		f.process(name, r.Word)
	case syntax.WordHdoc:
		f.code(name, r.Word)
	case syntax.Hdoc, syntax.DashHdoc:
		if r.Hdoc != nil {
			f.code(name, r.Hdoc)
		}
	}
}

// after is the word behind an option.
func (f *finder) after(args []*syntax.Word, options ...string) *syntax.Word {
	for i, a := range args[:max(len(args)-1, 0)] {
		for _, o := range options {
			if f.string(a) == o {
				return args[i+1]
			}
		}
	}
	return nil
}
