package main

import (
	"fmt"
	"io"
	"regexp"
	"strings"
)

// show prints what the failed tests said themselves, without the logs of their
// servers.
func (r *results) show(out io.Writer, dir string) {
	for _, t := range r.sorted() {
		if t.verdict == passed || t.verdict == skipped {
			continue
		}
		fmt.Fprintf(out, "\n=== %s\n%s    (all of it: %s)\n\n", t.label(), excerpt(t.output.String()), t.log(dir))
	}
	if r.broken {
		fmt.Fprintf(out, "\n=== the run as a whole\n%s\n", excerpt(withoutProgress(r.rest.String())))
	}
}

// excerpt is the beginning of a test's output, up to where the servers' logs
// begin, and then the errors that buildkitd logged; stack frames are left out.
func excerpt(output string) string {
	server := regexp.MustCompile(`^\s*sandbox\.go:\d+: (stdout|stderr): `)
	serverError := regexp.MustCompile(`^\s*sandbox\.go:\d+: .*level=(error|fatal|panic)`)
	frame := regexp.MustCompile(`^\s+(github\.com|golang\.org|google\.golang\.org|go\.opentelemetry\.io|net|runtime)[./]\S*\s*$`)
	var lines []string
	inLogs := false
	for line := range strings.Lines(output) {
		inLogs = inLogs || server.MatchString(line)
		if inLogs && !serverError.MatchString(line) || frame.MatchString(line) {
			continue
		}
		if len(lines) == shownLines {
			return strings.Join(lines, "") + "    ...\n"
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "")
}

// withoutProgress leaves out the lines by which go test tells what it runs.
func withoutProgress(output string) string {
	var b strings.Builder
	for line := range strings.Lines(output) {
		if !strings.HasPrefix(line, "=== ") {
			b.WriteString(line)
		}
	}
	return b.String()
}
