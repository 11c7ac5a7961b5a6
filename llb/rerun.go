package llb

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/moby/buildkit/solver/pb"
	digest "github.com/opencontainers/go-digest"
)

// maxNamed bounds the steps that are named in the progress.
const maxNamed = 10

// Rerun returns a graph in which the execs that made some states run again, with all
// that is made of them, the mapping of its vertices, and these execs in the order of
// the graph. Sources keep their cache. The cache mounts of what runs again are emptied,
// as with --no-cache. The progress says what runs again, after why.
//
// attempt counts the evaluations of the build: evidence that was made without cache
// before becomes another op, or BuildKit would give its answer again.
func (g *Graph) Rerun(states []Edge, attempt int, why string) (*Graph, Mapping, []*Vertex, error) {
	again := g.usersOf(states)
	var execs []*Vertex
	for v := range g.Vertices() {
		if again[v.Digest] && v.Op.GetExec() != nil && v.Original != "" {
			execs = append(execs, v)
		}
	}
	group := &pb.ProgressGroup{Id: internalGroup + ".rerun" + strconv.Itoa(attempt), Name: "[internal] sworn: " + why + ": " + names(execs)}
	n, m, err := g.rewrite(func(c *change) (bool, error) {
		if !again[c.v.Digest] {
			return false, nil
		}
		if _, tool := c.v.Evidence(); tool && c.v.Meta.IgnoreCache {
			exec := c.op.GetExec()
			exec.Meta.Env = append(exec.Meta.Env, "ATTEMPT="+strconv.Itoa(attempt))
		}
		c.meta.IgnoreCache = true
		if c.v.Original == "" {
			c.meta.ProgressGroup = group
		}
		return true, nil
	})
	return n, m, execs, err
}

// DependsOn reports whether a state is made by one of the execs that made some states,
// or depends on one of them.
func (g *Graph) DependsOn(e Edge, states []Edge) bool { return g.usersOf(states)[e.Vertex] }

// usersOf returns the execs among the makers of some states and every vertex that
// depends on one of them.
func (g *Graph) usersOf(states []Edge) map[digest.Digest]bool {
	out := map[digest.Digest]bool{}
	for _, e := range states {
		if v := g.vertices[e.Vertex]; v != nil && v.Op.GetExec() != nil {
			out[e.Vertex] = true
		}
	}
	for v := range g.Vertices() {
		for _, in := range v.Inputs() {
			if out[in.Vertex] {
				out[v.Digest] = true
			}
		}
	}
	return out
}

// Steps returns the states that execs of the build have made.
func (g *Graph) Steps() []Edge {
	var out []Edge
	for v := range g.Vertices() {
		if v.Op.GetExec() != nil && v.Original != "" {
			out = append(out, Edge{Vertex: v.Digest})
		}
	}
	return out
}

func names(execs []*Vertex) string {
	var names []string
	for _, v := range execs {
		if len(names) == maxNamed {
			names = append(names, fmt.Sprintf("and %d more", len(execs)-maxNamed))
			break
		}
		names = append(names, v.Name())
	}
	return strings.Join(names, "; ")
}
