package sbom

import (
	"cmp"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/sworn-build/sworn/step"
)

const typeApk = "apk"

// loadApk reads apk's database of installed packages, whose place moved with the
// merge of /usr.
func loadApk(t *Tree, d Distro, left *budget) (loaded, error) {
	seen := map[string]bool{}
	var out loaded
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
			return loaded{}, fmt.Errorf("read apk database: %w", err)
		}
		ps, bad := ParseApk(b)
		for i := range ps {
			p := &ps[i]
			p.PURL = purl(typeApk, "alpine", d, p.Name, p.Version, p.Arch)
			for i, f := range p.Files {
				p.Files[i] = step.Path(t.ResolveParent(string(f)))
			}
			for i := range p.Sums {
				p.Sums[i].Path = step.Path(t.ResolveParent(string(p.Sums[i].Path)))
			}
		}
		out.add(typeApk, p, ps, bad)
	}
	return out, nil
}

// ParseApk reads apk's database of installed packages (apk-package(5)): one
// letter and a value a line, an empty line after each package. PURL is not set,
// Files and Sums are as listed. A package without name or version, or with a line that is
// no field, is left out: the error is about the first of them.
func ParseApk(b []byte) ([]Package, error) {
	var out []Package
	var first error
	p, at, used, bad := Package{Type: typeApk}, apkPlace{}, false, false
	fail := func(format string, args ...any) {
		bad = true
		first = cmp.Or(first, fmt.Errorf("read apk database: "+format, args...))
	}
	flush := func(line int) {
		if used && !bad && (p.Name == "" || p.Version == "") {
			fail("package %q before line %d has no name or no version", p.Name, line)
		}
		if used && !bad {
			if p.Source != "" {
				p.SourceVersion = p.Version
			}
			out = append(out, p)
		}
		p, at, used, bad = Package{Type: typeApk}, apkPlace{}, false, false
	}
	lines := strings.Split(string(b), "\n")
	for i, line := range lines {
		if line == "" {
			flush(i + 1)
			continue
		}
		key, value, ok := strings.Cut(line, ":")
		if !ok || len(key) != 1 {
			fail("line %d is no field", i+1)
			continue
		}
		used = true
		apkField(&p, &at, key[0], value)
	}
	flush(len(lines))
	return out, first
}

// apkPlace is where in a package's list of files a line is: the folder, and the file when
// there was one.
type apkPlace struct {
	dir  string
	file step.Path
}

func apkField(p *Package, at *apkPlace, key byte, value string) {
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
		*at = apkPlace{dir: value}
		if f, ok := databasePath(value); ok {
			p.Files = append(p.Files, step.Path(f))
		}
	case 'R':
		at.file = ""
		if f, ok := databasePath(at.dir + "/" + value); ok {
			at.file = step.Path(f)
			p.Files = append(p.Files, at.file)
		}
	case 'Z':
		if s, ok := apkSum(value); ok && at.file != "" {
			s.Path = at.file
			p.Sums = append(p.Sums, s)
		}
	}
}

// apkSum reads a checksum: Q1 and the SHA1 in base64, or Q2 and the SHA256. That of a
// symlink is over its target.
func apkSum(value string) (Sum, bool) {
	algorithm := map[string]string{"Q1": sha1Name, "Q2": sha256Name}[value[:min(2, len(value))]]
	if algorithm == "" {
		return Sum{}, false
	}
	b, err := base64.StdEncoding.DecodeString(value[2:])
	s := Sum{Algorithm: algorithm, Value: hex.EncodeToString(b)}
	return s, err == nil && s.known()
}
