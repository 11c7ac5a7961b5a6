package provenance

import (
	"crypto/sha256"
	"encoding/hex"
	"strconv"

	"github.com/transparency-dev/merkle/compact"
	"github.com/transparency-dev/merkle/rfc6962"

	"github.com/sworn-build/sworn/step"
)

// Root returns the DigestSet of the Merkle tree hash (RFC 6962, section 2.1, with SHA-256)
// over [Contents.Leaf] of each file, in order. Indexes of files must be in range, as
// [Contents.CheckFields] wants them.
func (c *Contents) Root() map[string]string {
	factory := compact.RangeFactory{Hash: hashChildren}
	tree := factory.NewEmptyRange(0)
	origins := make([][]byte, len(c.Origins))
	var buf []byte
	for i := range c.Files {
		buf = append(buf[:0], rfc6962.RFC6962LeafHashPrefix)
		buf = c.appendLeaf(buf, &c.Files[i], origins)
		sum := sha256.Sum256(buf)
		_ = tree.Append(sum[:], nil) // only a range of another factory is an error
	}
	root, _ := tree.GetRootHash(nil) // only a range that does not begin at 0 is an error
	if len(c.Files) == 0 {
		root = rfc6962.DefaultHasher.EmptyRoot()
	}
	return map[string]string{"sha256": hex.EncodeToString(root)}
}

func hashChildren(left, right []byte) []byte {
	var b [1 + 2*sha256.Size]byte
	b[0] = rfc6962.RFC6962NodeHashPrefix
	copy(b[1:], left)
	copy(b[1+sha256.Size:], right)
	sum := sha256.Sum256(b[:])
	return sum[:]
}

// Leaf returns the leaf of a file in the Merkle tree: the file as a JSON object in
// canonical form (RFC 8785), with its package's purl and its origin in place of indexes
// (docs/statements.md, "Merkle root"). The index must be in range.
func (c *Contents) Leaf(i int) []byte {
	return c.appendLeaf(nil, &c.Files[i], make([][]byte, len(c.Origins)))
}

// appendLeaf writes a leaf, names of fields in the order of their bytes. origins keeps
// what was written of origins without a path.
func (c *Contents) appendLeaf(b []byte, f *File, origins [][]byte) []byte {
	b = append(b, '{')
	b = optional(b, `"capability":`, f.Capability, ",")
	b = optional(b, `"device":`, f.Device, ",")
	if f.Digest != nil {
		b = append(appendText(append(b, `"digest":{"sha256":`...), f.Digest.Hex), "},"...)
	}
	b = strconv.AppendUint(append(b, `"gid":`...), uint64(f.GID), 10)
	b = appendText(append(b, `,"mode":`...), f.Mode)
	b = append(b, `,"origin":`...)
	if f.OriginPath == "" {
		if origins[f.Origin] == nil {
			origins[f.Origin] = c.Origins[f.Origin].appendLeaf(nil, "")
		}
		b = append(b, origins[f.Origin]...)
	} else {
		b = c.Origins[f.Origin].appendLeaf(b, f.OriginPath)
	}
	if f.Package != nil {
		b = appendText(append(b, `,"package":`...), c.Packages[*f.Package])
	}
	b = appendText(append(b, `,"path":`...), pathText(f.Path))
	if f.Size != 0 {
		b = strconv.AppendInt(append(b, `,"size":`...), f.Size, 10)
	}
	b = appendText(append(b, `,"step":`...), f.Step)
	if f.Target != "" {
		b = appendText(append(b, `,"target":`...), pathText(f.Target))
	}
	b = appendText(append(b, `,"type":`...), f.Type)
	b = strconv.AppendUint(append(b, `,"uid":`...), uint64(f.UID), 10)
	return append(b, '}')
}

func (o *Origin) appendLeaf(b []byte, path step.Path) []byte {
	b = appendText(append(b, `{"class":`...), o.Class)
	b = appendText(append(b, `,"from":`...), o.From)
	if o.Of != "" {
		b = appendText(append(b, `,"of":`...), o.Of)
	}
	if path != "" {
		b = appendText(append(b, `,"path":`...), pathText(path))
	}
	if o.Reason != "" {
		b = appendText(append(b, `,"reason":`...), o.Reason)
	}
	return append(b, '}')
}

func optional(b []byte, name, value, end string) []byte {
	if value == "" {
		return b
	}
	return append(appendText(append(b, name...), value), end...)
}

// pathText is a path as it is written in statements.
func pathText(p step.Path) string {
	b, _ := p.MarshalText() // never fails
	return string(b)
}

// appendText writes a string as RFC 8785 has it (section 3.2.2.2).
func appendText(b []byte, s string) []byte {
	b = append(b, '"')
	for i := range len(s) {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			b = append(b, '\\', c)
		case c >= 0x20:
			b = append(b, c)
		case c == '\b':
			b = append(b, `\b`...)
		case c == '\t':
			b = append(b, `\t`...)
		case c == '\n':
			b = append(b, `\n`...)
		case c == '\f':
			b = append(b, `\f`...)
		case c == '\r':
			b = append(b, `\r`...)
		default:
			const digits = "0123456789abcdef"
			b = append(b, '\\', 'u', '0', '0', digits[c>>4], digits[c&15])
		}
	}
	return append(b, '"')
}
