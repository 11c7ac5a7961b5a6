package rules

import (
	"fmt"
	"slices"
	"strings"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	"github.com/moby/buildkit/frontend/dockerfile/parser"

	"github.com/sworn-build/sworn/frontend/rules/script"
)

// scripts finds downloads that a RUN runs. Of what is no script of a POSIX shell nothing
// is known.
func (c *check) scripts(s *stage, cmd *instructions.RunCommand, at []parser.Range) {
	var runs []script.Run
	switch {
	case !cmd.PrependShell:
		runs = script.Command(cmd.CmdLine)
	case c.readable(s.shell):
		if text, ok := scriptOf(cmd); ok {
			runs = script.Downloads(text)
		}
	}
	for _, r := range runs {
		c.add(DownloadPipedToShell, at, fmt.Sprintf("%s runs what %s downloads: save it, verify it, then run it", r.Interpreter, r.Downloader))
	}
}

// readable reports whether a SHELL is one whose scripts can be read.
func (c *check) readable(shell []string) bool {
	if len(shell) == 0 {
		return c.TargetPlatform.OS != "windows"
	}
	return slices.ContainsFunc(shell, script.IsShell)
}

// scriptOf is what the shell of a RUN is given, heredocs included, as BuildKit puts it
// together; false when it is a script of something else than a shell.
func scriptOf(cmd *instructions.RunCommand) (string, bool) {
	text := strings.Join(cmd.CmdLine, " ")
	if len(cmd.Files) == 0 {
		return text, true
	}
	if parser.MustParseHeredoc(text) != nil {
		data := cmd.Files[0].Data
		if line, _, _ := strings.Cut(data, "\n"); strings.HasPrefix(line, "#!") {
			return data, slices.ContainsFunc(strings.Fields(line[2:]), script.IsShell)
		}
		return data, true
	}
	for _, f := range cmd.Files {
		text += "\n" + f.Data + f.Name
	}
	return text, true
}
