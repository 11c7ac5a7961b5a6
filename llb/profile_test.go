package llb

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/moby/buildkit/solver/pb"

	"github.com/sworn-build/sworn/step"
	"github.com/sworn-build/sworn/step/roots"
)

// profiled is what the builder and the runner are told of an exec.
type profiled struct {
	Runner     string // folder of the tools
	Network    pb.NetMode
	ReadOnly   bool // its mount
	Roots      bool // has the operator's authorities
	Config     step.Config
	UserMounts int
}

func TestProfilesReachBuilderAndRunner(t *testing.T) {
	tools := testTools(t)
	set := testRoots(t, 1)
	const mark = "nonce-0"
	exec := func() *pb.Op {
		return execOp(&pb.ExecOp{
			Meta: &pb.Meta{Args: []string{"make"}, Env: []string{"PATH=/bin"}, Cwd: "/"},
			Mounts: []*pb.Mount{
				{Input: int64(pb.Empty), Dest: pb.RootMount},
				{Input: int64(pb.Empty), Dest: markDir + mark, Output: int64(pb.SkipOutput), MountType: pb.MountType_TMPFS},
				{Input: int64(pb.Empty), Dest: "/mnt", Output: int64(pb.SkipOutput)},
			},
		})
	}
	for _, c := range []struct {
		name    string
		profile step.Profile
		want    profiled
	}{
		{"baseline", step.Profile{Harden: step.HardenBaseline, Network: step.NetworkDefault, Root: true}, profiled{Runner: "/runner"}},
		{"none", step.Profile{Harden: step.HardenOff, Network: step.NetworkNone}, profiled{Runner: "/runner", Network: pb.NetMode_NONE}},
		{
			"record", step.Profile{Harden: step.HardenBaseline, Network: step.NetworkRecord, Allow: []string{"a"}},
			profiled{Runner: "/recorder", Config: step.Config{Network: &step.ConfigNetwork{Allow: []string{"a"}}}},
		},
		{"rooted", step.Profile{Harden: step.HardenBaseline, Network: step.NetworkRecord}, profiled{
			Runner: "/recorder", Roots: true, Config: step.Config{Network: &step.ConfigNetwork{Roots: set.Digest()}},
		}},
		{"rooted, not recorded", step.Profile{Harden: step.HardenBaseline, Network: step.NetworkDefault}, profiled{Runner: "/runner"}},
		{"strict", step.Profile{Harden: step.HardenStrict, Network: step.NetworkDefault, Root: true}, profiled{Runner: "/runner", ReadOnly: true, Config: step.Config{Root: true}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := execGraph(t, exec(), &pb.OpMetadata{Description: map[string]string{customName: "RUN " + MarkFlag(mark) + " make"}})
			tools.Roots = roots.Set{}
			if strings.HasPrefix(c.name, "rooted") {
				tools.Roots = set
			}
			hardened := Harden(g, HardenOpt{Arch: "amd64", Marked: map[string]step.Profile{mark: c.profile}})
			recorded, _, records, err := Record(hardened, tools)
			if err != nil {
				t.Fatal(err)
			}
			v := recorded.Vertex(recorded.Target().Vertex)
			got := profiled{Network: v.Op.GetExec().Network, UserMounts: len(v.UserExec().Mounts)}
			for _, m := range v.Op.GetExec().Mounts {
				switch m.Dest {
				case step.RunnerDir:
					got.Runner = m.Selector
				case step.RootsDir:
					got.Roots = true
				case "/mnt":
					got.ReadOnly = m.Readonly
				}
			}
			_, got.Config, _ = unrecord(v.Op)
			c.want.UserMounts = 2
			c.want.Config.Version, c.want.Config.Harden = step.ConfigVersion, c.profile.Harden
			c.want.Config.PathEnv = got.Config.PathEnv
			c.want.Config.Mounts = []step.ConfigMount{{Target: "/mnt", Shared: c.want.ReadOnly}}
			if d := cmp.Diff(c.want, got); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
			if name := hardened.Vertex(hardened.Target().Vertex).Name(); name != "RUN make" {
				t.Errorf("name %q", name)
			}
			// Another build that has the step as an input makes the same vertex of it.
			in, external := asInput(t, recorded)
			plain, err := Unrecord(in, tools, external)
			if err != nil {
				t.Fatal(err)
			}
			again, _, same, err := Record(Harden(plain, HardenOpt{Arch: "amd64", External: external}), tools)
			if err != nil {
				t.Fatal(err)
			}
			if again.Target() != recorded.Target() {
				t.Errorf("another build makes %v of it, want %v", again.Target(), recorded.Target())
			}
			if d := cmp.Diff(records, same); d != "" {
				t.Errorf("records (-want +got):\n%s", d)
			}
		})
	}
}
