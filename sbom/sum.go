package sbom

import (
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/sworn-build/sworn/step"
)

// Sum is the digest of a file as its package came with it.
type Sum struct {
	Path      step.Path `json:"path"`      // one of the package's Files
	Algorithm string    `json:"algorithm"` // md5, sha1 or sha256
	Value     string    `json:"value"`     // lower-case hex
	// Conffile: a user may change it.
	Conffile bool `json:"conffile,omitempty"`
	// Optional: the system is configured to leave the file out.
	Optional bool `json:"optional,omitempty"`
}

// Algorithms of a [Sum].
const (
	md5Name    = "md5"
	sha1Name   = "sha1"
	sha256Name = "sha256"
)

// known reports whether a sum is one of the algorithms that are computed of files.
func (s Sum) known() bool {
	size := 0
	switch s.Algorithm {
	case md5Name:
		size = md5.Size
	case sha1Name:
		size = sha1.Size
	case sha256Name:
		size = sha256.Size
	}
	return size > 0 && len(s.Value) == hex.EncodedLen(size) && strings.Trim(s.Value, "0123456789abcdef") == ""
}

// FileMD5 is the MD5, in lower-case hex, of a file that a package knows by no other
// digest. Entries do not have it: it takes as long as the two that they have.
type FileMD5 struct {
	Path step.Path `json:"path"`
	MD5  string    `json:"md5"`
}

// MD5s returns the MD5 of the regular files of a tree that packages of its inventory know
// by that, sorted by path: of those that were written, and of those whose sum was not
// in the inventory before. Where both inventories are one, only what was written counts.
func MD5s(t *Tree, before, now *Inventory, c Comparison) ([]FileMD5, error) {
	wrote := map[step.Path]bool{}
	for e := range c.Wrote() {
		if e.Type == TypeFile {
			wrote[e.Path] = true
		}
	}
	known := map[FileMD5]bool{}
	if before != now {
		before.eachMD5(func(s FileMD5) { known[s] = true })
	}
	var paths []step.Path
	now.eachMD5(func(s FileMD5) {
		if wrote[s.Path] || before != now && !known[s] {
			paths = append(paths, s.Path)
		}
	})
	slices.Sort(paths)
	return md5Files(t, slices.Compact(paths), c.md5)
}

func (inv *Inventory) eachMD5(f func(FileMD5)) {
	for i := range inv.Packages {
		for _, s := range inv.Packages[i].Sums {
			if s.Algorithm == md5Name {
				f(FileMD5{s.Path, s.Value})
			}
		}
	}
}

// md5Files reads files whose MD5 is not known, several at a time. One that is no regular
// file has none.
func md5Files(t *Tree, paths []step.Path, known map[step.Path]string) ([]FileMD5, error) {
	sums := make([]string, len(paths))
	errs := make([]error, len(paths))
	severalAtOnce(len(paths), func() func(int) {
		buf := make([]byte, HashBuffer)
		return func(i int) {
			if sums[i] = known[paths[i]]; sums[i] == "" {
				sums[i], errs[i] = md5File(t, paths[i], buf)
			}
		}
	})
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	var out []FileMD5
	for i, sum := range sums {
		if sum != "" {
			out = append(out, FileMD5{paths[i], sum})
		}
	}
	return out, nil
}

func md5File(t *Tree, p step.Path, buf []byte) (string, error) {
	f, err := t.Open(string(p))
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := md5.New()
	if _, err := hashAll(f, buf, h); err != nil {
		return "", fmt.Errorf("hash %q: %w", string(p), err)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// Unlike returns, by purl, the files that are not as their packages came with them, sorted
// by path: those that have other bytes or another type, and those that are missing. The
// files are all of a file system, sorted by path; md5 are the MD5s of those that packages
// know by it. A file whose MD5 is missing there is not as it was.
func (inv Inventory) Unlike(files []Held, md5 map[step.Path]string) map[string][]step.Path {
	out := map[string][]step.Path{}
	for i := range inv.Packages {
		p := &inv.Packages[i]
		at := 0
		for _, s := range p.Sums { // sorted, as files are
			j, there := slices.BinarySearchFunc(files[at:], s.Path, func(h Held, p step.Path) int {
				return strings.Compare(string(h.Path), string(p))
			})
			at += j
			if !there && s.Optional || there && s.is(&files[at].Entry, md5[s.Path]) {
				continue
			}
			if had := out[p.PURL]; len(had) == 0 || had[len(had)-1] != s.Path {
				out[p.PURL] = append(had, s.Path)
			}
		}
	}
	return out
}

// is reports whether an entry is what a sum is of. apk's sum of a symlink is over its
// target.
func (s Sum) is(e *Entry, md5 string) bool {
	link := e.Type == TypeSymlink
	if !link && e.Type != TypeFile {
		return false
	}
	has := ""
	switch {
	case s.Algorithm == md5Name && !link:
		has = md5
	case s.Algorithm == sha1Name && link:
		sum := sha1.Sum([]byte(e.Target))
		has = hex.EncodeToString(sum[:])
	case s.Algorithm == sha1Name:
		has = e.SHA1
	case s.Algorithm == sha256Name && link:
		sum := sha256.Sum256([]byte(e.Target))
		has = hex.EncodeToString(sum[:])
	case s.Algorithm == sha256Name:
		has = e.SHA256
	}
	return has == s.Value
}
