package arrows

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"
)

// TestFuzzTargetsHaveSeeds: a target without seeds tests nothing when it is run as a
// test. Seeds are f.Add, in the target or in a function that it hands f to, or files
// below testdata/fuzz.
func TestFuzzTargetsHaveSeeds(t *testing.T) {
	const root = "../.."
	targets := 0
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && path != root && (strings.HasPrefix(d.Name(), ".") || d.Name() == "bin" || d.Name() == "testdata") {
			return filepath.SkipDir
		}
		if !d.IsDir() {
			return nil
		}
		n, missing, err := withoutSeeds(path)
		targets += n
		for _, name := range missing {
			t.Errorf("%s in %s has no seed", name, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if targets == 0 {
		t.Error("no fuzz target was found at all")
	}
}

// withoutSeeds counts the fuzz targets of a folder and names those without seeds.
func withoutSeeds(dir string) (targets int, missing []string, err error) {
	files, err := filepath.Glob(filepath.Join(dir, "*_test.go"))
	if err != nil {
		return 0, nil, err
	}
	funcs := map[string]*ast.FuncDecl{}
	for _, file := range files {
		f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
		if err != nil {
			return 0, nil, err
		}
		for _, d := range f.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv == nil && fn.Body != nil {
				funcs[fn.Name.Name] = fn
			}
		}
	}
	for name, fn := range funcs {
		if !strings.HasPrefix(name, "Fuzz") || len(fn.Type.Params.List) != 1 {
			continue
		}
		targets++
		stored, err := filepath.Glob(filepath.Join(dir, "testdata", "fuzz", name, "*"))
		if err != nil {
			return 0, nil, err
		}
		if len(stored) == 0 && !adds(fn, funcs, map[string]bool{}) {
			missing = append(missing, name)
		}
	}
	return targets, missing, nil
}

// adds reports whether a function calls f.Add, itself or through another function of
// its package.
func adds(fn *ast.FuncDecl, funcs map[string]*ast.FuncDecl, seen map[string]bool) bool {
	if seen[fn.Name.Name] {
		return false
	}
	seen[fn.Name.Name] = true
	found := false
	ast.Inspect(fn.Body, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok {
			return true
		}
		switch f := call.Fun.(type) {
		case *ast.SelectorExpr:
			if x, ok := f.X.(*ast.Ident); ok && x.Name == "f" && f.Sel.Name == "Add" {
				found = true
			}
		case *ast.Ident:
			if callee := funcs[f.Name]; callee != nil && adds(callee, funcs, seen) {
				found = true
			}
		}
		return true
	})
	return found
}
