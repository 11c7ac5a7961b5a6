package provenance

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"sort"

	"github.com/sworn-build/sworn/step"
)

// The digests of this file are defined in docs/statements.md, "Digests", so that
// they can be computed by other means. Each is the sha256 over records that end
// in a NUL byte, which no path can hold.

// ContentsDigest returns the digest of the contents over files, which are sorted
// by path: the DigestSet of [Contents].
func ContentsDigest(files []File) map[string]string {
	h := sha256.New()
	for _, f := range files {
		entry{f.Path, f.Type, f.Mode, f.UID, f.GID, f.Size, f.Digest, f.Target, f.Device, f.Capability}.write(h)
	}
	return digestSet(h)
}

// DeltaDigest returns the digest of the delta over what a step added, changed and
// removed: the DigestSet of [Outputs]. It is meaningless when o.Omitted is set.
func DeltaDigest(o Outputs) map[string]string {
	h := sha256.New()
	for _, list := range []struct {
		verb  string
		files []FileOutput
	}{{"added ", o.Added}, {"changed ", o.Changed}} {
		for _, f := range list.files {
			fmt.Fprint(h, list.verb)
			entry{f.Path, f.Type, f.Mode, f.UID, f.GID, f.Size, f.Digest, f.Target, f.Device, f.Capability}.write(h)
		}
	}
	for _, p := range o.Removed {
		fmt.Fprintf(h, "removed\x00%s\x00", string(p))
	}
	return digestSet(h)
}

// TreeDigest returns the digest of the tree over a local source's entries: like
// ContentsDigest, but without owners, which the builder resets, so that it can be
// computed from a working copy. Files are sorted by path.
func TreeDigest(files []File) map[string]string {
	h := sha256.New()
	for _, f := range files {
		entry{f.Path, f.Type, f.Mode, 0, 0, f.Size, f.Digest, f.Target, f.Device, f.Capability}.write(h)
	}
	return digestSet(h)
}

// entry is what a digest covers of a file; [File] and [FileOutput] share it.
type entry struct {
	path       step.Path
	kind, mode string
	uid, gid   uint32
	size       int64
	digest     map[string]string
	target     step.Path
	device     string
	capability string
}

func (e entry) write(h hash.Hash) {
	fmt.Fprintf(h, "%s %s %d %d %d %s %s %s\x00%s\x00%s\x00", e.kind, e.mode, e.uid, e.gid, e.size,
		dash(e.digest["sha256"]), dash(e.device), dash(e.capability), string(e.path), string(e.target))
}

func dash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

func digestSet(h hash.Hash) map[string]string {
	return map[string]string{"sha256": hex.EncodeToString(h.Sum(nil))}
}

// SortFiles sorts files by the bytes of their paths.
func SortFiles(files []File) {
	sort.Slice(files, func(i, j int) bool { return files[i].Path < files[j].Path })
}
