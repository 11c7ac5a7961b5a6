package frontend

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/containerd/platforms"
	"github.com/moby/buildkit/solver/pb"
	digest "github.com/opencontainers/go-digest"

	graph "github.com/sworn-build/sworn/llb"
	"github.com/sworn-build/sworn/step"
)

// planner writes down what is known of a build before it runs. g is the graph as the
// Dockerfile asked for it, pinned; moved leads to the graph that runs, whose evidence
// the layout places.
type planner struct {
	g          *graph.Graph
	external   map[digest.Digest]bool
	verified   map[string]*step.Verified // of images, by key
	base       digest.Digest             // of the image
	carried    *step.Carried             // by the base; nil: there is nothing to say
	directives map[int][]step.Directive  // by the first line of their RUN
	moved      graph.Mapping
	layout     graph.Layout

	ids     map[graph.Edge]string
	made    map[graph.Edge]int // index of the step that makes a state of the graph that runs
	sources []step.Source
	steps   []step.Step
}

func (b *platformBuild) plan(g *graph.Graph, moved graph.Mapping, layout graph.Layout, carried *step.Carried) (step.Plan, error) {
	p := &planner{
		g: g, external: b.external, verified: b.verified, base: g.BaseOf(g.Target()).Vertex, carried: carried, directives: b.steps.lines, moved: moved, layout: layout,
		ids: map[graph.Edge]string{}, made: map[graph.Edge]int{},
	}
	if err := p.walk(); err != nil {
		return step.Plan{}, err
	}
	plan := step.Plan{
		Platform:  platforms.FormatAll(b.platform),
		Options:   b.options.Map(),
		Sources:   p.sources,
		Steps:     p.steps,
		Image:     p.ids[g.Target()],
		ImageName: b.bc.Target,
		Rules:     b.options.evidenceRules(),
	}
	if plan.ImageName == "" {
		plan.ImageName = "image"
	}
	if e := b.dockerfile.Epoch; e != nil {
		s := e.Unix()
		plan.Epoch = &s
	}
	return plan, nil
}

// walk numbers states and sources. Vertices come inputs first, so whatever a step
// refers to has its id already.
func (p *planner) walk() error {
	outputs := map[digest.Digest][]graph.Edge{}
	for _, e := range p.g.States() {
		outputs[e.Vertex] = append(outputs[e.Vertex], e)
	}
	n := 0
	for _, v := range p.g.ByLine() {
		if v.Kind() == graph.KindSource {
			if err := p.source(v); err != nil {
				return err
			}
			continue
		}
		for _, e := range outputs[v.Digest] {
			if i, ok := p.made[p.moved.Edge(e)]; ok {
				p.same(i, v, e)
				continue
			}
			p.made[p.moved.Edge(e)] = n
			n++
			p.ids[e] = "step" + strconv.Itoa(n)
			p.step(v, e)
		}
	}
	return nil
}

// same adds a vertex to a step: directives told the two apart, but they run as one.
func (p *planner) same(i int, v *graph.Vertex, e graph.Edge) {
	s := &p.steps[i]
	p.ids[e] = s.ID
	s.Lines = append(s.Lines, p.g.Lines(v)...)
	slices.SortFunc(s.Lines, func(a, b step.Lines) int { return cmp.Or(a.Start-b.Start, a.End-b.End) })
	s.Lines = slices.Compact(s.Lines)
	s.Directives = p.directed(s.Lines)
}

// directed are the directives of a RUN, by its lines.
func (p *planner) directed(lines []step.Lines) []step.Directive {
	var out []step.Directive
	for _, l := range lines {
		out = append(out, p.directives[l.Start]...)
	}
	return out
}

func (p *planner) step(v *graph.Vertex, e graph.Edge) {
	s := step.Step{
		ID: p.ids[e], Kind: v.Kind(), Name: v.Name(), Lines: p.g.Lines(v),
		Parent:   p.ids[p.g.Parent(e)],
		Reads:    p.reads(v, e),
		External: p.external[v.Original],
		Evidence: p.place(e),
	}
	if s.Kind == "" {
		s.Kind = step.KindBuild
	}
	switch op := v.Op.Op.(type) {
	case *pb.Op_Exec:
		s.Exec = p.exec(v)
		if !s.External {
			s.Directives = p.directed(s.Lines)
		}
		switch {
		case s.External && v.Runner == nil && v.UserExec() != op.Exec:
			s.Unobserved = "the step came with an input of the frontend and ran under another runner than this build's"
		case s.External && v.Runner == nil:
			s.Unobserved = "the step came with an input of the frontend"
		case v.Runner == nil:
			s.Unobserved = v.Refused
		case v.Runner.NoRecord:
			s.Unobserved = "the step came with an input of the frontend and was built with statements=off"
		case !p.g.IsRoot(e):
			s.Unobserved = "what the step left in a mount; its record is with its file system"
		}
	case *pb.Op_File:
		s.Name = urlsWithoutCredentials(s.Name) // of ADD; a RUN's command is recorded as it is
		s.Actions, s.Copies = p.actions(v, op.File), p.copies(v, op.File)
	}
	p.steps = append(p.steps, s)
}

func (p *planner) place(e graph.Edge) *step.Place {
	if pl, ok := p.layout.Places[p.moved.Edge(e)]; ok {
		return &pl
	}
	return nil
}

// reads are the inputs of a step other than what it starts from.
func (p *planner) reads(v *graph.Vertex, e graph.Edge) []string {
	parent := p.g.Parent(e)
	var out []string
	for _, in := range v.Inputs() {
		if id := p.ids[in]; id != "" && in != parent {
			out = append(out, id)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func (p *planner) exec(v *graph.Vertex) *step.Exec {
	op := v.UserExec()
	m := op.GetMeta()
	x := &step.Exec{
		Profile: v.Profile,
		Args:    m.GetArgs(), Env: m.GetEnv(), User: m.GetUser(), Cwd: m.GetCwd(),
		Network:  map[pb.NetMode]string{pb.NetMode_UNSET: "sandbox", pb.NetMode_HOST: "host", pb.NetMode_NONE: "none"}[op.Network],
		Security: map[pb.SecurityMode]string{pb.SecurityMode_SANDBOX: "sandbox", pb.SecurityMode_INSECURE: "insecure"}[op.Security],
	}
	for _, mt := range op.Mounts {
		if mt.Dest != pb.RootMount {
			x.Mounts = append(x.Mounts, p.mount(v, mt))
		}
	}
	for _, s := range op.Secretenv {
		x.SecretEnv = append(x.SecretEnv, step.SecretEnv{ID: s.ID, Name: s.Name, Optional: s.Optional})
	}
	for _, h := range m.GetExtraHosts() {
		x.ExtraHosts = append(x.ExtraHosts, h.Host+"="+h.IP)
	}
	for _, d := range op.CdiDevices {
		x.Devices = append(x.Devices, d.Name)
	}
	return x
}

func (p *planner) mount(v *graph.Vertex, m *pb.Mount) step.Mount {
	out := step.Mount{Target: m.Dest, ReadOnly: m.Readonly, Path: m.Selector}
	if m.Input >= 0 && m.Input < int64(len(v.Op.Inputs)) {
		out.From = p.ids[v.Inputs()[m.Input]]
	}
	switch m.MountType {
	case pb.MountType_CACHE:
		out.Type, out.ID = step.MountCache, m.GetCacheOpt().GetID()
		out.Sharing = strings.ToLower(m.GetCacheOpt().GetSharing().String())
	case pb.MountType_TMPFS:
		out.Type = step.MountTmpfs
	case pb.MountType_SECRET:
		out.Type, out.ID, out.Optional = step.MountSecret, m.GetSecretOpt().GetID(), m.GetSecretOpt().GetOptional()
	case pb.MountType_SSH:
		out.Type, out.ID, out.Optional = step.MountSSH, m.GetSSHOpt().GetID(), m.GetSSHOpt().GetOptional()
	default:
		out.Type = step.MountBind
	}
	return out
}
