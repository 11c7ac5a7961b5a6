package frontend

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"

	"github.com/moby/buildkit/client/llb/sourceresolver"
	"github.com/moby/buildkit/frontend/gateway/client"
	digest "github.com/opencontainers/go-digest"
)

// resolveCache asks for every image configuration once per build, so that all
// platforms and stages get the same answer.
type resolveCache struct {
	client.Client
	mu    sync.Mutex
	calls map[string]*resolveCall
}

type resolveCall struct {
	once   sync.Once
	ref    string
	dgst   digest.Digest
	config []byte
	err    error
}

// ResolveImageConfig implements client.Client.
func (c *resolveCache) ResolveImageConfig(ctx context.Context, ref string, opt sourceresolver.Opt) (string, digest.Digest, []byte, error) {
	key, err := json.Marshal(struct {
		Ref string
		Opt sourceresolver.Opt
	}{ref, opt})
	if err != nil {
		return "", "", nil, fmt.Errorf("resolve %s: %w", ref, err)
	}
	c.mu.Lock()
	if c.calls == nil {
		c.calls = map[string]*resolveCall{}
	}
	call := c.calls[string(key)]
	if call == nil {
		call = &resolveCall{}
		c.calls[string(key)] = call
	}
	c.mu.Unlock()
	call.once.Do(func() {
		call.ref, call.dgst, call.config, call.err = c.Client.ResolveImageConfig(ctx, ref, opt)
	})
	return call.ref, call.dgst, call.config, call.err
}
