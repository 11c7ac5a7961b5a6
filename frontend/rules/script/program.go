package script

import (
	"regexp"
	"slices"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// shells whose scripts this package reads.
var shells = []string{"sh", "bash", "dash", "ash", "zsh", "ksh", "mksh", "rbash"}

// interpreter is how a program takes code.
type interpreter struct {
	code   string // letters of options whose value is code, or that leave none to the input
	values string // letters of options with another value
	long   []string
	stdin  string // letter of the option that takes the code from the input, whatever follows
}

var shellOptions = interpreter{code: "cn", values: "oO", long: []string{"--command"}, stdin: "s"}

// interpreters by name, without a version. Options are those of their manuals.
var interpreters = map[string]interpreter{
	"python": {code: "cm", values: "WXQ"},
	"pypy":   {code: "cm", values: "WX"},
	"perl":   {code: "eEnp", values: "IM"},
	"ruby":   {code: "enp", values: "ICEr"},
	"node":   {code: "ep", values: "rC", long: []string{"--eval", "--print", "--test", "--version", "--help"}},
	"nodejs": {code: "ep", values: "rC", long: []string{"--eval", "--print", "--test", "--version", "--help"}},
	"php":    {code: "rfFRBSlvi", values: "cdzt", long: []string{"--run", "--version"}},
	"lua":    {code: "ev", values: "l"},
	"fish":   {code: "cv", values: "C", long: []string{"--command", "--version"}},
	"pwsh":   {code: "cC", long: []string{"-Command", "-File", "-EncodedCommand"}},
}

var version = regexp.MustCompile(`^([a-z]+?)-?[0-9]+(\.[0-9]+)*$`)

func options(name string) (interpreter, bool) {
	if IsShell(name) {
		return shellOptions, true
	}
	if m := version.FindStringSubmatch(name); m != nil {
		name = m[1]
	}
	i, ok := interpreters[name]
	return i, ok
}

func isInterpreter(name string) bool {
	_, ok := options(name)
	return ok
}

// program finds the word with the code that an interpreter is given, or the operand that
// names it. Both nil: it reads its input.
func (f *finder) program(name string, args []*syntax.Word) (code, operand *syntax.Word) {
	opt, ok := options(name)
	for i := 0; ok && i < len(args); i++ {
		text := f.string(args[i])
		switch {
		case text == "--" && i+1 < len(args) && !strings.HasPrefix(name, "php"): // whose arguments follow
			return nil, orInput(args[i+1], f.string(args[i+1]))
		case text == "--":
			return nil, nil
		case slices.Contains(opt.long, text):
			return next(args, i), nil
		case strings.HasPrefix(text, "--"):
		case len(text) > 1 && (text[0] == '-' || text[0] == '+' && IsShell(name)):
			skip, isCode := opt.cluster(text[1:])
			if isCode {
				return next(args, i), nil
			}
			if opt.stdin != "" && text[0] == '-' && strings.Contains(text, opt.stdin) {
				return nil, nil
			}
			i += skip
		default:
			return nil, orInput(args[i], text)
		}
	}
	return nil, nil
}

// cluster reads letters of options in one word: whether one of them takes code, and how
// many words that follow are a value.
func (o interpreter) cluster(letters string) (skip int, code bool) {
	for i, c := range letters {
		switch {
		case strings.ContainsRune(o.code, c):
			return 0, true
		case strings.ContainsRune(o.values, c) && i == len(letters)-1:
			return 1, false
		case strings.ContainsRune(o.values, c):
			return 0, false
		}
	}
	return 0, false
}

// next is the word behind one; that word itself when it is the last.
func next(args []*syntax.Word, i int) *syntax.Word { return args[min(i+1, len(args)-1)] }

// orInput is an operand, or nil when that is the input.
func orInput(w *syntax.Word, text string) *syntax.Word {
	if isInput(text) {
		return nil
	}
	return w
}

// runsInput reports whether a command runs what it reads from its input.
func (f *finder) runsInput(name string, args []*syntax.Word) bool {
	if name == "source" || name == "." {
		return len(args) > 0 && isInput(f.string(args[0]))
	}
	if !isInterpreter(name) {
		return false
	}
	code, operand := f.program(name, args)
	return code == nil && operand == nil
}

func isInput(word string) bool {
	return slices.Contains([]string{"-", "/dev/stdin", "/dev/fd/0", "/proc/self/fd/0"}, word)
}

func isOutput(word string) bool {
	return slices.Contains([]string{"-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"}, word)
}
