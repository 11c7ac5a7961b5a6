package build

import (
	"fmt"
	"os"
	"strings"

	"github.com/containerd/containerd/v2/core/content"
	"github.com/containerd/containerd/v2/plugins/content/local"
	"github.com/distribution/reference"
	"github.com/moby/buildkit/client/ociindex"
	"github.com/moby/buildkit/identity"
)

// addContexts sets the contexts that a Dockerfile knows by name.
func (r *Request) addContexts() error {
	const flag = "--build-context"
	named, err := pairs(flag, r.options.Input.Contexts)
	if err != nil {
		return err
	}
	for name, value := range named {
		ref, err := reference.ParseNormalizedNamed(name)
		if err != nil {
			return usage(flag, "name %q: %w", name, err)
		}
		name = strings.TrimSuffix(reference.FamiliarString(ref), ":latest")
		if err := r.addContext(name, value); err != nil {
			return usage(flag, "%s: %w", name, err)
		}
	}
	return nil
}

func (r *Request) addContext(name, value string) error {
	key := "context:" + name
	switch {
	case strings.HasPrefix(value, "docker-image://"), isRemote(value) && !isDir(value):
		r.attr(key, value)
		return nil
	case strings.HasPrefix(value, "oci-layout://"):
		return r.addLayout(key, strings.TrimPrefix(value, "oci-layout://"))
	case strings.HasPrefix(value, "target:"):
		return fmt.Errorf("%s: another build's target is for docker buildx bake", value)
	}
	if _, err := os.Stat(value); err != nil {
		return err
	}
	if !isDir(value) {
		return fmt.Errorf("%s is no folder", value)
	}
	// The name is in the statements, so it is the one that buildx gives.
	local := name
	if name == "context" || name == "dockerfile" {
		local = "_" + name
	}
	if err := r.mount(local, value); err != nil {
		return err
	}
	r.attr(key, "local:"+local)
	return nil
}

// addLayout offers an OCI layout: DIR[:TAG][@DIGEST].
func (r *Request) addLayout(key, value string) error {
	path, digest, pinned := strings.Cut(value, "@")
	tag := "latest"
	if !pinned {
		if i := strings.LastIndexByte(path, ':'); i >= 0 && !strings.Contains(path[i:], "/") {
			path, tag = path[:i], path[i+1:]
		}
		desc, err := ociindex.NewStoreIndex(path).Get(tag)
		if err != nil {
			return err
		}
		if desc == nil {
			return fmt.Errorf("%s has no image tagged %s", path, tag)
		}
		digest = desc.Digest.String()
	}
	if !isDir(path) {
		return fmt.Errorf("%s is no folder", path)
	}
	store, err := local.NewStore(path)
	if err != nil {
		return err
	}
	// A name of its own: BuildKit knows stores by it, not by the path.
	id := identity.NewID()
	if r.solve.OCIStores == nil {
		r.solve.OCIStores = map[string]content.Store{}
	}
	r.solve.OCIStores[id] = store
	r.attr(key, "oci-layout://"+id+"@"+digest)
	return nil
}
