package sbom

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/sworn-build/sworn/sbom/jar"
	"github.com/sworn-build/sworn/step"
)

const typeMaven = "maven"

// maxUnpacked bounds in bytes what is read and unpacked of all archives of a step: some
// 20 seconds.
const maxUnpacked = 4 << 30

// archives reads the Java archives and zipped eggs of Python that a delta added or changed, in order of their paths,
// so that of a step with more than the budget the same ones are read each time.
func archives(t *Tree, d Delta, budget jar.Budget) ([]Manifest, error) {
	var out []Manifest
	for e := range d.Wrote() {
		egg := hasSuffixName(string(e.Path), zippedEgg)
		if e.Type != TypeFile || e.Size == 0 || !egg && !jar.IsArchive(string(e.Path)) {
			continue
		}
		f, err := t.Open(string(e.Path))
		if err != nil {
			return nil, fmt.Errorf("read archive: %w", err)
		}
		var m Manifest
		if egg {
			m = readEgg(f, e)
		} else {
			m = readArchive(f, e, &budget)
		}
		if err := f.Close(); err != nil {
			return nil, fmt.Errorf("read archive: %w", err)
		}
		if len(m.Packages) > 0 || m.Unread != "" {
			out = append(out, m)
		}
	}
	return out, nil
}

func readArchive(f *File, e *Entry, budget *jar.Budget) Manifest {
	found := jar.Read(f, e.Size, string(e.Path), budget)
	m := Manifest{Path: e.Path, Unread: strings.Join(found.Unread, "; ")}
	for _, p := range found.Packages {
		m.Packages = append(m.Packages, mavenPackage(p, e.Path))
	}
	if len(m.Packages) > 0 {
		m.Packages = tidy(m.Packages)
	}
	return m
}

// zippedEgg ends the name of a distribution of Python that setuptools installed as a ZIP
// file.
const zippedEgg = ".egg"

func readEgg(f *File, e *Entry) Manifest {
	m := Manifest{Path: e.Path}
	text, err := jar.Entry(f, e.Size, "EGG-INFO/PKG-INFO")
	if errors.Is(err, fs.ErrNotExist) {
		return m // something else of that name
	}
	if err != nil {
		m.Unread = err.Error()
		return m
	}
	var p Package
	if p, m.Unread = parsePython([]byte(text)); m.Unread == "" {
		p.Files = []step.Path{e.Path}
		m.Packages = []Package{p}
	}
	return m
}

// mavenPackage is the package of an archive, which owns it, or one that lies in it, which
// owns nothing.
func mavenPackage(p jar.Package, archive step.Path) Package {
	out := Package{
		Type: typeMaven, Name: p.Group + ":" + p.Artifact, Version: p.Version, Licence: line(p.Licence), Homepage: line(p.Homepage),
		PURL: languagePURL(typeMaven, p.Group+"/"+p.Artifact, p.Version),
	}
	if vendor := who(p.Vendor, ""); vendor != "" {
		out.Originator = organization + vendor
	}
	if !p.Inner {
		out.Files = []step.Path{archive}
	}
	return out
}
