package image

import (
	"archive/tar"
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/sworn-build/sworn/provenance"
	"github.com/sworn-build/sworn/step"
)

// Whiteouts: https://github.com/opencontainers/image-spec/blob/v1.1.1/layer.md#whiteouts
const (
	whiteoutPrefix = ".wh."
	// whiteoutMeta starts names that AUFS keeps for itself, the opaque marker among
	// them.
	whiteoutMeta   = ".wh..wh."
	whiteoutOpaque = ".wh..wh..opq"
)

const (
	// maxEntries bounds the entries of an image's layers and the folders that they
	// imply, memory being some 400 bytes each. A contents/v1 has room for less than
	// half a million.
	maxEntries = 2 << 20
	// maxPaths bounds the paths of an image together, in bytes, for the same reason.
	maxPaths = 256 << 20
)

// Rootfs is the file system that an image's layers make.
type Rootfs struct {
	// Files are all entries but the root folder, sorted by path bytes; Package and
	// Step are not set.
	Files []provenance.File
	// Layers and Size, in bytes, as stored.
	Layers int
	Size   int64
}

// tree is a file system under construction.
type tree struct {
	root    *node
	layer   int // counts from 1
	entries int
}

type node struct {
	file provenance.File
	// layer wrote the node last. Whiteouts act on lower layers only.
	layer int
	// opaque is the last layer that has an opaque marker in the folder.
	opaque   int
	children map[string]*node
}

func newTree() *tree {
	return &tree{root: newDir(0)}
}

func newDir(layer int) *node {
	return &node{
		file:     provenance.File{Type: provenance.TypeDir, Mode: "0755"},
		layer:    layer,
		children: make(map[string]*node),
	}
}

// apply adds a layer.
func (t *tree) apply(tr *tar.Reader) error {
	t.layer++
	for {
		h, err := tr.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read tar: %w", err)
		}
		if err := t.count(); err != nil {
			return err
		}
		if err := t.add(h, tr); err != nil {
			return fmt.Errorf("entry %.500q: %w", h.Name, err)
		}
	}
}

// count counts an entry or an implied folder.
func (t *tree) count() error {
	if t.entries++; t.entries > maxEntries {
		return fmt.Errorf("more than %d entries", maxEntries)
	}
	return nil
}

func (t *tree) add(h *tar.Header, r io.Reader) error {
	if h.Typeflag == tar.TypeXGlobalHeader {
		return nil
	}
	parts, err := split(h.Name)
	if err != nil {
		return err
	}
	if len(parts) == 0 {
		if h.Typeflag != tar.TypeDir {
			return errors.New("the root is not a folder")
		}
		return nil
	}
	base := parts[len(parts)-1]
	if strings.HasPrefix(base, whiteoutPrefix) {
		return t.whiteout(parts[:len(parts)-1], base)
	}
	n, err := t.read(h, r)
	if err != nil {
		return err
	}
	parent, err := t.folder(parts[:len(parts)-1])
	if err != nil {
		return err
	}
	if old := parent.children[base]; old != nil && old.children != nil && n.children != nil {
		n.children, n.opaque = old.children, old.opaque
	}
	parent.children[base] = n
	return nil
}

// whiteout removes what lower layers have. A parent that is not there is nothing
// to remove from.
func (t *tree) whiteout(dir []string, base string) error {
	name := strings.TrimPrefix(base, whiteoutPrefix)
	if name == "" || name == "." || name == ".." {
		return errors.New("whiteout of no name")
	}
	parent, err := t.lookup(dir)
	if err != nil || parent == nil || parent.children == nil {
		return err
	}
	if base == whiteoutOpaque {
		if parent.opaque == t.layer {
			return nil // nothing of a lower layer is left
		}
		parent.opaque = t.layer
		for name, c := range parent.children {
			if t.prune(c) {
				delete(parent.children, name)
			}
		}
		return nil
	}
	if strings.HasPrefix(base, whiteoutMeta) {
		return nil
	}
	c := parent.children[name]
	if c == nil {
		return nil
	}
	// The spec keeps what the same layer has; unpackers that go entry by entry
	// remove it.
	if !t.prune(c) {
		return errors.New("whiteout of what the same layer has")
	}
	delete(parent.children, name)
	return nil
}

// prune removes what lower layers put at and below a node. It reports whether
// nothing is left of it.
func (t *tree) prune(n *node) bool {
	for name, c := range n.children {
		if t.prune(c) {
			delete(n.children, name)
		}
	}
	return n.layer < t.layer && len(n.children) == 0
}

// folder returns the folder at a path, with folders made where none is, as an
// unpacker makes them.
func (t *tree) folder(parts []string) (*node, error) {
	n := t.root
	for i, p := range parts {
		c := n.children[p]
		if c == nil {
			if err := t.count(); err != nil {
				return nil, err
			}
			c = newDir(t.layer)
			n.children[p] = c
		}
		if c.children == nil {
			return nil, fmt.Errorf("lies below %q, which is a %s", "/"+strings.Join(parts[:i+1], "/"), c.file.Type)
		}
		n = c
	}
	return n, nil
}

// lookup returns the node at a path, or nil.
func (t *tree) lookup(parts []string) (*node, error) {
	n := t.root
	for i, p := range parts {
		if n.file.Type == provenance.TypeSymlink {
			return nil, fmt.Errorf("lies below %q, which is a symlink", "/"+strings.Join(parts[:i], "/"))
		}
		if n = n.children[p]; n == nil {
			return nil, nil
		}
	}
	return n, nil
}

// files lists the tree.
func (t *tree) files() ([]provenance.File, error) {
	var out []provenance.File
	bytes := 0
	var walk func(prefix string, n *node) error
	walk = func(prefix string, n *node) error {
		for name, c := range n.children {
			f := c.file
			f.Path = step.Path(prefix + "/" + name)
			if bytes += len(f.Path); bytes > maxPaths {
				return fmt.Errorf("paths of more than %d bytes together", maxPaths)
			}
			out = append(out, f)
			if err := walk(string(f.Path), c); err != nil {
				return err
			}
		}
		return nil
	}
	if err := walk("", t.root); err != nil {
		return nil, err
	}
	slices.SortFunc(out, func(a, b provenance.File) int { return cmp.Compare(a.Path, b.Path) })
	return out, nil
}
