package sbom

import (
	"path"
	"strings"
)

// languageKey is the key of a language's package: what its index takes for the same name
// and version is the same.
func languageKey(kind, name, version string) string {
	if kind == typePython {
		name, version = pythonNormal(name), pythonVersion(version)
	}
	return kind + " " + name + " " + version
}

// pythonVersion writes a version as file names do: in lower case, and since a dash ends
// the version there, with underscores.
func pythonVersion(v string) string {
	return strings.ReplaceAll(strings.TrimPrefix(strings.ToLower(v), "v"), "-", "_")
}

// pythonFileKeys reads the name of a wheel or of a source archive.
func pythonFileKeys(file string) []string {
	if stem, ok := strings.CutSuffix(file, ".whl"); ok {
		if parts := strings.Split(stem, "-"); len(parts) == 5 || len(parts) == 6 {
			return []string{languageKey(typePython, parts[0], parts[1])}
		}
		return nil
	}
	for _, suffix := range []string{".tar.gz", ".zip"} {
		stem, ok := strings.CutSuffix(file, suffix)
		if i := strings.LastIndexByte(stem, '-'); ok && i > 0 && i < len(stem)-1 {
			return []string{languageKey(typePython, stem[:i], stem[i+1:])}
		}
	}
	return nil
}

// nodeFileKeys reads the path of a tarball: the package's own name stands before "/-/"
// and, without its scope, in the file's.
func nodeFileKeys(dir, file string) []string {
	dir, ok := strings.CutSuffix(dir, "/-/")
	if !ok {
		return nil
	}
	name := path.Base(dir)
	version, ok := strings.CutPrefix(strings.TrimSuffix(file, ".tgz"), name+"-")
	if !ok || version == "" {
		return nil
	}
	if scope := path.Base(path.Dir(dir)); strings.HasPrefix(scope, "@") {
		name = scope + "/" + name
	}
	return []string{languageKey(typeNode, name, version)}
}

// maxElements bounds the elements of a module's path.
const maxElements = 32

// mavenFileKeys reads the path of an archive in a repository of Maven's: the group is any
// of the ends of what stands before ARTIFACT/VERSION, as a repository may lie below any
// folder.
func mavenFileKeys(dir, file string) []string {
	parts := strings.Split(strings.Trim(dir, "/"), "/")
	n := len(parts)
	if n < 4 || strings.TrimSuffix(file, path.Ext(file)) != parts[n-2]+"-"+parts[n-1] {
		return nil
	}
	artifact, version := parts[n-2], parts[n-1]
	var out []string
	for i := n - 3; i >= max(1, n-2-maxElements); i-- { // the host goes
		out = append(out, languageKey(typeMaven, strings.Join(parts[i:n-2], ".")+":"+artifact, version))
	}
	return out
}

// goFileKeys reads the path of a module's archive (go.dev/ref/mod#goproxy-protocol). A
// proxy may lie below any folder, so the module's path is any of the ends of what stands
// before "/@v/".
func goFileKeys(dir, file string) []string {
	version, ok := strings.CutSuffix(file, ".zip")
	if !ok {
		return nil
	}
	version, ok = goUnescape(version)
	if !ok {
		return nil
	}
	parts := strings.Split(strings.TrimSuffix(dir, "/@v/"), "/")[1:] // the host goes
	var out []string
	module := ""
	for i := len(parts) - 1; i >= max(0, len(parts)-maxElements); i-- {
		part, ok := goUnescape(parts[i])
		if !ok {
			break // of the folder, not of the module
		}
		module = path.Join(part, module)
		out = append(out, languageKey(typeGo, module, version))
	}
	return out
}

// goUnescape undoes how module paths are written for file systems without case: "!x" is
// "X".
func goUnescape(s string) (string, bool) {
	if s == "" || strings.ToLower(s) != s {
		return "", false
	}
	parts := strings.Split(s, "!")
	for i, p := range parts[1:] {
		if p == "" || p[0] < 'a' || p[0] > 'z' {
			return "", false
		}
		parts[i+1] = strings.ToUpper(p[:1]) + p[1:]
	}
	return strings.Join(parts, ""), true
}
