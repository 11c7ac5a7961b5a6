package sbom

import (
	"compress/zlib"
	"debug/elf"
	"encoding/json"
	"io"

	"github.com/sworn-build/sworn/step"
)

const typeCargo = "cargo"

// cargoSection is where cargo-auditable puts the crates of a program (its PARSING.md):
// JSON, packed by zlib.
const cargoSection = ".dep-v0"

// maxCrates bounds the list of crates in bytes, packed and unpacked. Real ones have some
// kilobytes.
const maxCrates = 16 << 20

// readCargo reads the crates of a program. The second result says why there are none.
func readCargo(r io.ReaderAt, p step.Path) (ps []Package, unread string) {
	const broken = "its list of crates cannot be read"
	// Package debug/elf promises no more than an effort for hostile files.
	defer func() {
		if recover() != nil {
			ps, unread = nil, broken
		}
	}()
	f, err := elf.NewFile(&atMost{r, maxBuildInfo})
	if err != nil {
		return nil, broken
	}
	section := f.Section(cargoSection)
	if section == nil {
		return nil, "" // it has the name only
	}
	z, err := zlib.NewReader(io.LimitReader(section.Open(), maxCrates))
	if err != nil {
		return nil, broken
	}
	ps, err = parseCrates(filled{io.LimitReader(z, maxCrates)}, p)
	if err != nil {
		return nil, broken
	}
	return ps, ""
}

// parseCrates reads a list of crates. The root is the program's own, which owns it; those
// that only the build ran are not in it.
func parseCrates(r io.Reader, p step.Path) ([]Package, error) {
	var out []Package
	d := json.NewDecoder(r)
	err := eachField(d, func(key string) error {
		if key != "packages" {
			return skipValue(d)
		}
		return eachElement(d, func() error {
			var c struct {
				Name, Version, Kind string
				Root                bool
			}
			if err := value(d, &c); err != nil {
				return err
			}
			if len(out) == maxPackages {
				return errPackages
			}
			if c.Kind == "build" || !oneName(c.Name) || !word(c.Version) {
				return nil
			}
			one := Package{Type: typeCargo, Name: c.Name, Version: c.Version, PURL: languagePURL(typeCargo, c.Name, c.Version)}
			if c.Root {
				one.Files = []step.Path{p}
			}
			out = append(out, one)
			return nil
		})
	})
	if err != nil {
		return nil, err
	}
	return tidy(out), nil
}
