package frontend

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/moby/buildkit/client/llb/sourceresolver"
	"github.com/moby/buildkit/frontend/gateway/client"
	digest "github.com/opencontainers/go-digest"
)

// resolveCache asks for every image configuration once per build, so that all
// platforms and stages get the same answer.
type resolveCache struct {
	client.Client
	configs calls[resolved]
}

// resolved is the configuration of an image.
type resolved struct {
	ref    string
	dgst   digest.Digest
	config []byte
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
	r, err := c.configs.do(string(key), func() (r resolved, err error) {
		r.ref, r.dgst, r.config, err = c.Client.ResolveImageConfig(ctx, ref, opt)
		return r, err
	})
	return r.ref, r.dgst, r.config, err
}
