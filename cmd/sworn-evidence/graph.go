package main

import (
	"fmt"
	"maps"
	"slices"

	"github.com/sworn-build/sworn/sbom"
	"github.com/sworn-build/sworn/step"
)

// graph is a plan whose ids have been checked, with its evidence.
type graph struct {
	plan     step.Plan
	sources  map[string]step.Source
	steps    map[string]step.Step
	evidence map[step.Place]evidence
	layers   map[string]*layer // of the states that were asked for
	// installed are the packages of each state.
	installed map[string]installed
}

// newGraph checks the plan and reads all evidence that it names; read is called by
// several goroutines.
func newGraph(plan step.Plan, read func(step.Place) ([]byte, error)) (*graph, error) {
	g := &graph{
		plan:      plan,
		sources:   map[string]step.Source{},
		steps:     map[string]step.Step{},
		evidence:  map[step.Place]evidence{},
		layers:    map[string]*layer{},
		installed: map[string]installed{},
	}
	if plan.Options == nil || plan.Platform == "" {
		return nil, fmt.Errorf("plan: no platform or no options")
	}
	found := find(plan, read)
	for _, s := range plan.Sources {
		if err := g.id(s.ID); err != nil {
			return nil, err
		}
		g.sources[s.ID] = s
		if err := g.fetch(s.ID, s.Evidence, found); err != nil {
			return nil, err
		}
		if s.Evidence != nil {
			e := g.evidence[*s.Evidence]
			g.installed[s.ID] = installed{}.after(e.state(), s.ID, nil)
		}
	}
	for _, s := range plan.Steps {
		if err := g.id(s.ID); err != nil {
			return nil, err
		}
		for _, state := range slices.Concat([]string{s.Parent}, s.Reads) {
			if !g.made(state) {
				return nil, fmt.Errorf("plan: %s starts from or reads %q, which is not made before it", s.ID, state)
			}
		}
		g.steps[s.ID] = s
		if err := g.fetch(s.ID, s.Evidence, found); err != nil {
			return nil, err
		}
		if err := g.matches(s); err != nil {
			return nil, err
		}
		g.installed[s.ID] = g.installed[s.Parent].after(g.delta(s.Evidence), s.ID, g.copiedWhole(s))
	}
	if !g.made(plan.Image) {
		return nil, fmt.Errorf("plan: the image is %q, which nothing makes", plan.Image)
	}
	return g, nil
}

func (g *graph) id(id string) error {
	if id == "" || g.made(id) {
		return fmt.Errorf("plan: bad or repeated id %q", id)
	}
	return nil
}

// made reports whether a state is scratch or made by a step or source so far.
func (g *graph) made(state string) bool {
	_, isSource := g.sources[state]
	_, isStep := g.steps[state]
	return state == "" || isSource || isStep
}

// fetch takes the evidence of a step or source. An item belongs to one of them.
func (g *graph) fetch(id string, p *step.Place, found map[step.Place]*found) error {
	if p == nil {
		return nil
	}
	if _, ok := g.evidence[*p]; ok {
		return fmt.Errorf("plan: %s has evidence %d/%d, which another has too", id, p.Segment, p.Item)
	}
	if err := found[*p].err; err != nil {
		return fmt.Errorf("evidence of %s: %w", id, err)
	}
	g.evidence[*p] = found[*p].evidence
	return nil
}

// matches verifies that a step's evidence is of the kind that the plan says and
// that its record is of the step's command.
func (g *graph) matches(s step.Step) error {
	observed := s.Kind == step.KindExec && s.Unobserved == ""
	if s.Kind == step.KindExec && s.Exec == nil {
		return fmt.Errorf("plan: %s is an exec without a command", s.ID)
	}
	d := g.delta(s.Evidence)
	switch {
	case s.Evidence != nil && d == nil:
		return fmt.Errorf("evidence of %s: not of a step", s.ID)
	case s.Evidence != nil && d.Base != g.empty(s.Parent):
		return fmt.Errorf("evidence of %s: starts from an empty file system: %t, plan says %t", s.ID, d.Base, g.empty(s.Parent))
	case observed && (d == nil || d.Record == nil):
		return fmt.Errorf("evidence of %s: no record of the step", s.ID)
	case observed && !slices.Equal(d.Record.Command, s.Exec.Args):
		return fmt.Errorf("evidence of %s: the record is of %q, plan says %q", s.ID, d.Record.Command, s.Exec.Args)
	case observed && !recordsNetwork(s.Exec.Profile, d.Record.Network):
		return fmt.Errorf("evidence of %s: the record does not say that the network was recorded as the plan wants it", s.ID)
	case !observed && d != nil && d.Record != nil:
		return fmt.Errorf("evidence of %s: a record of a step that was not observed", s.ID)
	}
	return nil
}

// recordsNetwork reports whether a record has what a profile asks for. Patterns are known
// to Sworn's recorder alone.
func recordsNetwork(p *step.Profile, n *step.Network) bool {
	switch {
	case p == nil || p.Network != step.NetworkRecord:
		return true
	case n == nil || n.Mode != step.NetworkRecord:
		return false
	}
	return n.Recorder == step.RecorderSworn || n.Recorder == step.RecorderBuildKit && len(p.Allow) == 0
}

func (g *graph) empty(state string) bool { return state == "" }

func (g *graph) delta(p *step.Place) *described {
	if p == nil {
		return nil
	}
	return g.evidence[*p].Delta
}

// fold applies the deltas from the image's base on and returns the image's
// entries, attributed, with its packages.
func (g *graph) fold(state string) ([]sbom.Held, sbom.Installed, error) {
	has := g.installed[state]
	type link struct {
		id string
		d  *described
	}
	var chain []link
	for state != "" {
		var place *step.Place
		parent := ""
		if s, ok := g.steps[state]; ok {
			place, parent = s.Evidence, s.Parent
		} else if s, ok := g.sources[state]; ok {
			place = s.Evidence
			if place != nil && g.evidence[*place].Tree != nil {
				chain = append(chain, link{state, g.evidence[*place].Tree.Base})
				break
			}
		}
		d := g.delta(place)
		if d == nil {
			return nil, sbom.Installed{}, fmt.Errorf("evidence of %s: none, but the image comes from it", state)
		}
		chain = append(chain, link{state, d})
		if _, ok := g.sources[state]; ok && !d.Base {
			return nil, sbom.Installed{}, fmt.Errorf("evidence of %s: not of a whole file system", state)
		}
		state = parent
	}
	var l sbom.Ledger
	md5 := sums{}
	for _, c := range slices.Backward(chain) {
		md5.apply(c.d, &l)
		if err := l.Apply(c.d.Delta, c.id); err != nil {
			return nil, sbom.Installed{}, err
		}
	}
	files := l.Held()
	inv := has.inv()
	inv.Owners().AttributeHeld(files)
	has.manifests.AttributeHeld(files)
	in := inv.Join(has.manifests)
	in.Lost, in.Broken = has.lost, has.broken
	in.Changed = in.Unlike(files, md5)
	return files, in, nil
}

// sums are the MD5s of files that packages know by it.
type sums map[step.Path]string

// apply adds those of a change of what a ledger holds. A file that has its bytes still has
// its MD5, for the package that knows it may be in no database any more.
func (m sums) apply(d *described, before *sbom.Ledger) {
	for _, p := range d.Removed {
		delete(m, p)
	}
	for i := range d.Added {
		delete(m, d.Added[i].Path)
	}
	for i := range d.Changed {
		e := &d.Changed[i]
		if m[e.Path] != "" && before.SHA256(e.Path) != e.SHA256 {
			delete(m, e.Path)
		}
	}
	for _, s := range d.MD5 {
		m[s.Path] = s.MD5
	}
}

// base returns the source that a state begins with and the paths in it, sorted; an
// empty id when it begins with nothing, or with a local source, which is described with
// its bytes alone and not mounted again.
func (g *graph) base(state string) (id string, paths []step.Path) {
	state = g.beginning(state)
	d := g.delta(g.sources[state].Evidence)
	if d == nil {
		return "", nil
	}
	paths = make([]step.Path, len(d.Added))
	for i := range d.Added {
		paths[i] = d.Added[i].Path
	}
	return state, paths
}

// owners returns the purls that entries point to, sorted.
func owners(files []sbom.Held) []string {
	seen := map[string]bool{}
	last := ""
	for i := range files {
		if p := files[i].Package; p != last && p != "" {
			seen[p], last = true, p
		}
	}
	return slices.Sorted(maps.Keys(seen))
}
