package llb

import "github.com/moby/buildkit/solver/pb"

// WithCache returns a graph in which no vertex ignores the cache. Within a build
// whose job has made all of it already, that asks for the same results again.
func (g *Graph) WithCache() *Graph {
	return g.withMeta(func(v *Vertex, m *pb.OpMetadata) bool {
		was := m.IgnoreCache
		m.IgnoreCache = false
		return was
	})
}

// Refresh returns a graph whose evidence is made anew from the states as they are.
func (g *Graph) Refresh() *Graph {
	return g.withMeta(func(v *Vertex, m *pb.OpMetadata) bool {
		_, tool := v.Evidence()
		if v.Original != "" || !tool && v.Op.GetMerge() == nil {
			return false
		}
		m.IgnoreCache = true
		m.ProgressGroup = &pb.ProgressGroup{
			Id: internalGroup + ".again", Name: "[internal] sworn: evidence again, the cache had that of another run",
		}
		return true
	})
}

// withMeta returns a graph with changed metadata. fn gets a copy and reports whether
// it changed it. Digests stay the same: metadata is not part of them.
func (g *Graph) withMeta(fn func(*Vertex, *pb.OpMetadata) bool) *Graph {
	n := g.clone()
	for d, old := range g.vertices {
		m := old.Meta.CloneVT()
		if !fn(old, m) {
			continue
		}
		v := *old
		v.Meta = m
		n.vertices[d] = &v
	}
	return n
}
