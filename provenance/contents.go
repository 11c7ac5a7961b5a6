package provenance

import (
	"fmt"
	"maps"
	"path"
	"strings"

	"github.com/sworn-build/sworn/step"
)

// Check verifies that the contents hold together: what [Contents.CheckFields] does, and
// the digest and the Merkle root those over the files. It says nothing about whether an
// image has these contents.
func (c *Contents) Check() error {
	if err := c.CheckFields(); err != nil {
		return err
	}
	if want := ContentsDigest(c.Files); !maps.Equal(c.Digest, want) {
		return fmt.Errorf("check contents: digest is %s, its files give %s", c.Digest["sha256"], want["sha256"])
	}
	if want := c.Root(); !maps.Equal(c.MerkleRoot, want) {
		return fmt.Errorf("check contents: Merkle root is %s, its files give %s", c.MerkleRoot["sha256"], want["sha256"])
	}
	return nil
}

// CheckFields verifies that files are sorted, unique, each in a folder that is there,
// fields as their type has them, indexes in range, packages and origins sorted and each
// class counted. The digest and the Merkle root, which take as long as all of this, are
// left to those who did not just make them.
func (c *Contents) CheckFields() error {
	if c.Platform == "" {
		return fmt.Errorf("check contents: no platform")
	}
	if c.Files == nil || c.Packages == nil {
		return fmt.Errorf("check contents: files or packages missing")
	}
	if err := sorted(c.Packages); err != nil {
		return fmt.Errorf("check contents: packages: %w", err)
	}
	folders := map[string]bool{"/": true}
	known := "" // the last folder that was found there: most files lie in it as well
	last := step.Path("")
	for i := range c.Files {
		f := &c.Files[i]
		if f.Path <= last {
			return fmt.Errorf("check contents: %q: not sorted or twice", string(f.Path))
		}
		last = f.Path
		if err := c.checkFile(f); err != nil {
			return fmt.Errorf("check contents: %q: %w", string(f.Path), err)
		}
		dir := path.Dir(string(f.Path))
		if dir != known && !folders[dir] {
			return fmt.Errorf("check contents: %q: its folder is not listed", string(f.Path))
		}
		known = dir
		if f.Type == TypeDir {
			folders[string(f.Path)] = true
		}
	}
	if err := c.checkOrigins(); err != nil {
		return fmt.Errorf("check contents: origins: %w", err)
	}
	for i, d := range c.Databases {
		if i > 0 && d.Path < c.Databases[i-1].Path {
			return fmt.Errorf("check contents: databases: not sorted")
		}
		if err := cleanPath(d.Path); err != nil {
			return fmt.Errorf("check contents: database %q: %w", string(d.Path), err)
		}
		if d.Type == "" || d.Step == "" || d.Removed != (d.Reason == "") {
			return fmt.Errorf("check contents: database %q: no type, no step, or not one of a reason and removed", string(d.Path))
		}
	}
	return nil
}

func (c *Contents) checkFile(f *File) error {
	e := f.entry()
	if err := e.check(); err != nil {
		return err
	}
	if f.Package != nil && (*f.Package < 0 || *f.Package >= len(c.Packages)) {
		return fmt.Errorf("package %d of %d", *f.Package, len(c.Packages))
	}
	if f.Step == "" {
		return fmt.Errorf("no step")
	}
	if f.OriginPath != "" {
		if err := cleanPath(f.OriginPath); err != nil {
			return fmt.Errorf("origin %q: %w", string(f.OriginPath), err)
		}
	}
	return nil
}

// check verifies that an entry has the fields of its type and no others.
func (e *entry) check() error {
	if err := cleanPath(e.path); err != nil {
		return err
	}
	if !isMode(e.mode) {
		return fmt.Errorf("mode %q", e.mode)
	}
	switch e.kind {
	case TypeFile, TypeDir, TypeSymlink, TypeChar, TypeBlock, TypeFifo, TypeSocket:
	default:
		return fmt.Errorf("type %q", e.kind)
	}
	if e.kind == TypeFile {
		if e.size < 0 {
			return fmt.Errorf("size %d", e.size)
		}
		if err := e.digest.check(); err != nil {
			return err
		}
	} else if e.size != 0 || e.digest != nil || e.capability != "" {
		return fmt.Errorf("a %s with size, digest or capability", e.kind)
	}
	if (e.kind == TypeSymlink) != (e.target != "") || strings.IndexByte(string(e.target), 0) >= 0 {
		return fmt.Errorf("a %s with target %q", e.kind, string(e.target))
	}
	if (e.kind == TypeChar || e.kind == TypeBlock) != (e.device != "") || !isDevice(e.device) {
		return fmt.Errorf("a %s with device %q", e.kind, e.device)
	}
	if len(e.capability)%2 != 0 || !isHex(e.capability) {
		return fmt.Errorf("capability %q", e.capability)
	}
	return nil
}

func cleanPath(p step.Path) error {
	s := string(p)
	if s == "/" || !strings.HasPrefix(s, "/") || path.Clean(s) != s || strings.IndexByte(s, 0) >= 0 {
		return fmt.Errorf("not an absolute clean path")
	}
	return nil
}

func isMode(s string) bool { return len(s) == 4 && within(s, '7') }

func isDevice(s string) bool {
	if s == "" {
		return true
	}
	major, minor, ok := strings.Cut(s, ":")
	return ok && major != "" && minor != "" && within(major, '9') && within(minor, '9')
}

// within reports whether a string holds nothing but digits up to one.
func within(s string, last byte) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > last {
			return false
		}
	}
	return true
}

func isHex(s string) bool {
	for i := range len(s) {
		if c := s[i]; (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}

func (d *SHA256) check() error {
	if len(d.String()) != 64 || !isHex(d.Hex) {
		return fmt.Errorf("digest %q, want one sha256 in lower-case hex", d.String())
	}
	return nil
}

// sorted verifies that strings are in order, each once, none empty.
func sorted[S ~string](list []S) error {
	last := S("")
	for _, s := range list {
		if s <= last {
			return fmt.Errorf("%q: not sorted, twice or empty", string(s))
		}
		last = s
	}
	return nil
}
