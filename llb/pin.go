package llb

import (
	"fmt"
	"maps"
	"strings"

	"github.com/moby/buildkit/solver/pb"
	digest "github.com/opencontainers/go-digest"
)

// Source schemes of pb.SourceOp identifiers.
const (
	schemeImage     = "docker-image"
	schemeOCILayout = "oci-layout"
	schemeGit       = "git"
	schemeHTTP      = "http"
	schemeHTTPS     = "https"
	schemeLocal     = "local"
)

// Scheme returns the scheme of a source's identifier and the rest of it; both
// empty for other vertices.
func (v *Vertex) Scheme() (scheme, rest string) {
	src := v.Op.GetSource()
	if src == nil {
		return "", ""
	}
	scheme, rest, _ = strings.Cut(src.Identifier, "://")
	return scheme, rest
}

// Pinned returns the digest that BuildKit will hold a source to, as algorithm and
// hex, and whether there is one. Local sources have none.
func (v *Vertex) Pinned() (algorithm, hex string, ok bool) {
	scheme, rest := v.Scheme()
	attrs := v.Op.GetSource().GetAttrs()
	switch scheme {
	case schemeImage, schemeOCILayout:
		if _, d, found := strings.Cut(rest, "@"); found {
			return splitDigest(d)
		}
		return splitDigest(attrs[pb.AttrImageChecksum])
	case schemeGit:
		c := attrs[pb.AttrGitChecksum]
		switch len(c) {
		case 40:
			return "gitCommit", c, true
		case 64:
			return "gitCommit", c, true
		}
	case schemeHTTP, schemeHTTPS:
		return splitDigest(attrs[pb.AttrHTTPChecksum])
	}
	return "", "", false
}

func splitDigest(s string) (algorithm, hex string, ok bool) {
	d := digest.Digest(s)
	if d.Validate() != nil {
		return "", "", false
	}
	return d.Algorithm().String(), d.Encoded(), true
}

// Mutable returns the sources that can give something else tomorrow: git and http
// sources without a checksum. Images are pinned when their configuration is read,
// local sources are digested when they have arrived. skip names vertices to leave
// out (those of frontend inputs).
func (g *Graph) Mutable(skip map[digest.Digest]bool) []*Vertex {
	var out []*Vertex
	for v := range g.Vertices() {
		scheme, _ := v.Scheme()
		switch scheme {
		case schemeGit, schemeHTTP, schemeHTTPS:
			if _, _, ok := v.Pinned(); !ok && !skip[v.Original] {
				out = append(out, v)
			}
		}
	}
	return out
}

// Unpinned returns the images that are held to no digest: BuildKit's own frontend leaves
// named contexts so.
func (g *Graph) Unpinned() []*Vertex {
	var out []*Vertex
	for v := range g.Vertices() {
		if scheme, _ := v.Scheme(); scheme == schemeImage {
			if _, _, ok := v.Pinned(); !ok {
				out = append(out, v)
			}
		}
	}
	return out
}

// Pin holds mutable sources to what they resolved to. pins leads from a vertex'
// digest to a commit (git, 40 or 64 hex digits) or a digest (image and http,
// "sha256:HEX").
func Pin(g *Graph, pins map[digest.Digest]string) (*Graph, Mapping, error) {
	return g.rewrite(func(c *change) (bool, error) {
		pin, ok := pins[c.v.Digest]
		if !ok {
			return false, nil
		}
		src := c.op.GetSource()
		scheme, _ := c.v.Scheme()
		if _, _, pinned := c.v.Pinned(); scheme == schemeImage && !pinned {
			src.Identifier += "@" + pin
			return true, nil
		}
		key := map[string]string{
			schemeGit: pb.AttrGitChecksum, schemeHTTP: pb.AttrHTTPChecksum, schemeHTTPS: pb.AttrHTTPChecksum,
		}[scheme]
		if key == "" {
			return false, fmt.Errorf("pin %s: not a git or http source, nor an image without a digest", c.v.Digest)
		}
		attrs := maps.Clone(src.Attrs)
		if attrs == nil {
			attrs = map[string]string{}
		}
		attrs[key] = pin
		src.Attrs = attrs
		addCaps(c.meta, map[string]string{
			pb.AttrGitChecksum: string(pb.CapSourceGitChecksum), pb.AttrHTTPChecksum: string(pb.CapSourceHTTPChecksum),
		}[key])
		return true, nil
	})
}

func addCaps(md *pb.OpMetadata, caps ...string) {
	if md.Caps == nil {
		md.Caps = map[string]bool{}
	}
	for _, c := range caps {
		md.Caps[c] = true
	}
}
