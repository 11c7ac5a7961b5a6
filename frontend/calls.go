package frontend

import "sync"

// calls makes each of some calls once, for all platforms and stages of a build. The zero
// value has made none.
type calls[V any] struct {
	mu   sync.Mutex
	made map[string]*call[V]
}

type call[V any] struct {
	once   sync.Once
	answer V
	err    error
}

// do returns the answer to a key: ask's, when nobody has asked for it before.
func (c *calls[V]) do(key string, ask func() (V, error)) (V, error) {
	c.mu.Lock()
	if c.made == nil {
		c.made = map[string]*call[V]{}
	}
	one := c.made[key]
	if one == nil {
		one = &call[V]{}
		c.made[key] = one
	}
	c.mu.Unlock()
	one.once.Do(func() { one.answer, one.err = ask() })
	return one.answer, one.err
}
