package script

import (
	"slices"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// downloader is how a program says where its download goes.
type downloader struct {
	values string   // letters of options with a value, beside file
	file   string   // letter of the option whose value is the file
	long   []string // the same option in long
	saves  []string // options that choose a file by themselves
	output []string // options without which nothing goes to the output
	stdout bool     // the output is where it goes when nothing is said
}

// downloaders by name. Options are those of their manuals.
var downloaders = map[string]downloader{
	"curl": {
		values: "AbcCdDeEFHKmPQrtTuUwxXyYz", file: "o", long: []string{"--output"},
		saves: []string{"-O", "--remote-name", "--remote-name-all"}, stdout: true,
	},
	"wget":        {values: "aoeiBtTwQPUDARIXln", file: "O", long: []string{"--output-document"}},
	"wget2":       {values: "aoeiBtTwQPUDARIXln", file: "O", long: []string{"--output-document"}},
	"fetch":       {values: "BNSThilw", file: "o", long: []string{"--output"}},
	"http":        {values: "asAp", file: "o", long: []string{"--output"}, saves: []string{"-d", "--download"}, stdout: true},
	"https":       {values: "asAp", file: "o", long: []string{"--output"}, saves: []string{"-d", "--download"}, stdout: true},
	"xh":          {values: "asAp", file: "o", long: []string{"--output"}, saves: []string{"-d", "--download"}, stdout: true},
	"GET":         {stdout: true},
	"lwp-request": {stdout: true},
	"lynx":        {output: []string{"-source", "--source", "-dump", "--dump"}, stdout: true},
	"w3m":         {output: []string{"-dump_source", "-dump"}, stdout: true},
}

// toOutput reports whether a command is a downloader that writes to standard output.
func (f *finder) toOutput(name string, args []*syntax.Word) bool {
	d, ok := downloaders[name]
	if !ok || len(args) == 0 {
		return false
	}
	to, asked := d.stdout, len(d.output) == 0
	for i := 0; i < len(args); i++ {
		text := f.string(args[i])
		option, value, given := strings.Cut(text, "=")
		switch {
		case text == "--":
			return to && asked
		case slices.Contains(d.saves, text):
			return false
		case slices.Contains(d.output, text):
			asked = true
		case slices.Contains(d.long, option):
			if !given {
				value = f.string(next(args, i))
				i++
			}
			to = isOutput(value)
		case len(text) > 1 && text[0] == '-' && text[1] != '-' && len(d.output) == 0:
			file, skip, saves := d.cluster(text[1:])
			if saves {
				return false
			}
			if file != nil {
				if *file == "" {
					*file = f.string(next(args, i))
				}
				to = isOutput(*file)
			}
			i += skip
		}
	}
	return to && asked
}

// cluster reads letters of options in one word. file is the value of the option for it,
// empty when that is the next word; skip counts the words that are a value.
func (d downloader) cluster(letters string) (file *string, skip int, saves bool) {
	for i, c := range letters {
		rest := letters[i+1:]
		switch {
		case slices.Contains(d.saves, "-"+string(c)):
			return nil, 0, true
		case d.file == string(c):
			if rest == "" {
				skip = 1
			}
			return &rest, skip, false
		case c == 'n' && strings.ContainsRune(d.values, 'n'): // wget's -nv, -nc
			continue
		case strings.ContainsRune(d.values, c) && rest == "":
			return nil, 1, false
		case strings.ContainsRune(d.values, c):
			return nil, 0, false
		}
	}
	return nil, 0, false
}
