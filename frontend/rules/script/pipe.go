package script

import "mvdan.cc/sh/v3/syntax"

func isPipe(b *syntax.BinaryCmd) bool { return b.Op == syntax.Pipe || b.Op == syntax.PipeAll }

// stages are the commands of a pipeline, in order. seen gets the pipes of it.
func stages(b *syntax.BinaryCmd, seen map[*syntax.BinaryCmd]bool) []*syntax.Stmt {
	var out []*syntax.Stmt
	todo := []*syntax.Stmt{b.Y, b.X} // the next one last
	seen[b] = true
	for len(todo) > 0 {
		s := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if p, ok := s.Cmd.(*syntax.BinaryCmd); ok && isPipe(p) {
			seen[p] = true
			todo = append(todo, p.Y, p.X)
			continue
		}
		out = append(out, s)
	}
	return out
}

// pipeline finds stages that run what one before them downloads.
func (f *finder) pipeline(stages []*syntax.Stmt) {
	source := ""
	for _, s := range stages {
		if source != "" {
			if sink := f.sink(s); sink != "" {
				f.add(source, sink)
			}
		}
		if d := f.download(s); d != "" {
			source = d
		}
		if source != "" {
			f.outward(source, s)
		}
	}
}

// outward finds >(sh) among words.
func (f *finder) outward(source string, words syntax.Node) {
	f.walk(words, func(n syntax.Node) bool {
		if p, ok := n.(*syntax.ProcSubst); ok && p.Op == syntax.CmdOut {
			for _, inner := range p.Stmts {
				if sink := f.sink(inner); sink != "" {
					f.add(source, sink)
				}
			}
		}
		return true
	})
}

// download names the first command in a node whose download goes to the node's output.
func (f *finder) download(n syntax.Node) string {
	found := ""
	f.walk(n, func(n syntax.Node) bool {
		switch n := n.(type) {
		case *syntax.Stmt:
			return found == "" && !toFile(n.Redirs)
		case *syntax.CallExpr:
			if found == "" {
				found = f.output(n)
			}
			return false
		case *syntax.FuncDecl:
			return false
		}
		return found == ""
	})
	return found
}

// output names the downloader whose download a command writes to its output: the command
// itself, or one inside the words of a command that repeats them.
func (f *finder) output(call *syntax.CallExpr) string {
	words := f.unwrap(call.Args)
	if len(words) == 0 {
		return ""
	}
	name := f.name(words[0])
	if f.toOutput(name, words[1:]) {
		return name
	}
	for _, w := range words {
		for _, p := range w.Parts {
			if d := f.inward(p); d != "" {
				return d
			}
			if name != "echo" && name != "printf" {
				continue
			}
			if d := f.substituted([]syntax.WordPart{p}); d != "" {
				return d
			}
		}
	}
	return ""
}

// inward names the downloader in a <(...).
func (f *finder) inward(p syntax.WordPart) string {
	if s, ok := p.(*syntax.ProcSubst); ok && s.Op == syntax.CmdIn {
		return f.inside(s.Stmts)
	}
	return ""
}

// substituted names the downloader in the $(...) that a word begins with.
func (f *finder) substituted(parts []syntax.WordPart) string {
	if s := leading(parts); s != nil {
		return f.inside(s.Stmts)
	}
	return ""
}

// inside is download of a list of statements.
func (f *finder) inside(stmts []*syntax.Stmt) string {
	for _, s := range stmts {
		if d := f.download(s); d != "" {
			return d
		}
	}
	return ""
}

// toFile reports whether standard output goes elsewhere.
func toFile(redirs []*syntax.Redirect) bool {
	for _, r := range redirs {
		switch r.Op {
		case syntax.RdrOut, syntax.AppOut, syntax.RdrClob, syntax.RdrAll, syntax.AppAll:
			if (r.N == nil || r.N.Value == "1") && !isOutput(r.Word.Lit()) && !isProcess(r.Word) {
				return true
			}
		}
	}
	return false
}

func isProcess(w *syntax.Word) bool {
	if len(w.Parts) != 1 {
		return false
	}
	_, ok := w.Parts[0].(*syntax.ProcSubst)
	return ok
}

// sink names the interpreter in a stage that runs what it reads from its input.
func (f *finder) sink(s *syntax.Stmt) string {
	found := ""
	f.walk(s, func(n syntax.Node) bool {
		switch n := n.(type) {
		case *syntax.Stmt:
			return found == "" && !fromFile(n.Redirs)
		case *syntax.CallExpr:
			if words := f.unwrap(n.Args); found == "" && len(words) > 0 {
				if name := f.name(words[0]); f.runsInput(name, words[1:]) {
					found = name
				}
			}
			return false
		case *syntax.BinaryCmd:
			if isPipe(n) { // the input is that of its first stage
				if found == "" {
					found = f.sink(n.X)
				}
				return false
			}
		case *syntax.FuncDecl:
			return false
		}
		return found == ""
	})
	return found
}

// fromFile reports whether standard input comes from elsewhere.
func fromFile(redirs []*syntax.Redirect) bool {
	for _, r := range redirs {
		switch r.Op {
		case syntax.RdrIn, syntax.Hdoc, syntax.DashHdoc, syntax.WordHdoc:
			if (r.N == nil || r.N.Value == "0") && !isInput(r.Word.Lit()) {
				return true
			}
		}
	}
	return false
}
