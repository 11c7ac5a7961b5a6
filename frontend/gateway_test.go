package frontend

import (
	"context"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/moby/buildkit/client/llb"
	"github.com/moby/buildkit/client/llb/sourceresolver"
	"github.com/moby/buildkit/frontend/gateway/client"
	gwpb "github.com/moby/buildkit/frontend/gateway/pb"
	"github.com/moby/buildkit/solver/pb"
	"github.com/moby/buildkit/util/apicaps"
	digest "github.com/opencontainers/go-digest"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"
	fstypes "github.com/tonistiigi/fsutil/types"

	graph "github.com/sworn-build/sworn/llb"
	"github.com/sworn-build/sworn/step"
)

// fakeGateway stands in for a daemon, which unit tests do not have: it hands out the
// Dockerfile, resolves every image to the digest of its own name, runs nothing and
// keeps what was asked of it. End-to-end tests use the real one.
type fakeGateway struct {
	client.Client // nil: what is not faked panics

	dockerfile string
	opts       map[string]string
	session    string
	llbCaps    apicaps.CapSet
	inputs     map[string]llb.State
	image      *llb.State // the frontend's own; nil when the daemon does not tell

	// fail is asked before a definition is solved.
	fail  func(g *graph.Graph) error
	parts []string // names of documents beside the usual ones
	// unresolved sources, by identifier.
	unresolved []string

	mu     sync.Mutex
	asked  []string // sources whose metadata was asked for, by identifier
	solved []client.SolveRequest
	refs   []*fakeRef
	warned []client.WarnOpts
}

func newGateway(t testing.TB, dockerfile string, opts map[string]string) *fakeGateway {
	t.Helper()
	own := llb.Image("registry.test/sworn:1@"+digest.FromString("sworn").String(), llb.LinuxAmd64)
	o := map[string]string{optCmdline: "registry.test/sworn:1"} // as called by a syntax line
	for k, v := range opts {
		o[k] = v
	}
	return &fakeGateway{
		dockerfile: dockerfile, opts: o, session: "session-of-this-build",
		llbCaps: pb.Caps.CapSet(pb.Caps.All()), image: &own,
	}
}

func (f *fakeGateway) BuildOpts() client.BuildOpts {
	return client.BuildOpts{
		Opts: f.opts, SessionID: f.session,
		Workers: []client.WorkerInfo{{Platforms: []ocispecs.Platform{{OS: "linux", Architecture: "amd64"}}}},
		LLBCaps: f.llbCaps, Caps: gwpb.Caps.CapSet(gwpb.Caps.All()),
	}
}

func (f *fakeGateway) CurrentFrontend() (*llb.State, error) { return f.image, nil }

func (f *fakeGateway) Inputs(context.Context) (map[string]llb.State, error) { return f.inputs, nil }

func (f *fakeGateway) Warn(_ context.Context, _ digest.Digest, _ string, w client.WarnOpts) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.warned = append(f.warned, w)
	return nil
}

func (f *fakeGateway) ResolveImageConfig(_ context.Context, ref string, opt sourceresolver.Opt) (string, digest.Digest, []byte, error) {
	arch := "amd64"
	if p := opt.ImageOpt.Platform; p != nil {
		arch = p.Architecture
	}
	cfg := fmt.Sprintf(`{"architecture":%q,"os":"linux","config":{"Env":["PATH=/usr/bin:/bin"]},"rootfs":{"type":"layers","diff_ids":[%q]}}`, arch, digest.FromString(ref))
	return ref, digest.FromString(ref), []byte(cfg), nil
}

func (f *fakeGateway) ResolveSourceMetadata(_ context.Context, op *pb.SourceOp, _ sourceresolver.Opt) (*sourceresolver.MetaResponse, error) {
	f.mu.Lock()
	f.asked = append(f.asked, op.Identifier)
	f.mu.Unlock()
	if slices.Contains(f.unresolved, op.Identifier) {
		return nil, fmt.Errorf("resolve %s: no such host", op.Identifier)
	}
	res := &sourceresolver.MetaResponse{Op: op}
	d := digest.FromString(op.Identifier)
	if strings.HasPrefix(op.Identifier, "git://") {
		res.Git = &sourceresolver.ResolveGitResponse{Checksum: d.Encoded()[:40]}
	} else {
		res.HTTP = &sourceresolver.ResolveHTTPResponse{Digest: d}
	}
	return res, nil
}

func (f *fakeGateway) Solve(_ context.Context, req client.SolveRequest) (*client.Result, error) {
	g, err := graph.Decode(req.Definition)
	if err != nil {
		return nil, err
	}
	if f.fail != nil {
		if err := f.fail(g); err != nil {
			return nil, err
		}
	}
	ref := &fakeRef{f: f, g: g}
	f.mu.Lock()
	f.solved = append(f.solved, req)
	f.refs = append(f.refs, ref)
	f.mu.Unlock()
	res := client.NewResult()
	if !g.Target().IsScratch() {
		res.SetRef(ref)
	}
	return res, nil
}

// plans are the plans in the definitions that were solved, by platform.
func (f *fakeGateway) plans(t testing.TB) map[string][]byte {
	t.Helper()
	out := map[string][]byte{}
	for _, ref := range f.refs {
		for v := range ref.g.Vertices() {
			for _, a := range v.Op.GetFile().GetActions() {
				mk := a.GetMkfile()
				if mk == nil || mk.Path != "/"+step.PlanFile || v.Original == "" {
					continue
				}
				data, err := step.UnpackPlan(mk.Data)
				if err != nil {
					t.Fatal(err)
				}
				p, err := step.DecodePlan(data)
				if err != nil {
					t.Fatal(err)
				}
				out[p.Platform] = data
			}
		}
	}
	return out
}

// fakeRef is a result that has no files but the Dockerfile.
type fakeRef struct {
	client.Reference
	f *fakeGateway
	g *graph.Graph
}

func (r *fakeRef) ReadFile(_ context.Context, req client.ReadRequest) ([]byte, error) {
	v := r.g.Vertex(r.g.Target().Vertex)
	if _, name := v.Scheme(); name == "dockerfile" && req.Filename == "Dockerfile" {
		return []byte(r.f.dockerfile), nil
	}
	return nil, fmt.Errorf("read %s: %w", req.Filename, os.ErrNotExist)
}

func (r *fakeRef) ReadDir(_ context.Context, req client.ReadDirRequest) ([]*fstypes.Stat, error) {
	var out []*fstypes.Stat
	for _, name := range r.f.parts {
		if ok, err := path.Match(req.IncludePattern, name); ok && err == nil && req.Path == "/" {
			out = append(out, &fstypes.Stat{Path: name})
		}
	}
	return out, nil
}

func (r *fakeRef) StatFile(_ context.Context, req client.StatRequest) (*fstypes.Stat, error) {
	v := r.g.Vertex(r.g.Target().Vertex)
	if _, name := v.Scheme(); name == "dockerfile" && req.Path == "Dockerfile" {
		return &fstypes.Stat{Path: req.Path, Size: int64(len(r.f.dockerfile))}, nil
	}
	return nil, fmt.Errorf("stat %s: %w", req.Path, os.ErrNotExist)
}

// readDockerfile returns one of the corpus beside package llb.
func readDockerfile(t testing.TB, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("..", "llb", "testdata", name, "Dockerfile"))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
