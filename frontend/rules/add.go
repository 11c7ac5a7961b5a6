package rules

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/moby/buildkit/frontend/dockerfile/dfgitutil"
	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	"github.com/moby/buildkit/frontend/dockerfile/parser"
)

// fullCommit is a commit of git as a whole: of part of one there can be two.
var fullCommit = regexp.MustCompile(`^([0-9a-f]{40}|[0-9a-f]{64})$`)

// remotes finds sources of an ADD that are not what they were for certain.
func (c *check) remotes(s *stage, cmd *instructions.AddCommand, at []parser.Range) {
	checksum := c.checksum(s, cmd.Checksum)
	for _, word := range cmd.SourcePaths {
		src, _ := c.expand(word, s.env)
		ref, isGit, err := dfgitutil.ParseGitRef(src)
		switch {
		case isGit && err != nil, err == nil && ref.IndistinguishableFromLocal:
			// An error of the build, or a path.
		case err == nil:
			if !checksum.covers(fullCommit) && !fullCommit.MatchString(ref.Checksum) && !fullCommit.MatchString(ref.Ref) {
				c.add(AddWithoutChecksum, at, fmt.Sprintf("%s is added without a full commit: say which with --checksum or #COMMIT", shown(word)))
			}
		case strings.HasPrefix(src, "http://") || strings.HasPrefix(src, "https://"):
			if !checksum.covers(nil) {
				c.add(AddWithoutChecksum, at, fmt.Sprintf("%s is added without a checksum: say which with --checksum", shown(word)))
			}
		}
	}
}

// checksum is the value of --checksum.
type checksum struct {
	text    string
	unknown bool // it may come from the base image
}

func (c *check) checksum(s *stage, word string) checksum {
	text, unknown := c.expand(word, s.env)
	for name := range unknown {
		if !s.declared[name] {
			return checksum{text: text, unknown: true}
		}
	}
	return checksum{text: text}
}

// covers reports whether there is a checksum, of the given form if there is one.
func (c checksum) covers(form *regexp.Regexp) bool {
	return c.unknown || c.text != "" && (form == nil || form.MatchString(c.text))
}

// shown is a source as the Dockerfile has it, less quotes, user names, passwords and
// queries.
func shown(word string) string {
	word = strings.Trim(word, `"'`)
	word, _, _ = strings.Cut(word, "?")
	scheme, rest, ok := strings.Cut(word, "://")
	if !ok {
		return word
	}
	host, path, ok := strings.Cut(rest, "/")
	host = host[strings.LastIndex(host, "@")+1:]
	if ok {
		path = "/" + path
	}
	return scheme + "://" + host + path
}
