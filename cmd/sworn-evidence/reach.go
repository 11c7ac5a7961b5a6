package main

import "github.com/sworn-build/sworn/step"

// reach says from which states and sources the bytes of a state can be: it is a set of
// numbers, one bit each.
type reach []uint64

func (r reach) has(n int) bool { return r[n/64]&(1<<(n%64)) != 0 }
func (r reach) add(n int)      { r[n/64] |= 1 << (n % 64) }
func (r reach) join(other reach) {
	for i := range other {
		r[i] |= other[i]
	}
}

// reaches are those of all states of a plan.
type reaches struct {
	number map[string]int   // of a step or source
	all    map[string]reach // of a step: itself and what it is made of
	size   int
}

func newReaches(p step.Plan) *reaches {
	r := &reaches{number: map[string]int{}, all: map[string]reach{}, size: (len(p.Sources)+len(p.Steps))/64 + 1}
	own := func(id string) reach {
		n := len(r.number)
		r.number[id] = n
		out := make(reach, r.size)
		out.add(n)
		r.all[id] = out
		return out
	}
	for _, s := range p.Sources {
		own(s.ID)
	}
	for _, s := range p.Steps {
		all := own(s.ID)
		all.join(r.all[s.Parent])
		for _, state := range s.Reads {
			all.join(r.all[state])
		}
	}
	return r
}

// of is the reach of several states.
func (r *reaches) of(states ...string) reach {
	out := make(reach, r.size)
	for _, s := range states {
		out.join(r.all[s])
	}
	return out
}
