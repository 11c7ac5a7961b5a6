package sbom

import (
	"encoding/json"
	"strings"
)

const (
	nodeModules = "/node_modules/"
	nodePackage = "/package.json"
)

// nodeRoot returns the folder of the package that a path in node_modules lies in, with
// or without a scope: the innermost one.
func nodeRoot(p string) (string, bool) {
	i := strings.LastIndex(p, nodeModules)
	if i < 0 {
		return "", false
	}
	start := i + len(nodeModules)
	name, rest, more := strings.Cut(p[start:], "/")
	if strings.HasPrefix(name, "@") {
		if !more {
			return "", false
		}
		second, after, _ := strings.Cut(rest, "/")
		name, rest = name+"/"+second, after
	}
	return p[:start+len(name)], rest != "node_modules"
}

// nodeManifest reports whether a path is that of an installed package's package.json.
func nodeManifest(p string) bool {
	root, ok := nodeRoot(p)
	return ok && p == root+nodePackage
}

// parseNode reads a package.json. The second result says why there is no package.
func parseNode(b []byte) (Package, string) {
	var fields struct {
		Name, Version, License, Licenses, Homepage, Author, Maintainers any
	}
	if err := json.Unmarshal(b, &fields); err != nil {
		return Package{}, "it is no JSON object"
	}
	text := func(v any) string {
		s, _ := v.(string)
		return line(s)
	}
	p := Package{
		Type: typeNode, Name: text(fields.Name), Version: text(fields.Version),
		Licence: nodeLicence(fields.License, fields.Licenses), Homepage: text(fields.Homepage),
		Originator: member(fields.Author), Maintainer: member(fields.Maintainers),
	}
	if !word(p.Name) || !word(p.Version) {
		return Package{}, "it has no name or no version"
	}
	p.PURL = languagePURL(p.Type, strings.ToLower(p.Name), p.Version)
	return p, ""
}

// nodeLicence is the licence of a package.json: an expression, or the object and the list
// that npm once took, of which one may be chosen.
func nodeLicence(license, licenses any) string {
	if license == nil {
		license = licenses
	}
	var all []string
	switch v := license.(type) {
	case string:
		return line(v)
	case map[string]any:
		s, _ := v["type"].(string)
		return line(s)
	case []any:
		for _, one := range v {
			s := nodeLicence(one, nil)
			if _, list := one.([]any); list || s == "" {
				return ""
			}
			if strings.ContainsAny(s, " ") {
				s = "(" + s + ")"
			}
			all = append(all, s)
		}
	}
	return line(strings.Join(all, " OR "))
}
