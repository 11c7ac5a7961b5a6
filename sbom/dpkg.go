package sbom

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"

	"github.com/sworn-build/sworn/step"
)

const (
	dpkgDir    = "/var/lib/dpkg"
	dpkgStatus = dpkgDir + "/status"
)

// loadDpkg reads dpkg's database: status, the one-file-a-package form status.d
// that images without dpkg have, the file lists and the diversions.
func loadDpkg(t *Tree, d Distro, left *budget) (loaded, error) {
	var out loaded
	diversions, err := loadDiversions(t, left)
	if err != nil {
		return out, err
	}
	excluded, err := loadExcluded(t, left)
	if err != nil {
		return out, err
	}
	b, err := left.read(t, dpkgStatus, maxDatabase)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return out, fmt.Errorf("read dpkg status: %w", err)
	default:
		ps, bad := ParseDpkgStatus(b)
		for i, p := range ps {
			list, err := readDpkgInfo(t, p, "list", left)
			if err != nil {
				return out, err
			}
			sums, err := readDpkgInfo(t, p, "md5sums", left)
			if err != nil {
				return out, err
			}
			p.Sums = append(p.Sums, ParseMD5Sums(sums)...)
			for i := range p.Sums {
				p.Sums[i].Optional = excluded.has(string(p.Sums[i].Path))
			}
			ps[i] = place(t, d, p, ParseDpkgList(list), diversions)
		}
		out.add(typeDeb, dpkgStatus, ps, bad)
	}
	return out, loadStatusD(t, d, left, &out)
}

// loadStatusD reads status.d, a stanza a file with its md5sums beside it.
func loadStatusD(t *Tree, d Distro, left *budget, into *loaded) error {
	dir := dpkgDir + "/status.d"
	names, err := t.ReadDir(dir)
	if err != nil || len(names) == 0 {
		return err
	}
	var out []Package
	var firstBad error
	for _, name := range names {
		if strings.HasSuffix(name, ".md5sums") {
			continue
		}
		b, err := left.read(t, path.Join(dir, name), maxList)
		if errors.Is(err, fs.ErrNotExist) {
			continue // a folder
		}
		if err != nil {
			return fmt.Errorf("read dpkg status: %w", err)
		}
		ps, err := ParseDpkgStatus(b)
		if err != nil {
			firstBad = cmp.Or(firstBad, fmt.Errorf("%q: %w", name, err))
		}
		b, err = left.read(t, path.Join(dir, name+".md5sums"), maxList)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("read dpkg md5sums: %w", err)
		}
		sums := ParseMD5Sums(b)
		var list []string
		for _, s := range sums {
			list = append(list, string(s.Path))
		}
		for _, p := range ps {
			p.Sums = append(p.Sums, sums...)
			out = append(out, place(t, d, p, list, nil))
		}
	}
	into.add(typeDeb, dir, out, firstBad)
	return nil
}

// place gives a dpkg package its purl, and its files and their sums the paths where they
// lie in the tree. A sum of a file that is not listed is of one that another package took
// over (the field Replaces), and is none any more.
func place(t *Tree, d Distro, p Package, list []string, diversions map[string]Diversion) Package {
	p.PURL = purl(typeDeb, "debian", d, p.Name, p.Version, p.Arch)
	lies := func(f string) step.Path {
		f = t.ResolveParent(f)
		if to, ok := diversions[f]; ok && to.Package != p.Name {
			f = to.To
		}
		return step.Path(f)
	}
	owns := make(map[step.Path]bool, len(list))
	for _, f := range list {
		at := lies(f)
		p.Files = append(p.Files, at)
		owns[at] = true
	}
	var sums []Sum
	for _, s := range p.Sums {
		if s.Path = lies(string(s.Path)); owns[s.Path] {
			sums = append(sums, s)
		}
	}
	p.Sums = sums
	return p
}

// readDpkgInfo reads info/NAME.KIND, or info/NAME:ARCH.KIND, which packages have
// that can be there for several architectures at once.
func readDpkgInfo(t *Tree, p Package, kind string, left *budget) ([]byte, error) {
	for _, name := range []string{p.Name + ":" + p.Arch, p.Name} {
		if strings.ContainsAny(name, "/\x00") {
			continue
		}
		b, err := left.read(t, dpkgDir+"/info/"+name+"."+kind, maxList)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("read dpkg %s: %w", kind, err)
		}
		return b, nil
	}
	return nil, nil
}

func loadDiversions(t *Tree, left *budget) (map[string]Diversion, error) {
	b, err := left.read(t, dpkgDir+"/diversions", maxList)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read dpkg diversions: %w", err)
	}
	ds, err := ParseDiversions(b)
	if err != nil {
		return nil, damaged(dpkgDir+"/diversions", err)
	}
	out := map[string]Diversion{}
	for _, d := range ds {
		d.From, d.To = t.ResolveParent(d.From), t.ResolveParent(d.To)
		out[d.From] = d
	}
	return out, nil
}
