package sbom

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/sworn-build/sworn/step"
)

// loadApk reads apk's database of installed packages, whose place moved with the
// merge of /usr.
func loadApk(t *Tree, d Distro, left *budget) ([]Package, error) {
	seen := map[string]bool{}
	var out []Package
	for _, p := range []string{"/lib/apk/db/installed", "/usr/lib/apk/db/installed"} {
		real := t.Resolve(p)
		if seen[real] {
			continue
		}
		seen[real] = true
		b, err := left.read(t, p, maxDatabase)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("read apk database: %w", err)
		}
		ps, err := ParseApk(b)
		if err != nil {
			return nil, err
		}
		for _, p := range ps {
			p.PURL = purl("apk", "alpine", d, p.Name, p.Version, p.Arch)
			for i, f := range p.Files {
				p.Files[i] = step.Path(t.ResolveParent(string(f)))
			}
			out = append(out, p)
		}
	}
	return out, nil
}

// ParseApk reads apk's database of installed packages (apk-package(5)): one
// letter and a value a line, an empty line after each package. PURL is not set,
// Files are as listed. A package without name or version is an error.
func ParseApk(b []byte) ([]Package, error) {
	var out []Package
	p, dir, used := Package{Type: "apk"}, "", false
	flush := func(line int) error {
		if !used {
			return nil
		}
		if p.Name == "" || p.Version == "" {
			return fmt.Errorf("read apk database: package %q before line %d has no name or no version", p.Name, line)
		}
		if p.Source != "" {
			p.SourceVersion = p.Version
		}
		out = append(out, p)
		p, dir, used = Package{Type: "apk"}, "", false
		return nil
	}
	lines := strings.Split(string(b), "\n")
	for i, line := range lines {
		if line == "" {
			if err := flush(i + 1); err != nil {
				return nil, err
			}
			continue
		}
		key, value, ok := strings.Cut(line, ":")
		if !ok || len(key) != 1 {
			return nil, fmt.Errorf("read apk database: line %d is no field", i+1)
		}
		used = true
		apkField(&p, &dir, key[0], value)
	}
	if err := flush(len(lines)); err != nil {
		return nil, err
	}
	return out, nil
}

func apkField(p *Package, dir *string, key byte, value string) {
	switch key {
	case 'P':
		p.Name = value
	case 'V':
		p.Version = value
	case 'A':
		p.Arch = value
	case 'L':
		p.Licence = value
	case 'o':
		p.Source = value
	case 'm':
		p.Maintainer = value
	case 'U':
		p.Homepage = value
	case 'F':
		*dir = value
		if f, ok := cleanListed(value); ok {
			p.Files = append(p.Files, step.Path(f))
		}
	case 'R':
		if f, ok := cleanListed(*dir + "/" + value); ok {
			p.Files = append(p.Files, step.Path(f))
		}
	}
}
