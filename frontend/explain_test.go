package frontend

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/moby/buildkit/client/llb"
	"github.com/moby/buildkit/solver/errdefs"

	graph "github.com/sworn-build/sworn/llb"
)

func TestExplainNamesTheUsersCommand(t *testing.T) {
	for _, command := range []string{
		"/bin/sh -c exit 3",
		`/bin/sh -c printf 'a\\n' "b"`,
		"/bin/sh -c true\nfalse",
		"/bin/sh -c echo \u202e \u00e4",
	} {
		run := llb.Image("busybox").Run(llb.Args(append([]string{graph.RunnerArg}, strings.Split(command, " ")...)))
		def, err := run.Marshal(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		g, err := graph.Decode(def.ToPB())
		if err != nil {
			t.Fatal(err)
		}
		ended := fmt.Errorf("process %q did not complete successfully: exit code: 3", graph.RunnerArg+" "+command)
		got := explain(errdefs.WrapVertex(ended, g.Target().Vertex), g)
		want := fmt.Sprintf("process %q did not complete successfully: exit code: 3", command)
		if diff := cmp.Diff(want, got.Error()); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
}
