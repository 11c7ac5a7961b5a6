package frontend

import (
	"strings"
	"testing"

	graph "github.com/sworn-build/sworn/llb"
)

// own is a frontend that runs in a client.
func own(told *[]string) Frontend {
	return Frontend{
		Tools:     LocalTools("tools", "v1", "arm64"),
		OwnSyntax: func(ref string) { *told = append(*told, ref) },
	}
}

// TestAClientBuildsWithProgramsOfItsOwn: they are no source of the build, and the
// frontend's image is not asked for.
func TestAClientBuildsWithProgramsOfItsOwn(t *testing.T) {
	gw := newGateway(t, "FROM busybox\nRUN true\n", nil)
	delete(gw.opts, optCmdline) // nobody called it through a line
	gw.image = nil
	var told []string
	if _, err := own(&told).Build(t.Context(), gw); err != nil {
		t.Fatal(err)
	}
	if len(told) != 0 {
		t.Errorf("told of %q without a syntax line", told)
	}
	locals := 0
	for _, req := range gw.solved {
		g, err := graph.Decode(req.Definition)
		if err != nil {
			t.Fatal(err)
		}
		for v := range g.Vertices() {
			scheme, rest := v.Scheme()
			if strings.Contains(rest, "registry.test/sworn") {
				t.Errorf("%s is part of the build", rest)
			}
			if scheme == "local" && rest == "tools" {
				locals++
				if v.Original != "" && len(g.Lines(v)) > 0 {
					t.Error("the tools belong to a line of the Dockerfile")
				}
			}
		}
	}
	if locals == 0 {
		t.Error("the tools are not part of the build")
	}
}

// TestASyntaxLineIsNotFollowedByAClient: what it names is told, its options are in
// force, and wrong ones point at the line.
func TestASyntaxLineIsNotFollowedByAClient(t *testing.T) {
	gw := newGateway(t, "# syntax=other/frontend:1 statements=off harden=off\nFROM busybox\nRUN true\n", nil)
	delete(gw.opts, optCmdline)
	var told []string
	res, err := own(&told).Build(t.Context(), gw)
	if err != nil {
		t.Fatal(err)
	}
	if len(told) != 1 || told[0] != "other/frontend:1" {
		t.Errorf("told of %q", told)
	}
	if len(res.Attestations) != 0 {
		t.Error("statements=off of the syntax line is not in force")
	}
	for _, req := range gw.solved {
		if req.Frontend != "" {
			t.Errorf("forwarded to %s", req.Frontend)
		}
	}
	gw = newGateway(t, "# syntax=other/frontend:1 watch=on\nFROM busybox\n", nil)
	delete(gw.opts, optCmdline)
	if _, err := own(&told).Build(t.Context(), gw); err == nil || !strings.Contains(err.Error(), `syntax line: unknown option "watch"`) {
		t.Errorf("error %v", err)
	}
}

// TestProgramsOfAnotherVersionAreAnotherSource: builds that run at once with two
// versions of the client must not get each other's.
func TestProgramsOfAnotherVersionAreAnotherSource(t *testing.T) {
	digests := map[string]string{}
	for _, version := range []string{"v1", "v2", "v1"} {
		tools, err := LocalTools("tools", version, "amd64")(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		d := string(tools.Def.Target().Vertex)
		if was, ok := digests[version]; ok && was != d {
			t.Errorf("%s is two sources", version)
		}
		digests[version] = d
		if tools.Arch != "amd64" || tools.Runner != ImageRunner || tools.Evidence != ImageEvidence {
			t.Errorf("tools %+v", tools)
		}
	}
	if digests["v1"] == digests["v2"] {
		t.Error("two versions are one source")
	}
}
