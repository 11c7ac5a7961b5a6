package repository

import (
	"errors"
	"fmt"
	"net"
	"strings"

	"github.com/distribution/reference"
	"github.com/opencontainers/go-digest"
)

// Transports of a [Reference].
const (
	transportRegistry = ""
	transportLayout   = "oci"
	transportArchive  = "oci-archive"
)

// Reference names an image: "HOST/NAME:TAG", "HOST/NAME@sha256:HEX",
// "oci:DIR[:TAG]", "oci:DIR@sha256:HEX" or "oci-archive:FILE". Names without a
// host are of docker.io and those without a tag have the tag latest, as Docker
// reads them.
type Reference struct {
	text      string
	transport string
	// path of a layout, or host and repository of a registry's.
	path string
	// version is a tag or digest; empty for the only image of a layout.
	version string
	host    string
}

// Parse reads a reference.
func Parse(s string) (Reference, error) {
	r, err := parse(s)
	if err != nil {
		return Reference{}, fmt.Errorf("parse image %q: %w", s, err)
	}
	r.text = s
	return r, nil
}

func parse(s string) (Reference, error) {
	if path, ok := strings.CutPrefix(s, transportArchive+":"); ok {
		if path == "" {
			return Reference{}, errors.New("no file, want oci-archive:FILE")
		}
		return Reference{transport: transportArchive, path: path}, nil
	}
	if path, ok := strings.CutPrefix(s, transportLayout+":"); ok {
		r := Reference{transport: transportLayout, path: path}
		if i := strings.LastIndex(path, "@"); i > 0 && digest.Digest(path[i+1:]).Validate() == nil {
			r.path, r.version = path[:i], path[i+1:]
		} else if i := strings.LastIndex(path, ":"); i > 0 && !strings.Contains(path[i:], "/") {
			r.path, r.version = path[:i], path[i+1:]
		}
		if r.path == "" {
			return Reference{}, errors.New("no folder, want oci:DIR[:TAG]")
		}
		return r, nil
	}
	named, err := reference.ParseDockerRef(s)
	if err != nil {
		return Reference{}, err
	}
	r := Reference{host: reference.Domain(named), path: named.Name()}
	switch n := named.(type) {
	case reference.Digested:
		r.version = n.Digest().String()
	case reference.Tagged:
		r.version = n.Tag()
	}
	return r, nil
}

// String returns the reference as it was written.
func (r Reference) String() string { return r.text }

// Name is the name that signed statements give the image: the repository without
// a tag, or "_" for layouts, whose folder says nothing (in-toto's word for a name
// without meaning).
func (r Reference) Name() string {
	if r.transport == transportRegistry {
		return r.path
	}
	return "_"
}

// Host is the registry's, with its port; empty for layouts and archives.
func (r Reference) Host() string { return r.host }

// Pinned returns the reference with its tag replaced by the digest.
func (r Reference) Pinned(d digest.Digest) string {
	switch r.transport {
	case transportRegistry:
		return r.path + "@" + d.String()
	case transportLayout:
		return transportLayout + ":" + r.path + "@" + d.String()
	}
	return r.text
}

// loopback reports whether a registry is on this machine, where TLS protects
// nothing.
func (r Reference) loopback() bool {
	host := r.host
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	ip := net.ParseIP(strings.Trim(host, "[]"))
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
