package frontend

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"github.com/containerd/platforms"
	"github.com/distribution/reference"
	"github.com/moby/buildkit/solver/pb"
	"github.com/moby/buildkit/util/purl"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"
	packageurl "github.com/package-url/packageurl-go"

	graph "github.com/sworn-build/sworn/llb"
	"github.com/sworn-build/sworn/step"
)

// source adds a material to the plan.
func (p *planner) source(v *graph.Vertex) error {
	scheme, rest := v.Scheme()
	s := step.Source{ID: "source" + strconv.Itoa(len(p.sources)+1), Evidence: p.place(graph.Edge{Vertex: v.Digest})}
	attrs := v.Op.GetSource().GetAttrs()
	var err error
	switch scheme {
	case "docker-image":
		s.Kind = step.SourceImage
		s.Platform = platformString(v.Op.Platform)
		s.Verified = p.verified[imageOf(v).key()]
		s.URI, err = imageURI(rest, v.Op.Platform)
	case "oci-layout":
		s.Kind, s.URI = step.SourceOCILayout, "oci-layout:"+rest
		s.Platform = platformString(v.Op.Platform)
	case "git":
		s.Kind, s.URI = step.SourceGit, gitURI(rest, attrs)
	case "http", "https":
		s.Kind, s.URI = step.SourceHTTP, withoutCredentials(scheme+"://"+rest)
	case "local":
		s.Kind, s.URI = step.SourceLocal, "local:"+rest
	default:
		s.Kind, s.URI = step.SourceOther, withoutCredentials(scheme+"://"+rest)
	}
	if v.Digest == p.base {
		s.Carried = p.carried
	}
	if err != nil {
		return fmt.Errorf("plan source %s: %w", rest, err)
	}
	if alg, hex, ok := v.Pinned(); ok {
		s.Digest, s.Pinned = map[string]string{alg: hex}, true
	}
	p.sources = append(p.sources, s)
	p.ids[graph.Edge{Vertex: v.Digest}] = s.ID
	return nil
}

// imageURI is the purl of an image by name and tag; its digest stands beside it.
func imageURI(ref string, pl *pb.Platform) (string, error) {
	named, err := reference.ParseNormalizedNamed(ref)
	if err != nil {
		return "", err
	}
	name := named // with a digest and no tag the purl has the digest: "latest" was not asked for
	if t, ok := named.(reference.Tagged); ok {
		if name, err = reference.WithTag(reference.TrimNamed(named), t.Tag()); err != nil {
			return "", err
		}
	}
	var spec *ocispecs.Platform
	if pl != nil {
		s := pl.Spec()
		spec = &s
	}
	return purl.RefToPURL(packageurl.TypeDocker, name.String(), spec)
}

func platformString(p *pb.Platform) string {
	if p == nil {
		return ""
	}
	return platforms.FormatAll(platforms.Normalize(p.Spec()))
}

// gitURI is git+URL#REF as BuildKit's provenance has it.
func gitURI(rest string, attrs map[string]string) string {
	remote, ref, _ := strings.Cut(rest, "#")
	if full := attrs[pb.AttrFullRemoteURL]; full != "" {
		remote = full
	} else {
		remote = "https://" + remote
	}
	uri := "git+" + withoutCredentials(remote)
	if ref != "" {
		uri += "#" + ref
	}
	return uri
}

// withoutCredentials removes the user part of a URL; what is no URL loses all before
// its last @.
func withoutCredentials(s string) string {
	u, err := url.Parse(s)
	if err != nil || u.Host == "" {
		if i := strings.LastIndex(s, "@"); i >= 0 {
			return s[i+1:]
		}
		return s
	}
	u.User = nil
	return u.String()
}

// urlsWithoutCredentials removes the user parts of all URLs among the words of a text
// and leaves everything else as it is.
func urlsWithoutCredentials(text string) string {
	words := strings.Split(text, " ")
	for i, w := range words {
		scheme, rest, ok := strings.Cut(w, "://")
		if !ok {
			continue
		}
		host, _, _ := strings.Cut(rest, "/")
		if at := strings.LastIndex(host, "@"); at >= 0 {
			words[i] = scheme + "://" + rest[at+1:]
		}
	}
	return strings.Join(words, " ")
}
