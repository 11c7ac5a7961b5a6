// Package mtree writes what an image contains as an mtree(5) specification, which other
// tools check an unpacked image against: bsdtar, gomtree, mtree of the BSDs.
//
//	err := mtree.Write(os.Stdout, contents)
//
// It has of each entry what contents/v1 has and mtree has a keyword for. Package, step,
// origin and file capabilities are not in it: no keyword for a capability is known to
// more than one of the tools. An image with device nodes has the keyword device, which
// gomtree must be told not to look at (-k with the others).
package mtree

import (
	"bufio"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/sworn-build/sworn/provenance"
)

// Write writes the specification: a signature, the root folder, of which contents/v1 says
// nothing but that it is one, and then the files in their order, each with its whole path
// and its keywords on one line. Names and link targets are escaped as vis(3) does with
// VIS_OCTAL, VIS_GLOB and VIS_WHITE, so that any bytes can be in them.
//
// Errors: those of w, and a type or device that contents/v1 cannot have.
func Write(w io.Writer, c provenance.Contents) error {
	b := bufio.NewWriter(w)
	b.WriteString("#mtree\n. type=dir\n")
	for i := range c.Files {
		f := &c.Files[i]
		words, err := keywords(f)
		if err != nil {
			return fmt.Errorf("write mtree specification: %q: %w", string(f.Path), err)
		}
		b.WriteString("." + escape(string(f.Path)))
		for _, word := range words {
			b.WriteString(" " + word)
		}
		b.WriteByte('\n')
	}
	if err := b.Flush(); err != nil {
		return fmt.Errorf("write mtree specification: %w", err)
	}
	return nil
}

// keywords are those of a file. The last one is never a text: at the end of a line a
// backslash would join it with the next one.
func keywords(f *provenance.File) ([]string, error) {
	var out []string
	switch f.Type {
	case provenance.TypeFile:
		out = append(out, "type=file", "size="+strconv.FormatInt(f.Size, 10), "sha256digest="+f.Digest.String())
	case provenance.TypeSymlink:
		out = append(out, "type=link", "link="+escape(string(f.Target)))
	case provenance.TypeChar, provenance.TypeBlock:
		major, minor, ok := strings.Cut(f.Device, ":")
		if !ok {
			return nil, fmt.Errorf("a %s with device %q", f.Type, f.Device)
		}
		out = append(out, "type="+f.Type, "device=native,"+major+","+minor)
	case provenance.TypeDir, provenance.TypeFifo, provenance.TypeSocket:
		out = append(out, "type="+f.Type)
	default:
		return nil, fmt.Errorf("type %q", f.Type)
	}
	// gomtree compares the text of a mode, which it writes with one 0 at its head.
	mode := "0" + strings.TrimLeft(f.Mode, "0")
	return append(out, "mode="+mode, fmt.Sprintf("uid=%d", f.UID), fmt.Sprintf("gid=%d", f.GID)), nil
}

// escape writes bytes as vis(3) does.
func escape(s string) string {
	plain := func(c byte) bool { return c > ' ' && c < 0x7f && strings.IndexByte(`\*?[#`, c) < 0 }
	n := 0
	for n < len(s) && plain(s[n]) {
		n++
	}
	if n == len(s) {
		return s
	}
	var b strings.Builder
	for i := range len(s) {
		switch c := s[i]; {
		case plain(c):
			b.WriteByte(c)
		case c == '\\':
			b.WriteString(`\\`)
		default:
			fmt.Fprintf(&b, `\%03o`, c)
		}
	}
	return b.String()
}
