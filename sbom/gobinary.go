package sbom

import (
	"debug/buildinfo"
	"errors"
	"io"
	"runtime/debug"
	"strings"

	"github.com/sworn-build/sworn/step"
)

// goMagic is how the linker marks the build information (package debug/buildinfo).
const goMagic = "\xff Go buildinf:"

// goStandard is what scanners and the vulnerability databases call the standard library.
const goStandard = "stdlib"

// goAuthors are whose Go is by its licence.
const goAuthors = organization + "The Go Authors"

// Limits on the build information of a program. The largest that are known, of
// Kubernetes, have some hundred modules.
const (
	// maxBuildInfo bounds in bytes what is read of a program to find it: section headers
	// and the information, or the data segment where headers are missing.
	maxBuildInfo = 64 << 20
	maxModules   = 10000
)

// readGo reads the modules of a program. The second result says why there are none.
func readGo(r io.ReaderAt, p step.Path) (ps []Package, unread string) {
	const broken = "its Go build information cannot be read"
	// Package debug/elf promises no more than an effort for hostile files.
	defer func() {
		if recover() != nil {
			ps, unread = nil, broken
		}
	}()
	info, err := buildinfo.Read(&atMost{r, maxBuildInfo})
	switch {
	case err != nil:
		return nil, broken
	case len(info.Deps) > maxModules:
		return nil, "it has more modules than a program may have"
	}
	return goPackages(info, p), ""
}

// goPackages are the standard library, the main module, which owns the program, and the
// modules that it was linked with.
func goPackages(info *debug.BuildInfo, p step.Path) []Package {
	var out []Package
	add := func(name, version string, files ...step.Path) {
		if !word(name) || version != "" && !word(version) {
			return
		}
		out = append(out, Package{
			Type: typeGo, Name: name, Version: version, PURL: languagePURL(typeGo, strings.ToLower(name), version), Files: files,
		})
	}
	version, _, _ := strings.Cut(info.GoVersion, " ") // experiments and local changes follow
	version = strings.TrimPrefix(version, "go")
	add(goStandard, version)
	if n := len(out); n > 0 && release(version) {
		out[n-1].Originator, out[n-1].CPEs = goAuthors, goCPEs(version)
	}
	for _, m := range info.Deps {
		// A folder in a module's place has no version of its own.
		if r := m.Replace; r != nil && r.Version == "" {
			add(m.Path, "")
		} else if r != nil {
			add(r.Path, r.Version)
		} else {
			add(m.Path, m.Version)
		}
	}
	main := info.Main.Version
	if main == "(devel)" {
		main = ""
	}
	add(info.Main.Path, main, p)
	return tidy(out)
}

// atMost is a reader that gives up to n bytes.
type atMost struct {
	r io.ReaderAt
	n int64
}

func (a *atMost) ReadAt(b []byte, off int64) (int, error) {
	if a.n -= int64(len(b)); a.n < 0 {
		return 0, errors.New("more is read than build information needs")
	}
	return a.r.ReadAt(b, off)
}
