package sbom

import (
	"bytes"
	"errors"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/sworn-build/sworn/sbom/licence"
)

// Limits on the licence files of languages' packages: each is a licence text, and few
// packages have more than one.
const (
	maxLicenceFile  = 256 << 10 // bytes of one
	maxLicenceTotal = 16 << 20  // bytes of all that a step wrote
	maxLicenceFiles = 8         // of one package
)

// seeFile begins the licence in a package.json that points to a file of the package.
const seeFile = "SEE LICENSE IN "

// DeclareLicences sets Declared and Concluded of the packages of manifests, and the
// manifests' Licences: what their metadata says, and what the licence files beside it are.
func DeclareLicences(r *licence.Reader, t *Tree, ms []Manifest) error {
	left := int64(maxLicenceTotal)
	var conclude []func()
	for i := range ms {
		m := &ms[i]
		for k := range m.Packages {
			p := &m.Packages[k]
			declared := licence.Declare(p.Licence)
			texts, err := licenceFiles(t, m, p, &left)
			if err != nil {
				return err
			}
			if name, ok := strings.CutPrefix(p.Licence, seeFile); ok && p.Type == typeNode {
				declared = r.Refer(name, texts[name])
			}
			p.Declared = declared.Expression
			m.Licences = append(m.Licences, declared.Refs...)
			conclude = append(conclude, func() { p.Concluded = r.Texts(texts, declared).Expression })
		}
		m.Licences = licence.Tidy(m.Licences)
	}
	severalAtOnce(len(conclude), func() func(int) { return func(i int) { conclude[i]() } })
	return nil
}

// licenceFiles reads the licence files of a Python distribution, a package in node_modules
// or a toolchain, by name. Those that are too long are left out.
func licenceFiles(t *Tree, m *Manifest, p *Package, left *int64) (map[string][]byte, error) {
	dir := path.Dir(string(m.Path))
	var dirs []string
	switch {
	case p.Type == typeNode:
		dirs = []string{dir}
	case p.toolchain():
		return toolchainLicences(t, m, left)
	case p.Type == typePython && hasSuffixName(dir, ".dist-info"):
		dirs = []string{dir, dir + "/licenses"}
	}
	see := strings.TrimPrefix(p.Licence, seeFile)
	return readLicences(t, dirs, left, func(name string) bool { return licenceName(name) || name == see }, "")
}

// toolchainLicences are those of a compiler or runtime, which may share its folder.
func toolchainLicences(t *Tree, m *Manifest, left *int64) (map[string][]byte, error) {
	kind, root, _, _ := toolchainAt(string(m.Path))
	if kind.licence == "" {
		return nil, nil
	}
	return readLicences(t, []string{strings.TrimSuffix(root, "/")}, left, licenceName, kind.licence)
}

// readLicences reads the files in folders that are licences by their names and begin as
// such do.
func readLicences(t *Tree, dirs []string, left *int64, named func(string) bool, begin string) (map[string][]byte, error) {
	out := map[string][]byte{}
	for _, dir := range dirs {
		names, err := t.ReadDir(dir)
		if err != nil {
			return nil, err
		}
		for _, name := range names {
			if !named(name) || len(out) == maxLicenceFiles {
				continue
			}
			b, err := readHead(t, dir+"/"+name, maxLicenceFile)
			if errors.Is(err, fs.ErrNotExist) {
				continue
			}
			if err != nil {
				return nil, err
			}
			if *left -= int64(len(b)); *left >= 0 && len(b) <= maxLicenceFile && bytes.HasPrefix(b, []byte(begin)) {
				out[name] = b
			}
		}
	}
	return out, nil
}

// licenceName reports whether a file's name is one that licence texts have.
func licenceName(name string) bool {
	return slices.ContainsFunc([]string{"LICENSE", "LICENCE", "COPYING", "UNLICENSE"}, func(p string) bool {
		return strings.HasPrefix(strings.ToUpper(name), p)
	})
}
