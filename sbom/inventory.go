package sbom

import (
	"cmp"
	"errors"
	"fmt"
	"path"
	"slices"
	"sort"
	"strings"

	"github.com/sworn-build/sworn/step"
)

// Package is an installed package.
type Package struct {
	PURL    string `json:"purl"`
	Type    string `json:"type"` // purl type: deb, apk, rpm, npm, ...
	Name    string `json:"name"`
	Version string `json:"version"`
	Arch    string `json:"arch,omitempty"`
	// Source and SourceVersion name what it was built from; empty when the
	// database does not say.
	Source        string `json:"source,omitempty"`
	SourceVersion string `json:"sourceVersion,omitempty"`
	// Maintainer is who puts it out: the distribution's maintainer, rpm's vendor, who a
	// language's package names as maintainer. Originator is who made it before, its author or
	// upstream (SPDX 2.3, sections 7.5 and 7.6). Each is NAME <EMAIL> or NAME, behind
	// "Organization: " when the metadata says that it is one, and empty when nobody says.
	Maintainer string `json:"maintainer,omitempty"`
	Originator string `json:"originator,omitempty"`
	Homepage   string `json:"homepage,omitempty"`
	// Licence as the database has it; dpkg has none.
	Licence string `json:"licence,omitempty"`
	// Declared is the SPDX expression of what its metadata declares, Concluded that of its
	// licence texts. Both are valid, or empty: not known.
	Declared  string `json:"declared,omitempty"`
	Concluded string `json:"concluded,omitempty"`
	// CPEs are its names in the vulnerability database, version 2.3, where its purl is none that
	// advisories have.
	CPEs []string `json:"cpes,omitempty"`
	// Files that it owns, sorted: where they lie in the tree, after diversions and
	// folders that are symlinks.
	Files []step.Path `json:"files,omitempty"`
	// Sums are what its own database says of its files, sorted by path.
	Sums []Sum `json:"sums,omitempty"`
}

// Inventory is what the package databases of a file system say.
type Inventory struct {
	Distro Distro `json:"distro"`
	// Packages are sorted by purl, each purl once.
	Packages []Package `json:"packages"`
	// Licences are those that Declared and Concluded of packages refer to and SPDX has not,
	// sorted by ID, each once.
	Licences []ExtractedLicence `json:"licences,omitempty"`
	// Databases are those that there are, sorted by path.
	Databases []Database `json:"databases,omitempty"`
	// Gone are those of the state before of whose kind there is none any more, sorted by
	// path. See [Inventory.Lose].
	Gone []Database `json:"gone,omitempty"`
	// Lost are packages that the state before had and that left files in this one, though
	// its databases do not list them, sorted by purl. See [Inventory.Lose].
	Lost []Lost `json:"lost,omitempty"`
	// Unread names what else about packages was not read, sorted.
	Unread []string `json:"unread,omitempty"`
}

// Database is a package database that a file system has.
type Database struct {
	Type string    `json:"type"` // purl type of its packages; alpm is pacman's
	Path step.Path `json:"path"`
	// Reason is why it was not read, or not all of it; empty when it was.
	Reason string `json:"reason,omitempty"`
}

// Limits on what is read of package databases, in bytes: several times what the
// largest distributions' full installations have.
const (
	maxDatabase = 256 << 20
	maxList     = 64 << 20
	maxTotal    = 1 << 30
)

// loaded is what a package manager's databases say.
type loaded struct {
	packages  []Package
	databases []Database
}

// maxReason bounds in bytes why a database was not read: it may quote a name from it.
const maxReason = 500

// add notes a database with what was read of it and why that is not all.
func (l *loaded) add(kind, path string, ps []Package, err error) {
	db := Database{Type: kind, Path: step.Path(path)}
	if err != nil {
		db.Reason = strings.ToValidUTF8(err.Error()[:min(len(err.Error()), maxReason)], "")
	}
	l.packages, l.databases = append(l.packages, ps...), append(l.databases, db)
}

// Load reads the package databases of a tree. A tree without one has no packages,
// which is no error. Entries that make no sense are left out, and all of a database that
// cannot be read; its Reason says so.
func Load(t *Tree) (Inventory, error) {
	var inv Inventory
	var err error
	if inv.Distro, err = loadDistro(t); err != nil {
		return Inventory{}, err
	}
	left := &budget{left: maxTotal}
	for _, one := range []struct {
		kind string
		load func(*Tree, Distro, *budget) (loaded, error)
	}{{typeDeb, loadDpkg}, {typeApk, loadApk}, {typeRPM, loadRPM}, {typePacman, loadPacman}} {
		found, err := one.load(t, inv.Distro, left)
		var bad *damagedError
		if errors.As(err, &bad) {
			found, err = loaded{}, nil
			found.add(one.kind, bad.path, nil, bad.err)
		}
		if err != nil {
			return Inventory{}, err
		}
		inv.Packages, inv.Databases = append(inv.Packages, found.packages...), append(inv.Databases, found.databases...)
	}
	inv.Packages = tidy(inv.Packages)
	slices.SortStableFunc(inv.Databases, func(a, b Database) int { return strings.Compare(string(a.Path), string(b.Path)) })
	return inv, nil
}

const typePacman = "alpm"

// loadPacman says that pacman's database is there: nothing here reads it.
func loadPacman(t *Tree, _ Distro, _ *budget) (loaded, error) {
	const pacman = "/var/lib/pacman/local"
	var out loaded
	names, err := t.ReadDir(pacman)
	if len(names) > 0 {
		out.add(typePacman, pacman, nil, errors.New("databases of pacman are not read"))
	}
	return out, err
}

// damagedError says what of a database makes no sense.
type damagedError struct {
	path string
	err  error
}

func damaged(path string, err error) error { return &damagedError{path, err} }

func (e *damagedError) Error() string { return fmt.Sprintf("%s (%v)", e.path, e.err) }

func (e *damagedError) Unwrap() error { return e.err }

// budget bounds the bytes read over many files.
type budget struct{ left int64 }

func (b *budget) read(t *Tree, p string, max int64) ([]byte, error) {
	data, err := t.ReadFile(p, max)
	if errors.Is(err, errLarge) {
		return nil, damaged(p, err)
	}
	if err != nil {
		return nil, err
	}
	if b.left -= int64(len(data)); b.left < 0 {
		return nil, damaged(p, fmt.Errorf("package databases hold more than %d bytes", int64(maxTotal)))
	}
	return data, nil
}

// tidy sorts packages and their files and joins packages of one purl.
func tidy(ps []Package) []Package {
	sort.SliceStable(ps, func(i, j int) bool { return ps[i].PURL < ps[j].PURL })
	out := []Package{}
	for _, p := range ps {
		if n := len(out); n > 0 && out[n-1].PURL == p.PURL {
			out[n-1].Files = append(out[n-1].Files, p.Files...)
			out[n-1].Sums = append(out[n-1].Sums, p.Sums...)
			continue
		}
		out = append(out, p)
	}
	for i := range out {
		sortPaths(out[i].Files)
		out[i].Files = unique(out[i].Files)
		slices.SortFunc(out[i].Sums, compareSums)
		out[i].Sums = slices.Compact(out[i].Sums)
	}
	return out
}

func compareSums(a, b Sum) int {
	return cmp.Or(strings.Compare(string(a.Path), string(b.Path)), strings.Compare(a.Algorithm, b.Algorithm), strings.Compare(a.Value, b.Value))
}

func unique(ps []step.Path) []step.Path {
	var out []step.Path
	for i, p := range ps {
		if i == 0 || p != ps[i-1] {
			out = append(out, p)
		}
	}
	return out
}

// Databases returns the path prefixes of a tree under which a change can change
// what Load returns.
func Databases(t *Tree) []string {
	var out []string
	for _, p := range []string{
		"/etc/os-release", "/usr/lib/os-release",
		"/var/lib/dpkg/status", "/var/lib/dpkg/status.d", "/var/lib/dpkg/info", "/var/lib/dpkg/diversions",
		dpkgConfig, dpkgConfig + ".d",
		"/lib/apk/db/installed", "/usr/lib/apk/db/installed",
		"/var/lib/rpm", "/usr/lib/sysimage/rpm", "/usr/share/rpm", "/var/lib/pacman/local",
	} {
		out = append(out, t.way(p)...)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// Touches reports whether a delta changes anything at or below one of the
// prefixes.
func (d Delta) Touches(prefixes []string) bool {
	hit := func(p step.Path) bool {
		for _, prefix := range prefixes {
			if string(p) == prefix || below(string(p), prefix) {
				return true
			}
		}
		return false
	}
	for e := range d.Wrote() {
		if hit(e.Path) || above(string(e.Path), prefixes) {
			return true
		}
	}
	for _, p := range d.Removed {
		if hit(p) {
			return true
		}
	}
	return false
}

// above reports whether p is a folder on the way to one of the prefixes.
func above(p string, prefixes []string) bool {
	for _, prefix := range prefixes {
		if below(prefix, p) {
			return true
		}
	}
	return false
}

// below reports whether p is below a folder.
func below(p, folder string) bool {
	return len(p) > len(folder) && p[len(folder)] == '/' && p[:len(folder)] == folder
}

// Rewritten reports whether one of some paths is a regular file of after and not the very
// one of before. It reads none.
func Rewritten(before, after *Tree, paths []string) bool {
	return slices.ContainsFunc(paths, func(p string) bool {
		now, err := after.Stat(p)
		if err != nil || now.Type != TypeFile {
			return false
		}
		was, err := before.Stat(p)
		return err != nil || was.Inode != now.Inode
	})
}

// Added returns the packages of after that before has not, by purl: another version is added.
// Which of before were removed [Inventory.Lose] tells.
func Added(before, after Inventory) []Package { return without(after.Packages, before.Packages) }

// without returns the packages of a that b has not, by purl.
func without(a, b []Package) []Package {
	has := make(map[string]bool, len(b))
	for _, p := range b {
		has[p.PURL] = true
	}
	var out []Package
	for _, p := range a {
		if !has[p.PURL] {
			out = append(out, p)
		}
	}
	return out
}

// databasePath is [cleanListed] for lists that have no reason to name a folder's parent.
func databasePath(s string) (string, bool) {
	if slices.Contains(strings.Split(s, "/"), "..") {
		return "", false
	}
	return cleanListed(s)
}

// cleanListed makes an absolute clean path of a line in a file list; false for
// the root, for paths that no kernel call takes, and for those with NUL.
func cleanListed(s string) (string, bool) {
	if s == "" || len(s) > maxPath || strings.IndexByte(s, 0) >= 0 {
		return "", false
	}
	s = path.Clean("/" + s)
	return s, s != "/"
}
