//go:build e2e

package e2e

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sworn-build/sworn/provenance"
)

// matchMessage begins what assemble says of evidence of two runs.
const matchMessage = "sworn: assemble: evidence of "

// output returns what a step wrote at a path.
func output(t *testing.T, s provenance.Step, p string) provenance.FileOutput {
	t.Helper()
	for _, list := range [][]provenance.FileOutput{s.Outputs.Added, s.Outputs.Changed} {
		for _, f := range list {
			if string(f.Path) == p {
				return f
			}
		}
	}
	t.Fatalf("%s: did not write %s", s.Name, p)
	return provenance.FileOutput{}
}

// The cache loses what a builder stage wrote, but not the evidence of it, and the
// image takes the file of the stage's next run.
func TestEvidenceOfBuilderStagesIsOfTheSameBuild(t *testing.T) {
	e := mustEnv(t)
	host := ownBuilder(t, e)
	for _, tt := range []struct {
		name, first, second string
		forgotten           []string
	}{
		{
			"copied", "COPY --from=build /random /one", "COPY --from=build /random /two",
			[]string{"[stage-1 2/2] COPY"},
		},
		{
			"mounted", "RUN --mount=type=bind,from=build,target=/b cp /b/random /one", "RUN --mount=type=bind,from=build,target=/b cp /b/random /two",
			[]string{"mount / from exec RUN /bin/sh -c cp"},
		},
		{
			"linked", "COPY --link --from=build /random /one", "COPY --link --from=build /random /two",
			[]string{"[stage-1 2/2] LINK", "[stage-1 2/2] COPY"},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dockerfile := ownKeys("FROM busybox AS build\nRUN cat "+random+" | tee /random\nFROM busybox\n", tt.name)
			first := imageName(e.registry, t, "first")
			_, a := buildAccount(t, e, build{context: files{"Dockerfile": dockerfile + tt.first + "\n"}, host: host, output: push(first)})
			describedTruly(t, first, a, "/one")
			for _, f := range append(tt.forgotten, "mount / from exec RUN /bin/sh -c cat") {
				forget(t, e, host, f)
			}
			second := imageName(e.registry, t, "second")
			r := build{context: files{"Dockerfile": dockerfile + tt.second + "\n"}, host: host, output: push(second)}.run(t, e)
			if !r.printed("RUN cat ") {
				t.Fatalf("the step did not run again: the test shows nothing\n%s", r.log)
			}
			found := strings.Contains(r.log, matchMessage) && strings.Contains(r.log, "are of different builds: /random was sha256:")
			t.Logf("evidence of two runs was met and refused: %t", found)
			if r.err != nil {
				if !found {
					t.Errorf("no clear message:\n%s", r.log)
				}
				return
			}
			a = accountOf(t, second)
			describedTruly(t, second, a, "/two")
			wrote := output(t, a.step(t, "RUN cat"), "/random")
			if diff := cmp.Diff(wrote.Digest, a.file(t, "/two").Digest); diff != "" {
				t.Errorf("/random as the stage wrote it and /two (-stage +image):\n%s", diff)
			}
		})
	}
}

// A hard link in a folder that nobody watches is read and removed again.
func TestReadsThroughLinksThatAreGoneAreNotLost(t *testing.T) {
	a := observed(t, files{
		"d/linked": "linked\n", "d/left": "left\n", "d/moded": "moded\n", "d/touched": "touched\n", "d/moved": "moved\n",
		"Dockerfile": `FROM busybox
COPY d /d
RUN mkdir /n && ln /d/linked /n/x && cat /n/x && rm -r /n
RUN chmod 600 /d/moded && touch /d/touched && mkdir /n && mv /d/moved /n/x && cat /n/x && mv /n/x /d/moved && rmdir /n
RUN cat /d/left
`,
	})
	linked := whole("/d/linked", "linked\n")
	linked.Reason = mustInput(t, a.step(t, "RUN mkdir /n"), "/d/linked").Reason
	s := a.step(t, "RUN mkdir /n")
	wantInput(t, s, linked)
	if !strings.Contains(linked.Reason, "may have been read under another name") {
		t.Errorf("reason %q", linked.Reason)
	}
	wantNoInput(t, s, "/d/left", "/d/moded")
	s = a.step(t, "RUN chmod 600")
	for p, content := range map[string]string{"/d/moded": "moded\n", "/d/touched": "touched\n", "/d/moved": "moved\n"} {
		if f := mustInput(t, s, p); f.Digest.String() != sha256Of([]byte(content)).Hex {
			t.Errorf("%s: %+v", p, f)
		}
	}
	wantNoInput(t, s, "/d/left", "/d/linked")
	s = a.step(t, "RUN cat /d/left")
	wantInput(t, s, whole("/d/left", "left\n"))
	wantNoInput(t, s, "/d/linked", "/d/moded")
}
