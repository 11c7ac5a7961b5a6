package sbom

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"

	"github.com/sworn-build/sworn/step"
)

const dpkgDir = "/var/lib/dpkg"

// loadDpkg reads dpkg's database: status, the one-file-a-package form status.d
// that images without dpkg have, the file lists and the diversions.
func loadDpkg(t *Tree, d Distro, left *budget) ([]Package, error) {
	var out []Package
	diversions, err := loadDiversions(t, left)
	if err != nil {
		return nil, err
	}
	b, err := left.read(t, dpkgDir+"/status", maxDatabase)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("read dpkg status: %w", err)
	}
	ps, err := ParseDpkgStatus(b)
	if err != nil {
		return nil, err
	}
	for _, p := range ps {
		list, err := readDpkgList(t, p, left)
		if err != nil {
			return nil, err
		}
		out = append(out, place(t, d, p, list, diversions))
	}
	extra, err := loadStatusD(t, d, left)
	if err != nil {
		return nil, err
	}
	return append(out, extra...), nil
}

// loadStatusD reads status.d, a stanza a file with its md5sums beside it.
func loadStatusD(t *Tree, d Distro, left *budget) ([]Package, error) {
	dir := dpkgDir + "/status.d"
	names, err := t.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var out []Package
	for _, name := range names {
		if strings.HasSuffix(name, ".md5sums") {
			continue
		}
		b, err := left.read(t, path.Join(dir, name), maxList)
		if errors.Is(err, fs.ErrNotExist) {
			continue // a folder
		}
		if err != nil {
			return nil, fmt.Errorf("read dpkg status: %w", err)
		}
		ps, err := ParseDpkgStatus(b)
		if err != nil {
			return nil, err
		}
		sums, err := left.read(t, path.Join(dir, name+".md5sums"), maxList)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("read dpkg md5sums: %w", err)
		}
		for _, p := range ps {
			out = append(out, place(t, d, p, ParseMD5Sums(sums), nil))
		}
	}
	return out, nil
}

// place gives a dpkg package its purl and its files where they lie in the tree.
func place(t *Tree, d Distro, p Package, list []string, diversions map[string]Diversion) Package {
	p.PURL = purl("deb", "debian", d, p.Name, p.Version, p.Arch)
	for _, f := range list {
		f = t.ResolveParent(f)
		if to, ok := diversions[f]; ok && to.Package != p.Name {
			f = to.To
		}
		p.Files = append(p.Files, step.Path(f))
	}
	return p
}

// readDpkgList reads info/NAME.list, or info/NAME:ARCH.list, which packages have
// that can be there for several architectures at once.
func readDpkgList(t *Tree, p Package, left *budget) ([]string, error) {
	for _, name := range []string{p.Name + ":" + p.Arch, p.Name} {
		if strings.ContainsAny(name, "/\x00") {
			continue
		}
		b, err := left.read(t, dpkgDir+"/info/"+name+".list", maxList)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("read dpkg list: %w", err)
		}
		return ParseDpkgList(b), nil
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
		return nil, err
	}
	out := map[string]Diversion{}
	for _, d := range ds {
		d.From, d.To = t.ResolveParent(d.From), t.ResolveParent(d.To)
		out[d.From] = d
	}
	return out, nil
}
