package llb

import (
	"container/heap"
	"slices"

	digest "github.com/opencontainers/go-digest"
)

// ByLine returns the vertices that the target depends on, inputs before users and,
// as far as that leaves a choice, in the order of their Dockerfile lines: the order
// in which a reader of the Dockerfile expects them.
func (g *Graph) ByLine() []*Vertex {
	in := g.closure(g.target)
	lines := g.linesOrUsers(in)
	waits := map[digest.Digest]int{}
	users := map[digest.Digest][]*queued{}
	var ready queue
	for i, d := range g.order {
		if !in[d] {
			continue
		}
		v := g.vertices[d]
		q := &queued{v: v, line: lines[d], index: i}
		for _, e := range v.Inputs() {
			waits[d]++
			users[e.Vertex] = append(users[e.Vertex], q)
		}
		if waits[d] == 0 {
			ready = append(ready, q)
		}
	}
	heap.Init(&ready)
	out := make([]*Vertex, 0, len(in))
	for ready.Len() > 0 {
		q := heap.Pop(&ready).(*queued)
		out = append(out, q.v)
		for _, u := range users[q.v.Digest] {
			if waits[u.v.Digest]--; waits[u.v.Digest] == 0 {
				heap.Push(&ready, u)
			}
		}
	}
	return out
}

// linesOrUsers returns the first line of every vertex; one without lines gets that of
// the first vertex that uses it.
func (g *Graph) linesOrUsers(in map[digest.Digest]bool) map[digest.Digest]int {
	lines := make(map[digest.Digest]int, len(in))
	for _, d := range slices.Backward(g.order) {
		if !in[d] {
			continue
		}
		v := g.vertices[d]
		if l := g.Lines(v); len(l) > 0 {
			lines[d] = l[0].Start
		}
		for _, e := range v.Inputs() {
			if len(g.vertices[e.Vertex].Locations) > 0 {
				continue
			}
			if l, ok := lines[e.Vertex]; !ok || lines[d] < l {
				lines[e.Vertex] = lines[d]
			}
		}
	}
	return lines
}

// queued is a vertex whose inputs have all been returned.
type queued struct {
	v           *Vertex
	line, index int
}

// queue is a heap by line, then by the graph's own order.
type queue []*queued

func (q queue) Len() int      { return len(q) }
func (q queue) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q queue) Less(i, j int) bool {
	if q[i].line != q[j].line {
		return q[i].line < q[j].line
	}
	return q[i].index < q[j].index
}

// Push implements [heap.Interface].
func (q *queue) Push(x any) { *q = append(*q, x.(*queued)) }

// Pop implements [heap.Interface].
func (q *queue) Pop() any {
	last := (*q)[len(*q)-1]
	*q = (*q)[:len(*q)-1]
	return last
}
