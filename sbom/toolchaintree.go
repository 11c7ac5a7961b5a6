package sbom

import (
	"errors"
	"io"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/sworn-build/sworn/step"
)

// binaries is the folder below a toolchain's with its programs.
const binaries = "/bin/"

// maxTelling bounds the files of one pattern that are looked at in one folder, in case
// somebody makes a million of them.
const maxTelling = 64

// maxRoots bounds the folders that are looked at for one step, in case it makes a million of
// them: several times the folders of programs in the largest images.
const maxRoots = 4096

// Toolchains returns, sorted by path, the files that tell of the toolchains in a tree that
// some programs are of. Paths have no symlink on their way; those that are no program of a
// toolchain are left out. Of very many folders with programs the first are looked at.
func Toolchains(t *Tree, programs []step.Path) ([]Manifest, error) {
	seen, found := map[string][]Manifest{}, map[step.Path]Manifest{}
	for _, p := range programs {
		root, ok := toolchainRoot(p)
		if !ok {
			continue
		}
		here, ok := seen[root]
		if !ok && len(seen) == maxRoots {
			break
		}
		if !ok {
			var err error
			if here, err = toolchainsIn(t, root); err != nil {
				return nil, err
			}
			seen[root] = here
		}
		for _, m := range here {
			if m.owns(p) {
				found[m.Path] = m
			}
		}
	}
	return slices.SortedFunc(maps.Values(found), compareManifests), nil
}

// toolchainRoot is the folder of the toolchain that a program is one of, if it is any's.
func toolchainRoot(p step.Path) (string, bool) {
	dir, _ := path.Split(string(p))
	return strings.CutSuffix(dir, binaries[1:])
}

// owns reports whether a path is or lies below one of the files of a toolchain.
func (m Manifest) owns(p step.Path) bool {
	return slices.ContainsFunc(m.Packages[0].Files, func(f step.Path) bool {
		return p == f || strings.HasPrefix(string(p), string(f)+"/")
	})
}

// toolchainsIn reads what tells of toolchains that are installed in a folder, given with a
// slash behind it.
func toolchainsIn(t *Tree, root string) ([]Manifest, error) {
	var out []Manifest
	for _, kind := range toolchains {
		tails, err := matching(t, root, strings.Split(kind.telling, "/"))
		if err != nil {
			return nil, err
		}
		for _, tail := range tails {
			m, ok, err := readToolchain(t, step.Path(root+tail))
			if err != nil {
				return nil, err
			}
			if ok {
				out = append(out, m)
			}
		}
	}
	return out, nil
}

// matching are the paths below a folder that a pattern, of names, matches, sorted. A path
// without a star is one of them whether it is there or not.
func matching(t *Tree, root string, pattern []string) ([]string, error) {
	tails := []string{""}
	for _, name := range pattern {
		var next []string
		for _, tail := range tails {
			if !strings.Contains(name, "*") {
				next = append(next, path.Join(tail, name))
				continue
			}
			names, err := t.ReadDir(root + tail)
			if err != nil {
				return nil, err
			}
			for _, n := range names {
				if ok, err := path.Match(name, n); ok && err == nil && len(next) < maxTelling {
					next = append(next, path.Join(tail, n))
				}
			}
		}
		tails = next
	}
	return tails, nil
}

// readToolchain reads the file that tells of a toolchain; false when none does, or when the
// toolchain is not there as a whole.
func readToolchain(t *Tree, p step.Path) (Manifest, bool, error) {
	f, err := t.Open(string(p))
	if errors.Is(err, fs.ErrNotExist) {
		return Manifest{}, false, nil
	}
	if err != nil {
		return Manifest{}, false, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxToolchain))
	if err != nil {
		return Manifest{}, false, err
	}
	m := Manifest{Path: p}
	m.Packages, _ = parseToolchain(string(p), b)
	if len(m.Packages) == 0 {
		return Manifest{}, false, nil
	}
	ok, err := hasProgram(t, m)
	return m, ok, err
}

// hasProgram reports whether the program of a toolchain is there: headers alone, or a copy
// of the file that tells, are none.
func hasProgram(t *Tree, m Manifest) (bool, error) {
	kind, root, _, _ := toolchainAt(string(m.Path))
	e, err := t.Stat(root + kind.program(m.Packages[0]))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil && e.Type == TypeFile && executable(&e), err
}

// executable reports whether somebody may execute a file.
func executable(e *Entry) bool { return strings.ContainsAny(e.Mode[1:], "1357") }

// completeToolchains leaves out the files that tell of toolchains without a program, and
// adds those that a delta left alone while it wrote the program.
func completeToolchains(t *Tree, d Delta, ms []Manifest) ([]Manifest, error) {
	var programs []step.Path
	for e := range d.Wrote() {
		if e.Type == TypeFile && executable(e) && strings.Contains(string(e.Path), binaries) {
			programs = append(programs, e.Path)
		}
	}
	added, err := Toolchains(t, programs)
	if err != nil {
		return nil, err
	}
	has := map[step.Path]bool{}
	out := ms[:0]
	for _, m := range ms {
		if len(m.Packages) == 1 && m.Packages[0].toolchain() {
			ok, err := hasProgram(t, m)
			if err != nil {
				return nil, err
			}
			if !ok {
				continue
			}
		}
		has[m.Path] = true
		out = append(out, m)
	}
	for _, m := range added {
		if !has[m.Path] {
			out = append(out, m)
		}
	}
	return out, nil
}
