package frontend

import (
	"context"
	"fmt"
	"strings"

	"github.com/distribution/reference"
	"github.com/moby/buildkit/client/llb"
	"github.com/moby/buildkit/frontend/gateway/client"
	"github.com/moby/buildkit/solver/pb"
	digest "github.com/opencontainers/go-digest"
)

// digestOf is the digest that a build is held to.
func (i baseImage) digestOf() (digest.Digest, bool) {
	named, err := reference.ParseNormalizedNamed(i.ref)
	if err != nil {
		return "", false
	}
	digested, ok := named.(reference.Digested)
	if !ok {
		return "", false
	}
	return digested.Digest(), true
}

// isLayout reports whether an image comes from an OCI layout and not from a registry.
func (i baseImage) isLayout() bool {
	if i.from == nil {
		return false
	}
	scheme, _ := i.from.Scheme()
	return scheme == "oci-layout"
}

// blob is content beside an image, by its digest: in its repository, or in the OCI layout
// that it comes from.
func (i baseImage) blob(d digest.Digest, opts ...llb.ImageBlobOption) (llb.State, error) {
	named, err := reference.ParseNormalizedNamed(i.ref)
	if err != nil {
		return llb.State{}, err
	}
	ref := reference.TrimNamed(named).String() + "@" + d.String()
	opts = append([]llb.ImageBlobOption{llb.Filename(blobFile), llb.WithCustomName("[internal] sworn: read " + ref)}, opts...)
	if !i.isLayout() {
		return llb.ImageBlob(ref, opts...), nil
	}
	attrs := i.from.Op.GetSource().GetAttrs()
	return llb.OCILayoutBlob(ref, append(opts, llb.ImageBlobOCIStore(attrs[pb.AttrOCILayoutSessionID], attrs[pb.AttrOCILayoutStoreID]))...), nil
}

// blobFile is the name of a blob in the file system that it is read from.
const blobFile = "blob"

// readBlob reads a blob up to a limit and a byte more. The builder keeps it as it keeps
// layers.
func (r *request) readBlob(ctx context.Context, i baseImage, d digest.Digest, limit int, opts ...llb.ImageBlobOption) ([]byte, error) {
	if err := d.Validate(); err != nil {
		return nil, fmt.Errorf("read %.100q: %w", d, err)
	}
	st, err := i.blob(d, opts...)
	if err != nil {
		return nil, err
	}
	def, err := st.Marshal(ctx)
	if err != nil {
		return nil, err
	}
	res, err := r.c.Solve(ctx, client.SolveRequest{Definition: def.ToPB(), Evaluate: true})
	if err != nil {
		return nil, err
	}
	file, err := res.SingleRef()
	if err != nil {
		return nil, err
	}
	var out []byte
	for {
		n := min(maxRead, limit+1-len(out))
		b, err := file.ReadFile(ctx, client.ReadRequest{Filename: blobFile, Range: &client.FileRange{Offset: len(out), Length: n}})
		if err != nil {
			return nil, err
		}
		if out = append(out, b...); len(b) < n || len(out) > limit {
			return out, nil
		}
	}
}

// maxRead bounds what is read at once, in bytes: a message has at most 16 MiB.
const maxRead = 8 << 20

// quietly hides the reading of a blob from the progress: that it is not there is no error
// of the build. Clients do not show a weak group that is all weak.
func quietly(d digest.Digest) llb.ImageBlobOption {
	return llb.ProgressGroup("sworn-look-"+strings.ReplaceAll(d.String(), ":", "-"), "[internal] sworn: look for documents of base images", true)
}
