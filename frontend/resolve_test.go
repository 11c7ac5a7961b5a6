package frontend

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/moby/buildkit/client/llb/sourceresolver"
	"github.com/moby/buildkit/frontend/gateway/client"
	digest "github.com/opencontainers/go-digest"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"
)

// movingTag is a registry (a fake: there is none here) in which a tag is another image
// every time.
type movingTag struct {
	client.Client
	calls atomic.Int64
	err   error
}

func (m *movingTag) ResolveImageConfig(_ context.Context, ref string, _ sourceresolver.Opt) (string, digest.Digest, []byte, error) {
	n := m.calls.Add(1)
	return ref, digest.FromString(string(rune(n))), nil, m.err
}

func TestAnImageIsResolvedOncePerBuildAndPlatform(t *testing.T) {
	m := &movingTag{}
	c := &resolveCache{Client: m}
	opt := func(arch string) sourceresolver.Opt {
		return sourceresolver.Opt{ImageOpt: &sourceresolver.ResolveImageOpt{Platform: &ocispecs.Platform{OS: "linux", Architecture: arch}}}
	}
	var wg sync.WaitGroup
	var got [20]digest.Digest
	for i := range got {
		wg.Go(func() {
			_, d, _, err := c.ResolveImageConfig(t.Context(), "a:1", opt("amd64"))
			if err != nil {
				t.Error(err)
			}
			got[i] = d
		})
	}
	wg.Wait()
	for _, d := range got {
		if d != got[0] {
			t.Errorf("one tag is %s and %s in one build", got[0], d)
		}
	}
	if _, d, _, _ := c.ResolveImageConfig(t.Context(), "a:1", opt("arm64")); d == got[0] {
		t.Error("another platform has the same answer")
	}
	if n := m.calls.Load(); n != 2 {
		t.Errorf("%d calls, want 2", n)
	}
	m.err = errors.New("manifest unknown")
	if _, _, _, err := c.ResolveImageConfig(t.Context(), "b:1", opt("amd64")); !errors.Is(err, m.err) {
		t.Errorf("error %v", err)
	}
}
