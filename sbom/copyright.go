package sbom

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/sworn-build/sworn/sbom/licence"
	"github.com/sworn-build/sworn/sbom/wording"
	"github.com/sworn-build/sworn/step"
)

// docDir is where Debian's packages have their copyright files (Debian policy, 12.5).
const docDir = "/usr/share/doc"

// maxCopyrights bounds the bytes of copyright files that are read of one state: twice what
// seven hundred packages have.
const maxCopyrights = 32 << 20

// TouchesCopyright reports whether a delta adds or changes a copyright file of Debian. What
// is known of a package's licence stays known when its copyright file is removed.
func (d Delta) TouchesCopyright() bool {
	for e := range d.Wrote() {
		if p := string(e.Path); strings.HasPrefix(p, docDir+"/") && path.Base(p) == "copyright" {
			return true
		}
	}
	return false
}

// ReadLicences sets Declared and Concluded of the packages of now, the inventory of after, and
// its Licences. Of packages that was, the inventory of before, has as well and whose
// copyright file d leaves alone, it leaves them empty: see [Inventory.Inherit]. What cannot
// be read is named in now.Unread.
func (now *Inventory) ReadLicences(r *licence.Reader, after *Tree, was Inventory, d Delta) error {
	now.Packages = slices.Clone(now.Packages)
	files, err := copyrights(after, was, now, d)
	if err != nil {
		return err
	}
	declared, concluded := make([]licence.Result, len(now.Packages)), make([]licence.Result, len(now.Packages))
	for i, p := range now.Packages {
		if p.Type != typeDeb {
			declared[i] = licence.Declare(p.Licence)
		}
	}
	todo := slices.Sorted(maps.Keys(files))
	severalAtOnce(len(todo), func() func(int) {
		return func(k int) {
			i := todo[k]
			declared[i], concluded[i] = r.Copyright(files[i])
		}
	})
	var refs []ExtractedLicence
	for i := range now.Packages {
		now.Packages[i].Declared, now.Packages[i].Concluded = declared[i].Expression, concluded[i].Expression
		refs = append(append(refs, declared[i].Refs...), concluded[i].Refs...)
	}
	now.Licences = licence.Tidy(refs)
	return nil
}

const typeDeb = "deb"

// copyrights reads the copyright files of Debian's packages that have to be read, by index.
func copyrights(after *Tree, was Inventory, now *Inventory, d Delta) (map[int][]byte, error) {
	had := map[string]bool{}
	for _, p := range was.Packages {
		had[p.PURL] = true
	}
	changed := map[step.Path]bool{}
	for e := range d.Wrote() {
		changed[e.Path] = true
	}
	out := map[int][]byte{}
	left, unread := int64(maxCopyrights), 0
	for i, p := range now.Packages {
		if p.Type != typeDeb || strings.ContainsAny(p.Name, "/\x00") || p.Name == ".." || p.Name == "." {
			continue
		}
		at := docDir + "/" + p.Name + "/copyright"
		real := after.Resolve(at)
		if had[p.PURL] && !changed[step.Path(real)] && !changed[step.Path(after.ResolveParent(at))] && !changed[step.Path(docDir+"/"+p.Name)] {
			continue
		}
		b, err := readHead(after, real, licence.MaxText)
		switch {
		case errors.Is(err, fs.ErrNotExist):
		case err != nil:
			return nil, fmt.Errorf("read copyright of %s: %w", p.Name, err)
		case int64(len(b)) > left || len(b) > licence.MaxText:
			unread++
		default:
			left -= int64(len(b))
			out[i] = b
		}
	}
	if unread > 0 {
		now.Unread = append(now.Unread, "copyright files that are too long, of "+wording.Count(unread, "package"))
		slices.Sort(now.Unread)
	}
	return out, nil
}

// readHead reads a regular file, of a longer one the first max+1 bytes.
func readHead(t *Tree, p string, max int64) ([]byte, error) {
	f, err := t.Open(p)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, max+1))
}

// Inherit returns an inventory whose packages have the licences that was, the inventory of
// the state before, knows of the same packages, where it knows none itself.
func (inv *Inventory) Inherit(was *Inventory) *Inventory {
	if was == nil {
		return inv
	}
	known := make(map[string]*Package, len(was.Packages))
	for i := range was.Packages {
		if p := &was.Packages[i]; p.Declared != "" || p.Concluded != "" {
			known[p.PURL] = p
		}
	}
	out := *inv
	out.Packages = slices.Clone(inv.Packages)
	for i := range out.Packages {
		p := &out.Packages[i]
		from := known[p.PURL]
		if from == nil || p.Declared != "" || p.Concluded != "" {
			continue
		}
		p.Declared, p.Concluded = from.Declared, from.Concluded
	}
	out.Licences = referred(out.Packages, licence.Tidy(slices.Concat(inv.Licences, was.Licences)))
	return &out
}
