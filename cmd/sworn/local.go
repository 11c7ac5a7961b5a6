package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/sworn-build/sworn/provenance"
	"github.com/sworn-build/sworn/step"
)

// maxLocalStatement bounds a file with a statement, in bytes. BuildKit names every file of
// the export as a subject, which can be more than the predicate.
const maxLocalStatement = 256 << 20

// readLocal reads the statements that a build with -o type=local left in a folder: in it,
// or of several platforms in one folder each, like linux_amd64.
func readLocal(dir, platform string) (attested, error) {
	info, err := os.Stat(dir)
	if err != nil || !info.IsDir() {
		return attested{}, &hinted{fmt.Errorf("read %s: no folder", dir), "local:DIR is the folder that a build with -o type=local,dest=DIR left"}
	}
	statements, err := readStatements(dir)
	if err != nil {
		return attested{}, err
	}
	if len(statements) > 0 {
		a := attested{statements: statements, Platform: "unknown"}
		if s, err := a.steps(); err == nil {
			a.Platform = s.Platform
		}
		if platform != "" && platform != a.Platform {
			return attested{}, noPlatform(platform, []string{a.Platform})
		}
		return a, nil
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return attested{}, err
	}
	var names []string
	var found attested
	for _, e := range entries {
		name := strings.ReplaceAll(e.Name(), "_", "/")
		statements, err := readStatements(filepath.Join(dir, e.Name()))
		if !e.IsDir() || err != nil || len(statements) == 0 {
			continue
		}
		names = append(names, name)
		if platform == "" || platform == name {
			found = attested{statements: statements, Platform: name}
		}
	}
	switch {
	case len(names) == 0:
		return attested{}, &failure{message: "no statements of Sworn in " + dir, hints: []string{"ask for attestations by name when exporting: --provenance=mode=max or statements=always"}}
	case found.Platform == "" || platform == "" && len(names) > 1:
		return attested{}, noPlatform(platform, names)
	}
	return found, nil
}

// readStatements reads the statements in a folder, in the order in which an image has them.
func readStatements(dir string) ([]predicate, error) {
	var out []predicate
	for _, f := range []struct{ name, kind string }{
		{step.SPDXFile, provenance.SPDXType}, {step.SPDX3File, provenance.SPDX3Type},
		{step.ContentsFile, provenance.ContentsType}, {step.StepsFile, provenance.StepsType},
	} {
		b, err := readStatement(filepath.Join(dir, f.name), f.kind)
		if err != nil {
			return nil, err
		}
		if b != nil {
			out = append(out, predicate{f.kind, b})
		}
	}
	for _, part := range []struct {
		name func(int) string
		kind string
	}{{step.SPDXPart, provenance.SPDXType}, {step.SPDX3Part, provenance.SPDX3Type}} {
		for n := 1; ; n++ {
			b, err := readStatement(filepath.Join(dir, part.name(n)), part.kind)
			if err != nil {
				return nil, err
			}
			if b == nil {
				break
			}
			out = append(out, predicate{part.kind, b})
		}
	}
	return out, nil
}

// readStatement returns the predicate of a statement in a file; nil when there is no file.
// What lies beside it comes out of an image, so links are not followed.
func readStatement(path, kind string) ([]byte, error) {
	info, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, &failure{message: fmt.Sprintf("read %s: not a file", path)}
	}
	b, err := readBounded(path, maxLocalStatement)
	if err != nil {
		return nil, err
	}
	var s struct {
		PredicateType string          `json:"predicateType"`
		Predicate     json.RawMessage `json:"predicate"`
	}
	if err := json.Unmarshal(b, &s); err != nil {
		return nil, &failure{message: fmt.Sprintf("read %s: %v", path, err)}
	}
	if s.PredicateType != kind {
		return nil, &failure{message: fmt.Sprintf("read %s: its type is %.200q, want %s", path, s.PredicateType, kind)}
	}
	// BuildKit indents what it exports. Sworn's own documents are compact.
	var out bytes.Buffer
	if err := json.Compact(&out, s.Predicate); err != nil {
		return nil, &failure{message: fmt.Sprintf("read %s: %v", path, err)}
	}
	return out.Bytes(), nil
}

// readBounded reads a file of at most some bytes.
func readBounded(path string, most int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return readAtMost(f, path, most)
}

func readAtMost(r io.Reader, name string, most int64) ([]byte, error) {
	b, err := io.ReadAll(io.LimitReader(r, most+1))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	if int64(len(b)) > most {
		return nil, fmt.Errorf("read %s: more than %d bytes", name, most)
	}
	return b, nil
}
