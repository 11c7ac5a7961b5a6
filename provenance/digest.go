package provenance

import (
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"strconv"

	"github.com/sworn-build/sworn/step"
)

// The digests of this file are defined in docs/statements.md, "Digests", so that
// they can be computed by other means. Each is the sha256 over records that end
// in a NUL byte, which no path can hold.

// ContentsDigest returns the digest of the contents over files, which are sorted
// by path: the DigestSet of [Contents].
func ContentsDigest(files []File) map[string]string {
	r := newRecords()
	for i := range files {
		e := files[i].entry()
		r.add("", &e)
	}
	return r.digestSet()
}

// DeltaDigest returns the digest of the delta over what a step added, changed and
// removed: the DigestSet of [Outputs]. It is meaningless when o.Omitted is set.
func DeltaDigest(o Outputs) map[string]string {
	r := newRecords()
	for _, list := range []struct {
		verb  string
		files []FileOutput
	}{{"added ", o.Added}, {"changed ", o.Changed}} {
		for i := range list.files {
			e := list.files[i].entry()
			r.add(list.verb, &e)
		}
	}
	for _, p := range o.Removed {
		r.write("removed", string(p))
	}
	return r.digestSet()
}

// TreeDigest returns the digest of the tree over a local source's entries: like
// ContentsDigest, but without owners, which the builder resets, so that it can be
// computed from a working copy. Files are sorted by path.
func TreeDigest(files []File) map[string]string {
	r := newRecords()
	for i := range files {
		e := files[i].entry()
		e.uid, e.gid = 0, 0
		r.add("", &e)
	}
	return r.digestSet()
}

// entry is what a digest covers of a file; [File] and [FileOutput] share it.
type entry struct {
	path       step.Path
	kind, mode string
	uid, gid   uint32
	size       int64
	digest     *SHA256
	target     step.Path
	device     string
	capability string
}

func (f *File) entry() entry {
	return entry{f.Path, f.Type, f.Mode, f.UID, f.GID, f.Size, f.Digest, f.Target, f.Device, f.Capability}
}

func (f *FileOutput) entry() entry {
	return entry{f.Path, f.Type, f.Mode, f.UID, f.GID, f.Size, f.Digest, f.Target, f.Device, f.Capability}
}

// records hashes records. It collects them: a hash takes one large write in less time
// than many small ones.
type records struct {
	hash hash.Hash
	buf  []byte
}

// maxCollected is from how many bytes on they are hashed: some that fit into a
// processor's cache.
const maxCollected = 16 << 10

func newRecords() *records { return &records{hash: sha256.New()} }

// add hashes the record of an entry: its fields with spaces between them, its path, its
// target.
func (r *records) add(verb string, e *entry) {
	b := append(r.buf, verb...)
	for _, s := range [...]string{e.kind, e.mode} {
		b = append(append(b, s...), ' ')
	}
	for _, n := range [...]int64{int64(e.uid), int64(e.gid), e.size} {
		b = append(strconv.AppendInt(b, n, 10), ' ')
	}
	b = append(append(b, dash(e.digest.String())...), ' ')
	b = append(append(b, dash(e.device)...), ' ')
	r.buf = append(b, dash(e.capability)...)
	r.write("", string(e.path), string(e.target))
}

// write ends each of some strings with a NUL byte.
func (r *records) write(parts ...string) {
	for _, s := range parts {
		r.buf = append(append(r.buf, s...), 0)
	}
	if len(r.buf) >= maxCollected {
		r.flush()
	}
}

func (r *records) flush() {
	r.hash.Write(r.buf) // never fails
	r.buf = r.buf[:0]
}

func (r *records) digestSet() map[string]string {
	r.flush()
	return map[string]string{"sha256": hex.EncodeToString(r.hash.Sum(nil))}
}

func dash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}
