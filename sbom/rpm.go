package sbom

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/sworn-build/sworn/sbom/rpmdb"
	"github.com/sworn-build/sworn/sbom/wording"
	"github.com/sworn-build/sworn/step"
)

const typeRPM = "rpm"

// rpmFolders are where distributions keep rpm's database; often one is a symlink to
// another.
var rpmFolders = []string{"/usr/lib/sysimage/rpm", rpmOSTree, "/var/lib/rpm"}

// rpmOSTree is where rpm-ostree has it. Other systems have other things there.
const rpmOSTree = "/usr/share/rpm"

// rpmFiles are the forms of the database, the newest first. What an older rpm left
// beside a newer one is not in use.
var rpmFiles = []string{"rpmdb.sqlite", "Packages.db", "Packages"}

// loadRPM reads rpm's databases.
func loadRPM(t *Tree, d Distro, _ *budget) (loaded, error) {
	seen := map[string]bool{}
	var out loaded
	for _, dir := range rpmFolders {
		dir = t.Resolve(dir)
		names, err := t.ReadDir(dir)
		if err != nil {
			return loaded{}, err
		}
		// Locks and marks are there without a database, too.
		names = slices.DeleteFunc(names, func(n string) bool { return strings.HasPrefix(n, ".") || strings.HasPrefix(n, "__db.") })
		if len(names) == 0 || seen[dir] {
			continue
		}
		seen[dir] = true
		if err := loadRPMFolder(t, d, dir, &out); err != nil {
			return loaded{}, err
		}
	}
	return out, nil
}

// loadRPMFolder reads the database in a folder.
func loadRPMFolder(t *Tree, d Distro, dir string, into *loaded) error {
	for _, name := range rpmFiles {
		p := path.Join(dir, name)
		db, size, err := t.openSized(t.Resolve(p))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		defer db.Close()
		var wal rpmdb.Source
		if log, size, err := t.openSized(t.Resolve(p + "-wal")); err == nil {
			defer log.Close()
			wal = rpmdb.Source{ReaderAt: log, Size: size}
		} else if !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		var out []Package
		unnamed := 0
		err = rpmdb.Read(rpmdb.Source{ReaderAt: db, Size: size}, wal, func(r rpmdb.Package) {
			if p, ok := rpmPackage(t, d, r); ok {
				out = append(out, p)
			} else {
				unnamed++
			}
		})
		if err == nil && unnamed > 0 {
			err = errors.New(wording.Count(unnamed, "package") + " without a name or version that can be one")
		}
		into.add(typeRPM, p, out, err)
		return nil
	}
	if dir != rpmOSTree {
		into.add(typeRPM, dir, nil, errors.New("none of its files is a database of rpm that is known"))
	}
	return nil
}

// openSized opens the regular file at a path without symlinks, with its size in bytes.
func (t *Tree) openSized(p string) (*File, int64, error) {
	f, err := t.Open(p)
	if err != nil {
		return nil, 0, err
	}
	e, err := t.Stat(p)
	if err != nil {
		f.Close()
		return nil, 0, err
	}
	return f, e.Size, nil
}

// rpmPackage makes a package of one of rpm's; false when its name or version is none.
func rpmPackage(t *Tree, d Distro, r rpmdb.Package) (Package, bool) {
	p := Package{
		Type: typeRPM, Name: r.Name, Version: r.Version + "-" + r.Release, Arch: line(r.Arch),
		Maintainer: line(r.Vendor), Homepage: line(r.URL), Licence: line(r.Licence),
	}
	if !oneName(p.Name) || !word(p.Version) {
		return Package{}, false
	}
	if p.Maintainer == "" {
		p.Maintainer = line(r.Packager)
	}
	p.Source, p.SourceVersion = rpmSource(r.SourceRPM)
	p.PURL = rpmPURL(d, p, r.Epoch)
	for _, f := range r.Files {
		listed, ok := cleanListed(f.Path)
		if !ok {
			continue
		}
		at := step.Path(t.ResolveParent(listed))
		p.Files = append(p.Files, at)
		if s := (Sum{Path: at, Algorithm: r.Algorithm, Value: f.Digest, Conffile: f.Config}); s.known() {
			p.Sums = append(p.Sums, s)
		}
	}
	return p, true
}

// rpmSource splits the name of a source package's file, NAME-VERSION-RELEASE.src.rpm.
func rpmSource(file string) (name, version string) {
	file = strings.TrimSuffix(strings.TrimSuffix(line(file), ".rpm"), ".src")
	release := strings.LastIndexByte(file, '-')
	if release < 0 {
		return "", ""
	}
	at := strings.LastIndexByte(file[:release], '-')
	if at <= 0 {
		return "", ""
	}
	return file[:at], file[at+1:]
}

// rpmVendors are, by the ID in os-release, namespaces that are the vendor's name.
var rpmVendors = map[string]string{
	"opensuse-leap": "opensuse", "opensuse-tumbleweed": "opensuse", "opensuse-microos": "opensuse",
	"rhel": "redhat", "sles": "suse", "sled": "suse", "sle_hpc": "suse",
}

// rpmPURL is the package URL of an rpm package: the namespace is the vendor, the name
// keeps its case, the epoch is a qualifier (purl-spec, type rpm).
func rpmPURL(d Distro, p Package, epoch uint32) string {
	namespace := strings.ToLower(d.ID)
	if vendor, ok := rpmVendors[namespace]; ok {
		namespace = vendor
	}
	if namespace != "" {
		namespace = escape(namespace) + "/"
	}
	s := "pkg:" + typeRPM + "/" + namespace + escape(p.Name) + "@" + escape(p.Version)
	q := d.qualifiers(p.Arch)
	if epoch > 0 {
		q = append(q, fmt.Sprintf("epoch=%d", epoch))
	}
	return s + query(q)
}
