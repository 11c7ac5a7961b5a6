package llb

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	bk "github.com/moby/buildkit/client/llb"
	"github.com/moby/buildkit/client/llb/sourceresolver"
	"github.com/moby/buildkit/frontend/dockerfile/dockerfile2llb"
	"github.com/moby/buildkit/frontend/dockerui"
	"github.com/moby/buildkit/solver/pb"
	digest "github.com/opencontainers/go-digest"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/sworn-build/sworn/step"
)

// fakeResolver stands in for a registry, of which there is none in unit tests: each
// reference has the digest of its own name and one of two configurations.
type fakeResolver struct{}

func (fakeResolver) ResolveImageConfig(_ context.Context, ref string, opt sourceresolver.Opt) (string, digest.Digest, []byte, error) {
	arch := "amd64"
	if p := opt.ImageOpt.Platform; p != nil {
		arch = p.Architecture
	}
	env := `,"Env":["PATH=/usr/local/bin:/usr/bin:/bin"]`
	if ref == "registry.test/bare:1" {
		env = ""
	}
	cfg := fmt.Sprintf(`{"architecture":%q,"os":"linux","config":{"WorkingDir":"/"%s},"rootfs":{"type":"layers","diff_ids":["sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"]}}`, arch, env)
	return ref, digest.FromString(ref), []byte(cfg), nil
}

// dockerfile is one case of the corpus in testdata.
type dockerfile struct {
	name   string
	target string
	arch   string // of the image; amd64 when empty
}

// dockerfiles is the corpus.
func dockerfiles() []dockerfile {
	return []dockerfile{
		{name: "multistage"},
		{name: "heredoc"},
		{name: "mounts"},
		{name: "link"},
		{name: "remote"},
		{name: "user"},
		{name: "scratch"},
		{name: "empty"},
		{name: "target", target: "release"},
		{name: "network"},
		{name: "cross", arch: "arm64"},
		{name: "nopath"},
		{name: "long"},
	}
}

// convert is what the frontend does with a Dockerfile before the first pass.
func convert(t testing.TB, c dockerfile) *pb.Definition {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", c.name, "Dockerfile"))
	if err != nil {
		t.Fatal(err)
	}
	if c.arch == "" {
		c.arch = "amd64"
	}
	caps := pb.Caps.CapSet(pb.Caps.All())
	target := ocispecs.Platform{OS: "linux", Architecture: c.arch}
	res, err := dockerfile2llb.Dockerfile2LLB(t.Context(), data, dockerfile2llb.ConvertOpt{
		Config: dockerui.Config{
			Target: c.target, BuildPlatforms: []ocispecs.Platform{{OS: "linux", Architecture: "amd64"}},
		},
		SourceMap:      bk.NewSourceMap(nil, "Dockerfile", "Dockerfile", data),
		TargetPlatform: &target,
		MetaResolver:   fakeResolver{},
		LLBCaps:        &caps,
	})
	if err != nil {
		t.Fatal(err)
	}
	def, err := res.State.Marshal(t.Context(), bk.LocalUniqueID("unique"))
	if err != nil {
		t.Fatal(err)
	}
	return def.ToPB()
}

func decode(t testing.TB, def *pb.Definition) *Graph {
	t.Helper()
	g, err := Decode(def)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// testTools is an image with the binaries, as BuildKit refers to the frontend's own.
func testTools(t testing.TB) Tools {
	t.Helper()
	ref := "registry.test/sworn:1@" + digest.FromString("sworn").String()
	def, err := bk.Image(ref, bk.LinuxAmd64).Marshal(t.Context(), bk.LinuxAmd64)
	if err != nil {
		t.Fatal(err)
	}
	return Tools{Def: decode(t, def.ToPB()), Runner: "/runner", Recorder: "/recorder", Evidence: "/evidence"}
}

// pinsFor answers for every mutable source as a resolver would.
func pinsFor(g *Graph, skip map[digest.Digest]bool) map[digest.Digest]string {
	pins := map[digest.Digest]string{}
	for _, v := range g.Mutable(skip) {
		d := digest.FromString(v.Op.GetSource().Identifier)
		pins[v.Digest] = d.String()
		if scheme, _ := v.Scheme(); scheme == schemeGit {
			pins[v.Digest] = d.Encoded()[:40]
		}
	}
	return pins
}

// built is a graph after each pass of a build.
type built struct {
	decoded, pinned, hardened, recorded, described, bound *Graph

	pins    Mapping
	moved   Mapping
	records Recorded
	layout  Layout
	out     Edge // of assemble
	check   Edge // of bind
}

func passes(t testing.TB, g *Graph, tools Tools, external map[digest.Digest]bool) *built {
	t.Helper()
	b, err := runPasses(g, tools, external)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func runPasses(g *Graph, tools Tools, external map[digest.Digest]bool) (*built, error) {
	b := &built{decoded: g}
	var err error
	if b.pinned, b.pins, err = Pin(g, pinsFor(g, external)); err != nil {
		return nil, err
	}
	b.hardened = Harden(b.pinned, HardenOpt{Arch: "amd64", External: external, Profile: step.Profile{Harden: step.HardenBaseline}, Observe: true})
	if b.recorded, b.moved, b.records, err = Record(b.hardened, tools); err != nil {
		return nil, err
	}
	if b.described, b.layout, err = Describe(b.recorded, tools, b.records); err != nil {
		return nil, err
	}
	n, out, err := Assemble(b.described, tools, b.layout, []byte("{}\n"))
	if err != nil {
		return nil, err
	}
	if n, b.out, err = Carry(n, b.layout, out); err != nil {
		return nil, err
	}
	b.bound, b.check, err = Bind(n, tools, b.out, 1)
	return b, err
}
