package sbom

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/base64"
	"encoding/csv"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"path"
	"strings"

	"github.com/sworn-build/sworn/sbom/licence"
	"github.com/sworn-build/sworn/step"
)

// Python's record of an installed distribution, a folder beside what it installs:
// NAME.dist-info (PEP 376, PEP 427), or setuptools' NAME.egg-info, which distutils wrote
// as a single file, and the EGG-INFO of an unpacked egg.

// Limits on the lists of files in bytes: of one distribution several hundred thousand
// files, of all that a step installed a few million.
const (
	maxRecord  = 32 << 20
	maxRecords = 128 << 20
)

// pythonMetadata returns the path of the metadata to which a path belongs, either as the
// metadata itself or as the list of files beside it; empty for others.
func pythonMetadata(p string) string {
	dir, name := path.Split(p)
	dir = strings.TrimSuffix(dir, "/")
	switch name {
	case "METADATA", "RECORD":
		if hasSuffixName(dir, ".dist-info") {
			return dir + "/METADATA"
		}
	case "PKG-INFO", "installed-files.txt":
		if hasSuffixName(dir, ".egg-info") || path.Base(dir) == "EGG-INFO" {
			return dir + "/PKG-INFO"
		}
	default:
		if hasSuffixName(p, ".egg-info") {
			return p // a folder of that name is no file
		}
	}
	return ""
}

// parsePython reads the fields at the beginning of a distribution's metadata (Core
// metadata specifications). The second result says why there is no package.
func parsePython(b []byte) (Package, string) {
	fields := map[string]string{}
	var classified []string // licences
	s := bufio.NewScanner(bytes.NewReader(b))
	s.Buffer(nil, maxManifest+1)
	for s.Scan() && strings.TrimSpace(s.Text()) != "" {
		key, value, ok := strings.Cut(s.Text(), ":")
		if ok && key == "Classifier" {
			if l := licence.Classifier(line(value)); l != "" {
				classified = append(classified, l)
			}
		}
		if ok && fields[key] == "" { // of a repeated field the first; no continuation has such a key
			fields[key] = line(value)
		}
	}
	p := Package{Type: typePython, Name: fields["Name"], Version: fields["Version"], Homepage: fields["Home-page"]}
	p.Originator = listedPerson(fields["Author"], fields["Author-email"])
	p.Maintainer = listedPerson(fields["Maintainer"], fields["Maintainer-email"])
	p.Licence = pythonLicence(fields["License-Expression"], fields["License"], classified)
	if !pythonName(p.Name) || !word(p.Version) {
		return Package{}, "it has no name or no version"
	}
	p.PURL = languagePURL(p.Type, pythonNormal(p.Name), p.Version)
	return p, ""
}

// pythonLicence is the expression of PEP 639 where there is one. The free text that came
// before counts when it is clear, and otherwise the classifier, when it is the only one.
func pythonLicence(expression, text string, classified []string) string {
	if strings.EqualFold(text, "UNKNOWN") {
		text = ""
	}
	if expression != "" || text != "" && (len(classified) == 0 || licence.Known(text)) {
		return cmp.Or(expression, text)
	}
	if len(classified) == 1 && (text == "" || licence.Known(classified[0])) {
		return classified[0]
	}
	return cmp.Or(text, line(strings.Join(classified, ", ")))
}

// pythonName reports whether s is a name by the Names and normalization specification.
func pythonName(s string) bool {
	return word(s) && strings.Trim(strings.ToLower(s), "abcdefghijklmnopqrstuvwxyz0123456789.-_") == "" && strings.Trim(s[:1]+s[len(s)-1:], ".-_") == s[:1]+s[len(s)-1:]
}

// pythonNormal is the form in which names are compared (PEP 503): lower case, a dash for
// each run of dashes, dots and underscores.
func pythonNormal(name string) string {
	words := strings.FieldsFunc(strings.ToLower(name), func(r rune) bool { return r == '-' || r == '_' || r == '.' })
	return strings.Join(words, "-")
}

// pythonFiles returns the files that the list beside a distribution's metadata names,
// the metadata included, and the digests that it has of them. Without a list, or with one
// that is longer than the limits and what is left in bytes, the metadata is all.
func pythonFiles(t *Tree, metadata step.Path, left *int64) ([]step.Path, []Sum, error) {
	dir := path.Dir(string(metadata))
	if p := string(metadata); hasSuffixName(p, ".egg-info") || hasSuffixName(p, zippedEgg) {
		return []step.Path{metadata}, nil, nil
	}
	list, from, read := "RECORD", path.Dir(dir), readRecord
	if path.Base(string(metadata)) == "PKG-INFO" {
		list, from, read = "installed-files.txt", dir, readLines
	}
	out := []step.Path{metadata}
	var sums []Sum
	f, err := t.Open(dir + "/" + list)
	if errors.Is(err, fs.ErrNotExist) {
		return out, nil, nil
	}
	if err != nil {
		return nil, nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxRecord+1))
	if err != nil || len(b) > maxRecord || int64(len(b)) > *left {
		return out, nil, err
	}
	*left -= int64(len(b))
	home := pythonHome(path.Dir(dir))
	for _, one := range read(b) {
		p, ok := listedBelow(home, from, one.name)
		if !ok {
			continue
		}
		one.Path = step.Path(t.ResolveParent(p))
		out = append(out, one.Path)
		if one.known() {
			sums = append(sums, one.Sum)
		}
	}
	sortPaths(out)
	return unique(out), sums, nil
}

// pythonListed is a line of a list of files: its name, and its digest where there is one.
type pythonListed struct {
	name string
	Sum
}

// readRecord reads a RECORD: the first field of each line of CSV is a path, the second,
// where it is "sha256=" and the unpadded digest in URL-safe base64, the file's digest
// (Recording installed projects). What follows a line that is none is not read.
func readRecord(b []byte) []pythonListed {
	r := csv.NewReader(bytes.NewReader(b))
	r.FieldsPerRecord, r.LazyQuotes, r.ReuseRecord = -1, true, true
	var out []pythonListed
	for {
		fields, err := r.Read()
		if err != nil {
			return out
		}
		one := pythonListed{name: fields[0]}
		if len(fields) > 1 {
			if value, ok := strings.CutPrefix(fields[1], sha256Name+"="); ok {
				raw, _ := base64.RawURLEncoding.DecodeString(value) // what is none is not known
				one.Sum = Sum{Algorithm: sha256Name, Value: hex.EncodeToString(raw)}
			}
		}
		out = append(out, one)
	}
}

func readLines(b []byte) []pythonListed {
	var out []pythonListed
	for _, name := range strings.Split(string(b), "\n") {
		out = append(out, pythonListed{name: name})
	}
	return out
}

// pythonHome is the folder below which a distribution installs its files: what has
// lib/pythonX.Y with the folder of packages in it, or else that folder itself.
func pythonHome(packages string) string {
	version := path.Dir(packages)
	if strings.HasPrefix(path.Base(version), "python") && strings.HasPrefix(path.Base(path.Dir(version)), "lib") {
		return path.Dir(path.Dir(version))
	}
	return packages
}

// listedBelow returns the clean path of a listed name, relative to a folder or absolute;
// false for one that is not below home.
func listedBelow(home, from, name string) (string, bool) {
	if name != "" && !strings.HasPrefix(name, "/") {
		name = from + "/" + name
	}
	p, ok := cleanListed(name)
	return p, ok && (home == "/" || strings.HasPrefix(p, home+"/"))
}
