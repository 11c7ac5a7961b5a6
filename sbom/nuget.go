package sbom

import (
	"bytes"
	"encoding/json"
	"path"
	"strings"

	"github.com/sworn-build/sworn/step"
)

const typeNuget = "nuget"

const nugetDeps = ".deps.json"

// nugetManifest reports whether a path is that of the dependencies of a .NET application.
func nugetManifest(p string) bool { return hasSuffixName(p, nugetDeps) }

// runtimePack begins the name that a list has for the runtime that an application
// brings along.
const runtimePack = "runtimepack."

// maxNugetPaths bounds in bytes the paths of an application's files.
const maxNugetPaths = 16 << 20

// parseNuget reads the dependencies of a .NET application (runtime-configuration-file.md
// of dotnet/sdk): "libraries" has each package as NAME/VERSION with its type, "targets" the
// files of each, for a framework.
func parseNuget(p string, b []byte) ([]Package, string) {
	if !bytes.Contains(b, []byte(`"libraries"`)) {
		return nil, "" // others name files so, too
	}
	var order []string
	room := maxNugetPaths
	project := map[string]bool{}
	files := map[string][]step.Path{}
	d := json.NewDecoder(bytes.NewReader(b))
	err := eachField(d, func(key string) error {
		switch key {
		case "libraries":
			return eachField(d, func(id string) error {
				var library struct{ Type string }
				if err := value(d, &library); err != nil {
					return err
				}
				if len(order) == maxPackages {
					return errPackages
				}
				order = append(order, id)
				project[id] = library.Type == "project"
				return nil
			})
		case "targets":
			return eachField(d, func(string) error {
				return eachField(d, func(id string) error {
					fs, err := nugetFiles(d, path.Dir(p), &room)
					files[id] = append(files[id], fs...)
					return err
				})
			})
		}
		return skipValue(d)
	})
	if err != nil {
		return nil, err.Error()
	}
	var out []Package
	for _, id := range order {
		name, version, ok := strings.Cut(id, "/")
		name = strings.TrimPrefix(name, runtimePack)
		if !ok || !oneName(name) || !word(version) {
			continue
		}
		one := Package{Type: typeNuget, Name: name, Version: version, PURL: languagePURL(typeNuget, name, version), Files: files[id]}
		if project[id] && strings.TrimSuffix(path.Base(p), nugetDeps) == name {
			one.Files = append(one.Files, nugetProgram(p)...)
		}
		out = append(out, one)
	}
	return tidy(out), ""
}

// nugetProgram are the files of an application itself: beside its list its settings, its
// library and what starts it.
func nugetProgram(list string) []step.Path {
	name := strings.TrimSuffix(list, nugetDeps)
	var out []step.Path
	for _, end := range []string{nugetDeps, ".runtimeconfig.json", ".dll", ".pdb", ""} {
		out = append(out, step.Path(name+end))
	}
	return out
}

// nugetFiles reads what a package has for a framework: where its files lie when the
// application is installed, in a folder. Those for one system keep their folders, those
// in a language lie in one of its name, others beside the application.
// It takes them from the bytes that paths may have in all.
func nugetFiles(d *json.Decoder, dir string, room *int) (out []step.Path, err error) {
	add := func(parts ...string) {
		p, ok := listedBelow(dir, dir, path.Join(parts...))
		if *room -= len(p); ok && *room > 0 {
			out = append(out, step.Path(p))
		}
	}
	err = eachField(d, func(kind string) error {
		switch kind {
		case "runtime", "native", "resources", "runtimeTargets":
		default:
			return skipValue(d)
		}
		return eachField(d, func(file string) error {
			var asset struct{ Locale string }
			if err := value(d, &asset); err != nil {
				return err
			}
			switch kind {
			case "runtimeTargets":
				add(file)
			case "resources":
				add(asset.Locale, path.Base(file))
			default:
				add(path.Base(file))
			}
			return nil
		})
	})
	return out, err
}
