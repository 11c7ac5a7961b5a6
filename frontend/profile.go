package frontend

import (
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/moby/buildkit/client/llb"
	"github.com/moby/buildkit/solver/errdefs"
	"github.com/moby/buildkit/solver/pb"

	"github.com/sworn-build/sworn/frontend/directive"
	graph "github.com/sworn-build/sworn/llb"
	"github.com/sworn-build/sworn/step"
)

// profiles are how the steps of a Dockerfile run.
type profiles struct {
	options step.Profile            // of steps without directives
	marked  map[string]step.Profile // of those with, by mark
	lines   map[int][]step.Directive
	// dockerfile has a mark in each RUN with directives. Its lines are those of the
	// Dockerfile.
	dockerfile []byte
}

// readProfiles reads the directives of a Dockerfile. Errors have their line.
func readProfiles(dockerfile []byte, o Options) (*profiles, error) {
	runs, err := directive.Parse(dockerfile)
	if err != nil {
		return nil, err
	}
	p := &profiles{options: o.profile(), dockerfile: dockerfile}
	if len(runs) == 0 {
		return p, nil
	}
	p.marked, p.lines = map[string]step.Profile{}, map[int][]step.Directive{}
	// No Dockerfile can have a mark of its own that is taken for one of these.
	nonce := rand.Text()
	lines := strings.SplitAfter(string(dockerfile), "\n")
	for i, run := range runs {
		all := run.All()
		profile, err := o.directed(run, all)
		if err == nil {
			err = o.accepted(all)
		}
		if err != nil {
			return nil, run.Error(err)
		}
		p.lines[run.Line] = run.Directives
		if all.Harden == "" && all.Network == "" && len(all.Allow) == 0 && !all.Root {
			continue // it runs as others do
		}
		mark := nonce + "-" + strconv.Itoa(i)
		at := run.Line - 1
		if lines[at], err = withFlag(lines[at], graph.MarkFlag(mark)); err != nil {
			return nil, run.Error(err)
		}
		p.marked[mark] = profile
	}
	p.dockerfile = []byte(strings.Join(lines, ""))
	return p, nil
}

// withFlag puts a flag behind the word RUN.
func withFlag(line, flag string) (string, error) {
	begin := len(line) - len(strings.TrimLeft(line, " \t"))
	end := begin + len("RUN")
	if len(line) < end || !strings.EqualFold(line[begin:end], "RUN") {
		return "", errors.New("the line below does not begin with RUN")
	}
	return line[:end] + " " + flag + line[end:], nil
}

// profile is how steps without directives run.
func (o Options) profile() step.Profile {
	p := step.Profile{Harden: o.Harden, Network: o.Network}
	if p.Network == "" {
		p.Network = step.NetworkDefault
		if p.Harden == step.HardenStrict {
			p.Network = step.NetworkNone
		}
	}
	if p.Network == step.NetworkRecord {
		p.Allow = o.allow()
	}
	return p
}

// directed is how a RUN with directives runs. What weakens the options without a reason,
// or has no effect, is an error.
func (o Options) directed(run directive.Run, d step.Directive) (step.Profile, error) {
	base := o.profile()
	p := base
	if d.Harden != "" {
		p.Harden = d.Harden
	}
	switch {
	case d.Network != "":
		p.Network = d.Network
	case o.Network == "" && p.Harden == step.HardenStrict:
		p.Network = step.NetworkNone
	}
	p.Allow, p.Root = nil, d.Root
	if p.Network == step.NetworkRecord {
		p.Allow = append(o.allow(), d.Allow...)
		slices.Sort(p.Allow)
		p.Allow = slices.Compact(p.Allow)
	}
	switch {
	case run.Network == step.NetworkNone && d.Network != "" && d.Network != step.NetworkNone:
		return p, fmt.Errorf("network=%s is wider than --network=none of the RUN itself", d.Network)
	case len(d.Allow) > 0 && p.Network == step.NetworkDefault:
		return p, errors.New("allow does nothing without network=record")
	case d.Reason != "":
		return p, nil
	case weaker(hardenOrder, p.Harden, base.Harden):
		return p, fmt.Errorf("harden=%s is less than the options say (%s): give a reason=\"...\"", p.Harden, base.Harden)
	case weaker(networkOrder, p.Network, base.Network):
		return p, fmt.Errorf("network=%s is more than the options say (%s): give a reason=\"...\"", p.Network, base.Network)
	case d.Root && p.Harden == step.HardenStrict:
		return p, errors.New("root=yes is more than harden=strict allows: give a reason=\"...\"")
	case len(d.Allow) > 0 && len(o.allow()) > 0:
		return p, errors.New("allow adds to what the options allow: give a reason=\"...\"")
	}
	return p, nil
}

// accepted checks what directives of a RUN accept.
func (o Options) accepted(d step.Directive) error {
	set := o.ruleSet()
	for _, id := range d.Accept {
		if set.Held(id) {
			return fmt.Errorf("accept=%s: the frontend image holds all builds to that rule", id)
		}
	}
	if len(d.Accept) > 0 && d.Reason == "" {
		return fmt.Errorf("accept=%s silences a rule: give a reason=\"...\"", strings.Join(d.Accept, ","))
	}
	return nil
}

// accepts reports whether a directive above the instruction in a line accepts what a rule
// finds.
func (p *profiles) accepts(line int, rule string) bool {
	return p != nil && slices.ContainsFunc(p.lines[line], func(d step.Directive) bool { return slices.Contains(d.Accept, rule) })
}

// Profiles and networks, the weakest first.
var (
	hardenOrder  = []string{step.HardenOff, step.HardenBaseline, step.HardenStrict}
	networkOrder = []string{step.NetworkDefault, step.NetworkRecord, step.NetworkNone}
)

func weaker(order []string, a, b string) bool {
	return slices.Index(order, a) < slices.Index(order, b)
}

// reserved begins the ids of secrets that no RUN may ask for.
const reserved = "sworn."

// checkSecrets refuses secrets and ssh sockets with reserved ids.
func (b *platformBuild) checkSecrets(g *graph.Graph) error {
	for v := range g.Vertices() {
		exec := v.Op.GetExec()
		if exec == nil || b.external[v.Original] {
			continue
		}
		var ids []string
		for _, m := range exec.Mounts {
			ids = append(ids, m.GetSecretOpt().GetID(), m.GetSSHOpt().GetID())
		}
		for _, s := range exec.Secretenv {
			ids = append(ids, s.ID)
		}
		for _, id := range ids {
			if strings.HasPrefix(id, reserved) {
				return atVertex(fmt.Errorf("the RUN asks for %q: ids of secrets and ssh sockets that begin with %q are reserved", id, reserved), v, b.src.SourceMap)
			}
		}
	}
	return nil
}

// checkProfiles refuses steps that cannot run as their profiles say. g has been
// hardened.
func (b *platformBuild) checkProfiles(g *graph.Graph) error {
	for v := range g.Vertices() {
		if v.Profile == nil {
			continue
		}
		if err := b.checkProfile(v, *v.Profile); err != nil {
			return atVertex(err, v, b.src.SourceMap)
		}
	}
	return nil
}

func (b *platformBuild) checkProfile(v *graph.Vertex, p step.Profile) error {
	strict, exec := p.Harden == step.HardenStrict, v.Op.GetExec()
	switch {
	case exec.Network == pb.NetMode_HOST && p.Network == step.NetworkNone:
		return errors.New("--network=host is more than network=none: a directive above the RUN can say `# sworn: network=default reason=\"...\"`")
	case strict && v.Refused != "":
		return fmt.Errorf("harden=strict: %s; a directive above the RUN can say `# sworn: harden=off reason=\"...\"`", v.Refused)
	case strict && !p.Root && isRoot(exec.GetMeta().GetUser()):
		return errors.New("harden=strict: the step runs as root; set a USER, or a directive above the RUN can say `# sworn: root=yes reason=\"...\"`")
	case p.Network == step.NetworkRecord && v.Refused != "":
		return fmt.Errorf("network=record: %s; a directive above the RUN can say `# sworn: network=default reason=\"...\"`", v.Refused)
	case p.Network == step.NetworkRecord && b.options.Statements == "off":
		return errors.New("network=record: with statements=off nothing is recorded")
	}
	return nil
}

// isRoot reports whether a USER is root for certain. The runner finds out about others.
func isRoot(user string) bool {
	name, _, _ := strings.Cut(user, ":")
	return name == "" || name == "root" || strings.Trim(name, "0") == ""
}

// atVertex adds the Dockerfile lines of a vertex to an error.
func atVertex(err error, v *graph.Vertex, sm *llb.SourceMap) error {
	var ranges []*pb.Range
	for _, loc := range v.Locations {
		ranges = append(ranges, loc.Ranges...)
	}
	if sm == nil || len(ranges) == 0 {
		return err
	}
	return errdefs.WithSource(fmt.Errorf("line %d: %w", ranges[0].GetStart().GetLine(), err), &errdefs.Source{Info: sourceInfo(sm), Ranges: ranges})
}
