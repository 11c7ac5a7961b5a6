package build

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/distribution/reference"
	"github.com/moby/buildkit/client"
	"github.com/moby/buildkit/exporter/containerimage/exptypes"
)

// Result is what came of a build.
type Result struct {
	// Loaded is what docker or podman said of the image.
	Loaded []string
	// Sign names what is to be signed, when that was asked for: HOST/NAME@DIGEST of what was pushed, once per
	// repository, oci:DIR and oci-archive:FILE.
	Sign []string

	response map[string]string
	outputs  []output
}

// Kept reports whether the result went anywhere but into the builder's cache.
func (r *Result) Kept() bool { return len(r.outputs) > 0 }

// ID is the image's id: the digest of what was pushed or written, of the configuration
// when it was only loaded. Empty when no image was made.
func (r *Result) ID() string {
	loaded := len(r.outputs) > 0
	for _, o := range r.outputs {
		loaded = loaded && o.kind == client.ExporterDocker
	}
	if id := r.response[exptypes.ExporterImageConfigDigestKey]; loaded && id != "" {
		return id
	}
	return r.response[exptypes.ExporterImageDigestKey]
}

// Metadata is what BuildKit said of the result, as JSON.
func (r *Result) Metadata() ([]byte, error) {
	out := map[string]any{}
	for k, v := range r.response {
		out[k] = v
		// What is more than text comes encoded.
		b, err := base64.StdEncoding.DecodeString(v)
		if err == nil && strings.HasPrefix(string(b), "{") && json.Valid(b) {
			out[k] = json.RawMessage(b)
		}
	}
	b, err := json.MarshalIndent(out, "", "  ")
	return append(b, '\n'), err
}

// toSign names what a signature is about.
func (r *Request) toSign(res *Result) ([]string, error) {
	var all []string
	seen := map[string]bool{}
	for _, o := range r.signable() {
		switch {
		case o.folder():
			all = append(all, "oci:"+o.dest)
		case o.kind == client.ExporterOCI:
			all = append(all, "oci-archive:"+o.dest)
		default:
			dgst := res.response[exptypes.ExporterImageDigestKey]
			if dgst == "" {
				return nil, fmt.Errorf("push: BuildKit does not say what it pushed")
			}
			for name := range strings.SplitSeq(o.attrs["name"], ",") {
				ref, err := reference.ParseNormalizedNamed(name)
				if err != nil {
					return nil, fmt.Errorf("push: %s: %w", name, err)
				}
				if image := ref.Name() + "@" + dgst; !seen[image] {
					seen[image] = true
					all = append(all, image)
				}
			}
		}
	}
	return all, nil
}
