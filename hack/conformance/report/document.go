package main

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// suiteFolder is where the tests are in BuildKit's repository.
const suiteFolder = "frontend/dockerfile"

// titles of the modes in tables.
func title(mode string) string {
	switch mode {
	case modeUpstream:
		return "BuildKit's frontend"
	case modeAttached:
		return "Sworn, statements attached"
	case modeHidden:
		return "the same, statements hidden"
	}
	return "Sworn, statements off"
}

// words for verdicts.
func word(verdict string) string {
	switch verdict {
	case passed:
		return "passed"
	case failed:
		return "failed"
	case skipped:
		return "skipped"
	}
	return "" // not run
}

const introduction = `<!-- Made by "make conformance" from hack/conformance/results.json and reasons.json. -->

# Conformance with BuildKit's Dockerfile suite

BuildKit has an integration suite for Dockerfile frontends: each test starts a
buildkitd, builds with a frontend image and looks at the result. This is what the
suite of BuildKit %s (` + "`%s`" + `, worker ` + "`oci`" + `) says about BuildKit's own
frontend, built from the same sources, and about Sworn's frontend image in two modes:

- *statements attached*: as it is used. Every step runs under the runner, is observed,
  and the statements are attached to the images.
- *statements off*: ` + "`SWORN_STATEMENTS=off`" + ` in the image's environment. Every step
  still runs under the runner, hardened.

To run it again, as root (half an hour on two cores):

    make conformance                                  # all of it, writes this page
    hack/conformance/run --all --run 'Mount|Secret'   # some tests, statements attached
    make conformance-quick                            # the part that make test has

## How to read it

The tests have no network, no apk and no image of a public registry; base images are
made from Debian's busybox.

A difference is an outcome that is not the one of BuildKit's frontend; a failure counts
as the same only when it happens at the same line of the suite. Each difference has a
reason in ` + "`hack/conformance/reasons.json`" + `, with the line, and so has each failure of
BuildKit's frontend. ` + "`make conformance`" + ` fails when there is a difference without a reason
or a reason without a difference. A failure without a reason is run once more, alone,
because some tests watch the clock; what passes then counts as passed and is listed.

Many tests count an image's manifests or read the first of its statements. With Sworn's
attached they fail there and go no further. So each test that ends in another way
with statements attached runs again with *statements hidden*: the builds are the same,
but the suite's own functions that read an image back leave Sworn's statements out
(` + "`hack/conformance/testdata/hide.go`" + `). What passes then differs in the list alone.
`

// document is docs/conformance.md: a function of the record and the reasons.
func document(rec *record, why *reasons) string {
	var b strings.Builder
	fmt.Fprintf(&b, introduction, rec.suite, suiteFolder)
	totals(&b, rec)
	for _, k := range why.Kinds {
		reason(&b, rec, k)
	}
	skips(&b, rec)
	repeated(&b, rec)
	every(&b, rec)
	return b.String()
}

// heads writes the first two lines of a table.
func heads(b *strings.Builder, columns ...string) {
	row(b, columns...)
	fmt.Fprintf(b, "|%s\n", strings.Repeat("---|", len(columns)))
}

func row(b *strings.Builder, cells ...string) {
	fmt.Fprintf(b, "| %s |\n", strings.Join(cells, " | "))
}

func modeTitles(modes []string) []string {
	var t []string
	for _, m := range modes {
		t = append(t, title(m))
	}
	return t
}

func totals(b *strings.Builder, rec *record) {
	b.WriteString("\n## Totals\n\n")
	heads(b, append([]string{""}, modeTitles(modes())...)...)
	count := func(is func(test, mode string) bool) []string {
		var cells []string
		for _, m := range modes() {
			n := 0
			for name := range rec.tests {
				if is(name, m) {
					n++
				}
			}
			cells = append(cells, fmt.Sprint(n))
		}
		return cells
	}
	for _, v := range []string{passed, failed, skipped} {
		row(b, append([]string{word(v)}, count(func(t, m string) bool { return rec.tests[t][m].verdict == v })...)...)
	}
	row(b, append([]string{"all"}, count(func(string, string) bool { return true })...)...)
	row(b, append([]string{"fails, passes with BuildKit's frontend"}, count(func(t, m string) bool {
		return rec.tests[t][m].verdict == failed && rec.tests[t][modeUpstream].verdict == passed
	})...)...)
	n := 0
	for _, t := range rec.tests {
		if t[modeAttached].verdict == failed && t[modeUpstream].verdict == passed && t[modeHidden].verdict == passed {
			n++
		}
	}
	row(b, "of these, passes with statements hidden", "", fmt.Sprint(n), "")
}

// reason writes a kind of reason and the tests that it is for.
func reason(b *strings.Builder, rec *record, k kind) {
	fmt.Fprintf(b, "\n## %s\n\n%s\n\n", k.Title, strings.TrimSpace(k.Text))
	shown := modes()
	if slices.ContainsFunc(k.Tests, func(c cause) bool {
		return rec.tests[c.Test][modeHidden].verdict != ""
	}) {
		shown = []string{modeUpstream, modeAttached, modeHidden, modeUnattached}
	}
	heads(b, append([]string{"test"}, append(modeTitles(shown), "why")...)...)
	for _, c := range slices.SortedFunc(slices.Values(k.Tests), func(x, y cause) int { return cmp.Compare(x.Test, y.Test) }) {
		cells := []string{code(c.Test)}
		for _, m := range shown {
			cells = append(cells, rec.cell(c.Test, m))
		}
		row(b, append(cells, c.Why)...)
	}
}

// cell is an outcome with a link to where it failed.
func (r *record) cell(test, mode string) string {
	o := r.tests[test][mode]
	file, line, ok := strings.Cut(o.detail, ":")
	if o.verdict != failed || !ok {
		return word(o.verdict)
	}
	return fmt.Sprintf("[failed](https://github.com/moby/buildkit/blob/%s/%s/%s#L%s)", r.suite, suiteFolder, file, line)
}

func code(s string) string { return "`" + s + "`" }

// skips lists why the suite skipped tests with BuildKit's frontend; where ours is
// not skipped for the same reason there is a difference, listed above.
func skips(b *strings.Builder, rec *record) {
	tests := map[string][]string{}
	for _, name := range rec.names() {
		if o := rec.tests[name][modeUpstream]; o.verdict == skipped {
			tests[o.detail] = append(tests[o.detail], code(name))
		}
	}
	b.WriteString("\n## Skipped by the suite\n\nIn the suite's words. Where it skips the rest of a test, what came before it passed.\n\n")
	heads(b, "why", "tests")
	for _, why := range slices.Sorted(maps.Keys(tests)) {
		row(b, cmp.Or(why, "the test does not say"), strings.Join(tests[why], ", "))
	}
}

// repeated lists the tests that passed only when they were run again.
func repeated(b *strings.Builder, rec *record) {
	var lines []string
	for _, name := range rec.names() {
		for _, m := range modes() {
			if rec.tests[name][m].again {
				lines = append(lines, fmt.Sprintf("- %s: %s\n", code(name), title(m)))
			}
		}
	}
	if lines != nil {
		b.WriteString("\n## Passed when run again alone\n\n" + strings.Join(lines, ""))
	}
}

func every(b *strings.Builder, rec *record) {
	b.WriteString("\n## Every test\n\n")
	heads(b, append([]string{"test"}, modeTitles(modes())...)...)
	for _, name := range rec.names() {
		cells := []string{code(name)}
		for _, m := range modes() {
			cells = append(cells, word(rec.tests[name][m].verdict))
		}
		row(b, cells...)
	}
}
