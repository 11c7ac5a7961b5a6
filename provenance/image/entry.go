package image

import (
	"archive/tar"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/sworn-build/sworn/provenance"
	"github.com/sworn-build/sworn/step"
)

// capabilityRecord is the PAX record of a file's capabilities, a binary extended
// attribute.
const capabilityRecord = "SCHILY.xattr.security.capability"

// read makes a node of a tar entry, hashing its content.
func (t *tree) read(h *tar.Header, r io.Reader) (*node, error) {
	if h.Typeflag == tar.TypeLink {
		return t.link(h)
	}
	if h.Uid < 0 || h.Gid < 0 || int64(h.Uid) > 1<<32-1 || int64(h.Gid) > 1<<32-1 {
		return nil, fmt.Errorf("owner %d:%d is out of range", h.Uid, h.Gid)
	}
	n := &node{layer: t.layer}
	n.file.Mode = fmt.Sprintf("%04o", h.Mode&0o7777)
	n.file.UID, n.file.GID = uint32(h.Uid), uint32(h.Gid)
	if h.Typeflag == tar.TypeReg {
		n.file.Capability = hex.EncodeToString([]byte(h.PAXRecords[capabilityRecord]))
	}
	switch h.Typeflag {
	case tar.TypeReg:
		n.file.Type = provenance.TypeFile
		sum := sha256.New()
		size, err := io.Copy(sum, r)
		if err != nil {
			return nil, err
		}
		n.file.Size = size
		n.file.Digest = map[string]string{"sha256": hex.EncodeToString(sum.Sum(nil))}
	case tar.TypeDir:
		n.file.Type = provenance.TypeDir
		n.children = make(map[string]*node)
	case tar.TypeSymlink:
		// Linux has no mode on links: stat(2) always says 0777.
		n.file.Type, n.file.Mode = provenance.TypeSymlink, "0777"
		n.file.Target = step.Path(h.Linkname)
	case tar.TypeChar, tar.TypeBlock:
		n.file.Type = provenance.TypeChar
		if h.Typeflag == tar.TypeBlock {
			n.file.Type = provenance.TypeBlock
		}
		n.file.Device = fmt.Sprintf("%d:%d", h.Devmajor, h.Devminor)
	case tar.TypeFifo:
		n.file.Type = provenance.TypeFifo
	default:
		return nil, fmt.Errorf("tar type %q is not supported", h.Typeflag)
	}
	return n, nil
}

// link makes a node like the one that a hard link points to.
func (t *tree) link(h *tar.Header) (*node, error) {
	parts, err := split(h.Linkname)
	if err != nil {
		return nil, fmt.Errorf("hard link to %.500q: %w", h.Linkname, err)
	}
	target, err := t.lookup(parts)
	if err != nil {
		return nil, fmt.Errorf("hard link to %.500q: %w", h.Linkname, err)
	}
	if target == nil || target.children != nil {
		return nil, fmt.Errorf("hard link to %.500q, which is no file", h.Linkname)
	}
	return &node{file: target.file, layer: t.layer}, nil
}

// split returns the elements of a path, "." and empty ones dropped.
func split(name string) ([]string, error) {
	if strings.IndexByte(name, 0) >= 0 {
		return nil, errors.New("NUL in the name")
	}
	parts := slices.DeleteFunc(strings.Split(name, "/"), func(p string) bool { return p == "" || p == "." })
	if slices.Contains(parts, "..") {
		return nil, errors.New("leaves the root")
	}
	if len(parts) > maxDepth {
		return nil, fmt.Errorf("more than %d folders deep", maxDepth)
	}
	return parts, nil
}
