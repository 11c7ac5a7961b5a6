package sbom

import (
	"errors"
	"fmt"
	"strings"

	"github.com/sworn-build/sworn/step"
)

// ParseDpkgStatus reads stanzas of dpkg's status file (deb822(5)) and returns
// those whose files are installed. PURL and Files are not set; Sums are those of
// its configuration files, at the paths that the package gives. A stanza without a
// package name or version, or with a line that belongs to no field, is left out: the
// error is about the first of them.
func ParseDpkgStatus(b []byte) ([]Package, error) {
	r := statusReader{fields: map[string]string{}}
	for i, line := range strings.Split(string(b), "\n") {
		line = strings.TrimSuffix(line, "\r")
		if strings.TrimSpace(line) == "" {
			r.flush(fmt.Sprintf("stanza before line %d", i+1))
			continue
		}
		if err := r.line(line); err != nil {
			r.fail(fmt.Errorf("line %d %w", i+1, err))
		}
	}
	r.flush("last stanza")
	if r.err != nil {
		return r.packages, fmt.Errorf("read dpkg status: %w", r.err)
	}
	return r.packages, nil
}

// statusReader reads one stanza after the other.
type statusReader struct {
	packages []Package
	fields   map[string]string
	last     string // the field of the line before
	bad      bool   // the stanza has a line that is no field
	err      error  // of the first bad stanza
}

func (r *statusReader) fail(err error) {
	r.bad = true
	if r.err == nil {
		r.err = err
	}
}

func (r *statusReader) line(line string) error {
	if line[0] == ' ' || line[0] == '\t' {
		if r.last == "" {
			return errors.New("continues no field")
		}
		if r.last == "conffiles" {
			r.fields[r.last] += "\n" + line
		}
		return nil
	}
	key, value, ok := strings.Cut(line, ":")
	if !ok {
		return errors.New("is no field")
	}
	r.last = strings.ToLower(key)
	if wanted(r.last) {
		r.fields[r.last] = strings.TrimSpace(value)
	}
	return nil
}

// flush ends a stanza.
func (r *statusReader) flush(where string) {
	if len(r.fields) > 0 && !r.bad {
		p, installed, err := dpkgPackage(r.fields)
		switch {
		case err != nil:
			r.fail(fmt.Errorf("%s: %w", where, err))
		case installed:
			r.packages = append(r.packages, p)
		}
	}
	r.fields, r.last, r.bad = map[string]string{}, "", false
}

func wanted(field string) bool {
	switch field {
	case "package", "status", "version", "architecture", "source", "maintainer", "original-maintainer", "homepage", "conffiles":
		return true
	}
	return false
}

func dpkgPackage(f map[string]string) (Package, bool, error) {
	p := Package{
		Type:       typeDeb,
		Name:       f["package"],
		Version:    f["version"],
		Arch:       f["architecture"],
		Maintainer: f["maintainer"],
		Originator: f["original-maintainer"],
		Homepage:   f["homepage"],
	}
	if p.Name == "" {
		return Package{}, false, fmt.Errorf("no package name")
	}
	if !unpacked(f["status"]) {
		return Package{}, false, nil
	}
	if p.Version == "" {
		return Package{}, false, fmt.Errorf("package %q has no version", p.Name)
	}
	p.Sums = parseConffiles(f["conffiles"])
	p.Source, p.SourceVersion = p.Name, p.Version
	if src := f["source"]; src != "" {
		name, version, ok := strings.Cut(src, " ")
		p.Source = name
		if version = strings.Trim(strings.TrimSpace(version), "()"); ok && version != "" {
			p.SourceVersion = version
		}
	}
	return p, true, nil
}

// unpacked reports whether a status line says that the package's files are in
// place. Without a status (status.d) they are.
func unpacked(status string) bool {
	f := strings.Fields(status)
	if len(f) == 0 {
		return true
	}
	switch f[len(f)-1] {
	case "not-installed", "config-files":
		return false
	}
	return true
}

// ParseDpkgList reads a file list (info/*.list), a path a line.
func ParseDpkgList(b []byte) []string {
	var out []string
	for _, line := range strings.Split(string(b), "\n") {
		if p, ok := databasePath(line); ok {
			out = append(out, p)
		}
	}
	return out
}

// ParseMD5Sums reads a md5sums file: "SUM  usr/bin/x" a line.
func ParseMD5Sums(b []byte) []Sum {
	var out []Sum
	for _, line := range strings.Split(string(b), "\n") {
		sum, rest, ok := strings.Cut(line, " ")
		if !ok || rest == "" {
			continue
		}
		if s, ok := md5Sum(rest[1:], sum); ok {
			out = append(out, s)
		}
	}
	return out
}

// parseConffiles reads the field Conffiles: "PATH SUM [obsolete] [remove-on-upgrade]" a
// line. What is obsolete is no longer of the package, and of a file that it is to remove
// there is nothing to compare.
func parseConffiles(field string) []Sum {
	var out []Sum
	for _, line := range strings.Split(field, "\n") {
		words := strings.Fields(line)
		if len(words) != 2 {
			continue
		}
		if s, ok := md5Sum(words[0], words[1]); ok {
			s.Conffile = true
			out = append(out, s)
		}
	}
	return out
}

func md5Sum(listed, value string) (Sum, bool) {
	p, ok := databasePath(listed)
	s := Sum{Path: step.Path(p), Algorithm: md5Name, Value: value}
	return s, ok && s.known()
}

// Diversion is an entry of dpkg's diversions: every package's file From lies at
// To, except that of Package.
type Diversion struct {
	From, To string
	// Package is ":" when an administrator made it.
	Package string
}

// ParseDiversions reads dpkg's diversions file: three lines each.
func ParseDiversions(b []byte) ([]Diversion, error) {
	if len(b) == 0 {
		return nil, nil
	}
	lines := strings.Split(strings.TrimSuffix(string(b), "\n"), "\n")
	if len(lines)%3 != 0 {
		return nil, fmt.Errorf("read dpkg diversions: %d lines, want three for each", len(lines))
	}
	var out []Diversion
	for i := 0; i < len(lines); i += 3 {
		from, ok1 := databasePath(lines[i])
		to, ok2 := databasePath(lines[i+1])
		if !ok1 || !ok2 || lines[i+2] == "" {
			return nil, fmt.Errorf("read dpkg diversions: bad entry at line %d", i+1)
		}
		out = append(out, Diversion{From: from, To: to, Package: lines[i+2]})
	}
	return out, nil
}
