package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sworn-build/sworn/step"
)

// builder is the image of a stage with Go, and with a Node.js of dpkg's.
func builder() []string {
	return append(base(),
		"file 0644 /usr/local/go/VERSION go1.26.8\n", "file 0755 /usr/local/go/bin/go go", "file 0644 /usr/local/go/src/fmt/print.go package fmt",
		"file 0644 /usr/include/node/node_version.h #define NODE_MAJOR_VERSION 20\n#define NODE_MINOR_VERSION 1\n#define NODE_PATCH_VERSION 2\n", "file 0755 /usr/bin/node node",
		"file 0644 /var/lib/dpkg/info/dash.list /bin/dash\n/usr/bin/node\n/usr/include/node/node_version.h\n",
	)
}

func (b *played) tools() (out []string) {
	for _, p := range b.accounted().Tools {
		out = append(out, fmt.Sprintf("%s %s %s", p.PURL, p.Relation, strings.Join(p.Steps, ",")))
	}
	return out
}

// The base of a stage is not described: what ran there tells of itself.
func TestToolchainsOfABuilderAreItsTools(t *testing.T) {
	ran := []step.Input{read("/usr/bin/node", "node"), read("/usr/local/go/bin/go", "go"), read("/usr/local/go/src/fmt/print.go", "package fmt")}
	for _, c := range []struct {
		name   string
		inputs []step.Input
		wrote  []string
		want   []string
	}{
		{"a compiler", ran, []string{"file 0755 /out/app app"}, []string{
			"pkg:deb/debian/dash@0.5.12-2?arch=amd64&distro=debian-12 BUILD_TOOL_OF step1", "pkg:generic/go@1.26.8 BUILD_TOOL_OF step1",
		}},
		{"its library alone", ran[2:], []string{"file 0755 /out/app app"}, nil},
		{"a copy of it", ran[1:], []string{"file 0755 /out/app app", "file 0755 /out/go go"}, nil},
		{"made nothing of the image", ran, []string{"file 0755 /out/other other"}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := play(t, step.Rules{})
			one := b.none(b.image(false, builder()...), c.inputs, c.wrote...)
			b.file("COPY --from=0", b.image(true, base()...), "copy "+one+":/out/app /app", "file 0755 /app app")
			if diff := cmp.Diff(c.want, b.tools()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// A toolchain that a step of the stage installed is found twice and listed once, and one of
// the image is read by the image's own steps.
func TestToolchainsThatStepsInstall(t *testing.T) {
	golang := []string{"file 0644 /go/VERSION go1.26.8\n", "file 0755 /go/bin/go go"}
	b := play(t, step.Rules{})
	one := b.none(b.image(false, base()...), nil, golang...)
	two := b.none(one, []step.Input{read("/go/bin/go", "go")}, "file 0755 /out/app app")
	three := b.file("COPY --from=0", b.image(true, base()...), "copy "+two+":/out/app /app; copy "+one+":/go /go", append(golang, "file 0755 /app app")...)
	b.none(three, []step.Input{read("/go/bin/go", "go")}, "file 0755 /made made")
	if diff := cmp.Diff([]string{"pkg:generic/go@1.26.8 BUILD_TOOL_OF step2"}, b.tools()); diff != "" {
		t.Errorf("tools (-want +got):\n%s", diff)
	}
	if by := b.accounted().By["pkg:generic/go@1.26.8"]; by != "step1" {
		t.Errorf("brought by %q", by)
	}
	g, err := newGraph(b.plan, func(p step.Place) ([]byte, error) { return b.evidence[p], nil })
	if err != nil {
		t.Fatal(err)
	}
	steps, err := g.predicate()
	if err != nil {
		t.Fatal(err)
	}
	var reads []string
	for _, s := range g.buildOf(steps).Steps {
		if slices.Contains(s.Read, "pkg:generic/go@1.26.8") {
			reads = append(reads, s.ID)
		}
	}
	if diff := cmp.Diff([]string{"step2", "step4"}, reads); diff != "" {
		t.Errorf("steps that read it (-want +got):\n%s", diff)
	}
	b.wantOrigins(map[string]string{"/go/bin/go": "package step1", "/app": "stage step2 of step at /out/app"})
}
