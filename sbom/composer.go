package sbom

import (
	"bytes"
	"encoding/json"
	"path"
	"strings"

	"github.com/sworn-build/sworn/step"
)

const typeComposer = "composer"

const composerInstalled = "/composer/installed.json"

// composerManifest reports whether a path is that of the list of packages that Composer
// installed: VENDOR/composer/installed.json.
func composerManifest(p string) bool { return strings.HasSuffix(p, composerInstalled) }

// composerPackage is an element of Composer's list.
type composerPackage struct {
	Name, Version, Homepage string
	License, Authors        any
	Path                    *string `json:"install-path"`
}

// parseComposer reads what Composer installed: an object with "packages", or, of
// Composer 1, the list itself. Each package owns the folder that it lies in.
func parseComposer(p string, b []byte) ([]Package, string) {
	var out []Package
	d := json.NewDecoder(bytes.NewReader(b))
	packages := func() error {
		return eachElement(d, func() error {
			var c composerPackage
			if err := value(d, &c); err != nil {
				return err
			}
			if len(out) == maxPackages {
				return errPackages
			}
			if one, ok := c.pkg(p); ok {
				out = append(out, one)
			}
			return nil
		})
	}
	var err error
	if bytes.HasPrefix(bytes.TrimSpace(b), []byte("[")) {
		err = packages()
	} else {
		err = eachField(d, func(key string) error {
			if key != "packages" {
				return skipValue(d)
			}
			return packages()
		})
	}
	if err != nil {
		return nil, err.Error()
	}
	return tidy(out), ""
}

// pkg is the package of an element in the list at a path; false when it has no name or
// version.
func (c composerPackage) pkg(list string) (Package, bool) {
	vendor, name, ok := strings.Cut(c.Name, "/")
	if !ok || !oneName(vendor) || !oneName(name) || !word(c.Version) {
		return Package{}, false
	}
	p := Package{Type: typeComposer, Name: c.Name, Version: c.Version, Homepage: line(c.Homepage), PURL: languagePURL(typeComposer, strings.ToLower(c.Name), c.Version)}
	p.Licence, p.Originator = line(alternatives(c.License)), member(c.Authors)
	at := "../" + c.Name // Composer 1 does not say
	if c.Path != nil {
		at = *c.Path
	}
	if folder, ok := composerFolder(list, at); ok {
		p.Files = []step.Path{folder}
	}
	return p, true
}

// alternatives are licences that one may choose from: a text, or a list of them.
func alternatives(v any) string {
	if s, ok := v.(string); ok {
		return s
	}
	list, _ := v.([]any)
	var out []string
	for _, one := range list {
		if s, ok := one.(string); ok {
			out = append(out, s)
		}
	}
	return strings.Join(out, " OR ")
}

// composerFolder is where a package lies, given from the folder of the list. It must lie
// in the project, which has the folder of packages.
func composerFolder(list, at string) (step.Path, bool) {
	if at == "" || len(at) > maxPath || strings.HasPrefix(at, "/") || strings.IndexByte(at, 0) >= 0 {
		return "", false
	}
	vendor := path.Dir(path.Dir(list))
	project := path.Dir(vendor)
	if project == "/" {
		project = vendor
	}
	p := path.Join(path.Dir(list), at)
	return step.Path(p), strings.HasPrefix(p, project+"/") && p != vendor
}
