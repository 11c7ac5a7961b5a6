package sbom

import (
	"fmt"
	"slices"
	"sort"

	"golang.org/x/sys/unix"

	"github.com/sworn-build/sworn/step"
)

// Types of an [Entry].
const (
	TypeFile    = "file"
	TypeDir     = "dir"
	TypeSymlink = "symlink"
	TypeChar    = "char"
	TypeBlock   = "block"
	TypeFifo    = "fifo"
	TypeSocket  = "socket"
)

// Entry is one name in a file system. It has no times: a file that was touched
// holds what it held.
type Entry struct {
	Path step.Path `json:"path"` // absolute, clean
	Type string    `json:"type"`
	// Mode holds permission, setuid, setgid and sticky bits, octal: "0755".
	Mode string `json:"mode"`
	UID  uint32 `json:"uid"`
	GID  uint32 `json:"gid"`
	// Size in bytes, SHA256 and SHA1 (lower-case hex) of TypeFile.
	Size   int64  `json:"size,omitempty"`
	SHA256 string `json:"sha256,omitempty"`
	SHA1   string `json:"sha1,omitempty"`
	// Target of TypeSymlink, as stored.
	Target step.Path `json:"target,omitempty"`
	// Device is "MAJOR:MINOR" of TypeChar and TypeBlock.
	Device string `json:"device,omitempty"`
	// Capability is the extended attribute security.capability, lower-case hex.
	Capability string `json:"capability,omitempty"`
	// Package is the purl of the owner, when one is known.
	Package string `json:"package,omitempty"`
	// Inode tells which inode a TypeFile was found in and when that last changed
	// ("NUMBER@SECONDS.NANOSECONDS" of its ctime). A file with the same Inode on the
	// same builder holds what it held: every change sets the ctime. Empty when the file
	// system keeps no nanoseconds. It is between describe and bind, in no statement.
	Inode string `json:"inode,omitempty"`
}

// newEntry fills in what lstat tells.
func newEntry(path step.Path, st *unix.Stat_t) (Entry, error) {
	e := Entry{
		Path: path,
		Mode: octal(st.Mode & 0o7777),
		UID:  st.Uid,
		GID:  st.Gid,
	}
	switch st.Mode & unix.S_IFMT {
	case unix.S_IFREG:
		e.Type, e.Size, e.Inode = TypeFile, st.Size, inode(st)
	case unix.S_IFDIR:
		e.Type = TypeDir
	case unix.S_IFLNK:
		e.Type = TypeSymlink
	case unix.S_IFCHR:
		e.Type, e.Device = TypeChar, device(st)
	case unix.S_IFBLK:
		e.Type, e.Device = TypeBlock, device(st)
	case unix.S_IFIFO:
		e.Type = TypeFifo
	case unix.S_IFSOCK:
		e.Type = TypeSocket
	default:
		return Entry{}, fmt.Errorf("read %q: unknown file type %#o", string(path), st.Mode&unix.S_IFMT)
	}
	return e, nil
}

// octal writes mode bits as "%04o" does.
func octal(mode uint32) string {
	return string([]byte{'0' + byte(mode>>9&7), '0' + byte(mode>>6&7), '0' + byte(mode>>3&7), '0' + byte(mode&7)})
}

func device(st *unix.Stat_t) string {
	return fmt.Sprintf("%d:%d", unix.Major(st.Rdev), unix.Minor(st.Rdev))
}

func inode(st *unix.Stat_t) string {
	if st.Ctim.Nsec == 0 {
		return ""
	}
	return fmt.Sprintf("%d@%d.%09d", st.Ino, st.Ctim.Sec, st.Ctim.Nsec)
}

// same reports whether two entries of one path are alike, whoever owns them and
// wherever they lie.
func same(a, b Entry) bool {
	a.Package, b.Package, a.Inode, b.Inode = "", "", "", ""
	return a == b
}

func sortEntries(es []Entry) {
	sort.Slice(es, func(i, j int) bool { return es[i].Path < es[j].Path })
}

func sortPaths(ps []step.Path) { slices.Sort(ps) }
