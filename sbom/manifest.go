package sbom

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/sworn-build/sworn/step"
)

// Manifest is a file that says by itself which packages of a language lie in a file
// system: the metadata of an installed Python distribution, the package.json of a
// package in node_modules, a gem's specification, Composer's list, the dependencies of a
// .NET application, what a compiler or runtime says of itself, a program with the modules that Go or the crates that Cargo linked
// into it, or a Java archive. Such packages are in no database of the whole file system, so each step's delta has those
// that the step touched.
type Manifest struct {
	Path step.Path `json:"path"`
	// Packages are sorted by purl. One that has Files owns them.
	Packages []Package `json:"packages,omitempty"`
	// Licences are those that its packages refer to and SPDX has not, sorted by ID, each
	// once.
	Licences []ExtractedLicence `json:"licences,omitempty"`
	// Unread is why the packages are not known.
	Unread string `json:"unread,omitempty"`
}

// Types of languages' packages, as in purls.
const (
	typePython = "pypi"
	typeNode   = "npm"
	typeGo     = "golang"
)

// Limits on a manifest, several times what the largest in use have.
const (
	// maxManifest bounds a package.json in bytes, and the part of Python's metadata that
	// has the fields: a description of any length follows them.
	maxManifest = 1 << 20
	// maxManifestList bounds a file that lists packages, in bytes.
	maxManifestList = 16 << 20
	// maxWord bounds a name, version or other field in bytes.
	maxWord = 1 << 10
)

// manifestReader is shown a file's bytes while they are hashed.
type manifestReader interface {
	io.Writer
	// manifest is called when all have been shown; false when the file is none.
	manifest(e *Entry, f *File) (Manifest, bool)
}

// newManifestReader returns the reader of a regular file; nil for one that cannot be a
// manifest.
func newManifestReader(e *Entry) manifestReader {
	p := string(e.Path)
	switch {
	case pythonMetadata(p) == p:
		return &headReader{max: maxManifest, parse: single(parsePython)}
	case nodeManifest(p):
		return &headReader{max: maxManifest, parse: single(parseNode), whole: true}
	case gemManifest(p):
		return &headReader{max: maxManifest, parse: parseGem, whole: true}
	case composerManifest(p):
		return &headReader{max: maxManifestList, parse: parseComposer, whole: true}
	case nugetManifest(p):
		return &headReader{max: maxManifestList, parse: parseNuget, whole: true}
	case toolchainManifest(p):
		return &toolchainReader{head: headReader{max: maxToolchain, parse: parseToolchain}}
	case executable(e):
		return &programReader{}
	}
	return nil
}

// telling reports whether a path is that of a file which only tells of a package: one that
// a package of a database installed says nothing more than the database.
func telling(p string) bool {
	return pythonMetadata(p) == p || nodeManifest(p) || gemManifest(p) || composerManifest(p) || nugetManifest(p)
}

// headReader keeps the beginning of a file and parses it.
type headReader struct {
	bytes.Buffer
	max int // bytes that are kept
	// whole: the beginning alone is of no use.
	whole bool
	// parse reads what lies at a path. The second result says why there are no packages.
	parse func(p string, b []byte) ([]Package, string)
}

// single is the parser of files that tell of one package.
func single(parse func([]byte) (Package, string)) func(string, []byte) ([]Package, string) {
	return func(_ string, b []byte) ([]Package, string) {
		p, unread := parse(b)
		if unread != "" {
			return nil, unread
		}
		return []Package{p}, ""
	}
}

func (r *headReader) Write(b []byte) (int, error) {
	r.Buffer.Write(b[:min(len(b), r.max-r.Len())])
	return len(b), nil
}

func (r *headReader) manifest(e *Entry, _ *File) (Manifest, bool) {
	m := Manifest{Path: e.Path}
	if r.whole && e.Size > int64(r.max) {
		m.Unread = "it is larger than such a file may be"
		return m, true
	}
	m.Packages, m.Unread = r.parse(string(e.Path), r.Bytes())
	return m, len(m.Packages) > 0 || m.Unread != ""
}

// word reports whether s can be a name or version: printable, without spaces.
func word(s string) bool {
	return s != "" && len(s) <= maxWord && utf8.ValidString(s) &&
		!strings.ContainsFunc(s, func(r rune) bool { return unicode.IsSpace(r) || !unicode.IsPrint(r) })
}

// oneName reports whether s can be a name in one piece: a word that a package URL does not
// take for several, or for none.
func oneName(s string) bool {
	return word(s) && !strings.Contains(s, "/") && strings.Trim(s, ".") != ""
}

// line is a field of one line; empty when s is something else.
func line(s string) string {
	s = strings.TrimSpace(s)
	if len(s) > maxWord || !utf8.ValidString(s) || strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return ""
	}
	return s
}

// completeManifests sorts manifests and adds Java archives, and what more than one file
// tells: the files of Python's distributions and what was compiled for gems. A manifest that is
// as before is among them when the list or the program beside it is not.
func completeManifests(t *Tree, d Delta, ms []Manifest) ([]Manifest, error) {
	has := map[step.Path]bool{}
	for _, m := range ms {
		has[m.Path] = true
	}
	for _, p := range listsChanged(d) {
		if has[p] {
			continue
		}
		m, err := readManifest(t, p)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		ms = append(ms, m)
	}
	as, err := archives(t, d, maxUnpacked)
	if err != nil {
		return nil, err
	}
	ms = append(ms, as...)
	if ms, err = completeToolchains(t, d, ms); err != nil {
		return nil, err
	}
	slices.SortFunc(ms, compareManifests)
	left := int64(maxRecords)
	for i := range ms {
		for k := range ms[i].Packages {
			p := &ms[i].Packages[k]
			var err error
			switch p.Type {
			case typePython:
				p.Files, p.Sums, err = pythonFiles(t, ms[i].Path, &left)
			case typeGem:
				p.Files, err = gemExtensions(t, ms[i].Path, p.Files)
			}
			if err != nil {
				return nil, err
			}
		}
	}
	return ms, nil
}

func compareManifests(a, b Manifest) int { return strings.Compare(string(a.Path), string(b.Path)) }

// listsChanged are the metadata beside which a delta changed the list of files.
func listsChanged(d Delta) []step.Path {
	var out []step.Path
	add := func(p step.Path) {
		if m := pythonMetadata(string(p)); m != "" && m != string(p) {
			out = append(out, step.Path(m))
		}
	}
	for e := range d.Wrote() {
		add(e.Path)
	}
	for _, p := range d.Removed {
		add(p)
	}
	sortPaths(out)
	return unique(out)
}

// readManifest reads the manifest of Python at a path.
func readManifest(t *Tree, p step.Path) (Manifest, error) {
	f, err := t.Open(string(p))
	if err != nil {
		return Manifest{}, err
	}
	defer f.Close()
	r := headReader{max: maxManifest, parse: single(parsePython)}
	if _, err := io.Copy(&r, io.LimitReader(f, maxManifest)); err != nil {
		return Manifest{}, err
	}
	m, _ := r.manifest(&Entry{Path: p}, f)
	return m, nil
}

// hasSuffixName reports whether a path's last name ends in suffix and has more.
func hasSuffixName(p, suffix string) bool {
	name := path.Base(p)
	return len(name) > len(suffix) && strings.HasSuffix(name, suffix)
}
