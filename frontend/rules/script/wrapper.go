package script

import (
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// wrapper is a program that runs the command behind its own words.
type wrapper struct {
	values   string // letters of options with a value
	operands int    // words before the command
	assigns  bool   // NAME=value may stand before the command
}

// wrappers by name. Options are those of their manuals.
var wrappers = map[string]wrapper{
	"sudo":        {values: "ughpCrtUDRT", assigns: true},
	"doas":        {values: "uC"},
	"gosu":        {operands: 1},
	"su-exec":     {operands: 1},
	"env":         {values: "uC", assigns: true},
	"exec":        {values: "a"},
	"command":     {},
	"builtin":     {},
	"nohup":       {},
	"setsid":      {},
	"fakeroot":    {},
	"eatmydata":   {},
	"busybox":     {},
	"nice":        {values: "n"},
	"ionice":      {values: "cn"},
	"time":        {values: "fo"},
	"stdbuf":      {values: "ioe"},
	"timeout":     {values: "sk", operands: 1},
	"chroot":      {operands: 1},
	"unshare":     {},
	"setpriv":     {},
	"proxychains": {values: "f"},
}

// unwrap drops the words of programs that run the command behind them.
func (f *finder) unwrap(words []*syntax.Word) []*syntax.Word {
	for len(words) > 1 {
		w, ok := wrappers[f.name(words[0])]
		if !ok {
			break
		}
		words = f.behind(w, words[1:])
	}
	return words
}

func (f *finder) behind(w wrapper, words []*syntax.Word) []*syntax.Word {
	for operands := w.operands; len(words) > 0; words = words[1:] {
		text := f.string(words[0])
		switch {
		case text == "--":
			return words[min(1+operands, len(words)):]
		case len(text) > 1 && text[0] == '-':
			if text[1] != '-' && strings.Contains(w.values, text[len(text)-1:]) && len(words) > 1 {
				words = words[1:]
			}
		case w.assigns && strings.Contains(text, "=") && !strings.HasPrefix(text, "="):
		case operands > 0:
			operands--
		default:
			return words
		}
	}
	return nil
}
