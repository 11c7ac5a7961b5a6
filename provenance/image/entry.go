package image

import (
	"archive/tar"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/sworn-build/sworn/provenance"
	"github.com/sworn-build/sworn/step"
)

// capabilityRecord is the PAX record of a file's capabilities, a binary extended
// attribute.
const capabilityRecord = "SCHILY.xattr.security.capability"

// Prefixes of PAX records that change what a file is.
const (
	xattrRecord  = "SCHILY.xattr."
	sparseRecord = "GNU.sparse."
)

const (
	// maxPath and maxPathElement are PATH_MAX and NAME_MAX of Linux, in bytes:
	// nothing can unpack more.
	maxPath        = 4095
	maxPathElement = 255
)

// read makes a node of a tar entry, hashing its content.
func (t *tree) read(h *tar.Header, r io.Reader) (*node, error) {
	if err := checkRecords(h); err != nil {
		return nil, err
	}
	if h.Uid < 0 || h.Gid < 0 || int64(h.Uid) > 1<<32-1 || int64(h.Gid) > 1<<32-1 {
		return nil, fmt.Errorf("owner %d:%d is out of range", h.Uid, h.Gid)
	}
	if h.Typeflag == tar.TypeLink {
		return t.link(h)
	}
	n := &node{layer: t.layer}
	n.file.Mode = modeOf(h)
	n.file.UID, n.file.GID = uint32(h.Uid), uint32(h.Gid)
	if h.Typeflag == tar.TypeReg {
		n.file.Capability = capabilityOf(h)
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
		n.file.Digest = provenance.NewSHA256(hex.EncodeToString(sum.Sum(nil)))
	case tar.TypeDir:
		n.file.Type = provenance.TypeDir
		n.children = make(map[string]*node)
	case tar.TypeSymlink:
		// Linux has no mode on links: stat(2) always says 0777.
		n.file.Type, n.file.Mode = provenance.TypeSymlink, "0777"
		n.file.Target = step.Path(h.Linkname)
	case tar.TypeChar, tar.TypeBlock:
		if h.Typeflag == tar.TypeChar && h.Devmajor == 0 && h.Devminor == 0 {
			return nil, errors.New("device 0:0 is overlayfs's whiteout")
		}
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

// checkRecords refuses what makes a file something else when it is unpacked:
// overlayfs takes its own attributes for orders to hide or to move folders, and a
// sparse file of any size fits into a few bytes.
func checkRecords(h *tar.Header) error {
	for name := range h.PAXRecords {
		attribute, ok := strings.CutPrefix(name, xattrRecord)
		if ok && (strings.HasPrefix(attribute, "trusted.overlay.") || strings.HasPrefix(attribute, "user.overlay.")) {
			return fmt.Errorf("extended attribute %.200q is overlayfs's own", attribute)
		}
		if strings.HasPrefix(name, sparseRecord) {
			return errors.New("sparse files are not supported")
		}
	}
	return nil
}

func modeOf(h *tar.Header) string { return fmt.Sprintf("%04o", h.Mode&0o7777) }

func capabilityOf(h *tar.Header) string {
	return hex.EncodeToString([]byte(h.PAXRecords[capabilityRecord]))
}

// link makes a node like the one that a hard link points to. Unpacking gives owner,
// mode and capability of the link's entry to the file, so they must be the file's.
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
	f := target.file
	owner, mode, capability := fmt.Sprintf("%d:%d", h.Uid, h.Gid), modeOf(h), capabilityOf(h)
	differ := func(what string, link, file any) error {
		return fmt.Errorf("hard link whose %s is %v, that of %.500q is %v", what, link, h.Linkname, file)
	}
	switch has := fmt.Sprintf("%d:%d", f.UID, f.GID); {
	case owner != has:
		return nil, differ("owner", owner, has)
	case mode != f.Mode && f.Type != provenance.TypeSymlink:
		return nil, differ("mode", mode, f.Mode)
	case capability != f.Capability:
		return nil, differ("capability", strconv.Quote(capability), strconv.Quote(f.Capability))
	}
	return &node{file: f, layer: t.layer}, nil
}

// split returns the elements of a path, "." and empty ones dropped.
func split(name string) ([]string, error) {
	if len(name) > maxPath {
		return nil, fmt.Errorf("%d bytes, more than %d", len(name), maxPath)
	}
	if strings.IndexByte(name, 0) >= 0 {
		return nil, errors.New("NUL in the name")
	}
	parts := slices.DeleteFunc(strings.Split(name, "/"), func(p string) bool { return p == "" || p == "." })
	for i, p := range parts {
		switch {
		case p == "..":
			return nil, errors.New("leaves the root")
		case len(p) > maxPathElement:
			return nil, fmt.Errorf("a name of %d bytes, more than %d", len(p), maxPathElement)
		case i < len(parts)-1 && strings.HasPrefix(p, whiteoutPrefix):
			return nil, fmt.Errorf("%q is no name of a folder", p)
		}
	}
	return parts, nil
}
