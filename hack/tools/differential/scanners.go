// Package differential compares what Sworn finds in a file system with what two scanners
// find there, Syft and osv-scalibr: each package of theirs is one of ours, or
// differences.txt says why it is not.
//
//	packages, err := scalibrPackages(ctx, root)
package differential

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"

	cpb "github.com/google/osv-scalibr/binary/proto/config_go_proto"
	"github.com/google/osv-scalibr/extractor/filesystem"
	"github.com/google/osv-scalibr/extractor/filesystem/language/dotnet/depsjson"
	"github.com/google/osv-scalibr/extractor/filesystem/language/golang/gobinary"
	"github.com/google/osv-scalibr/extractor/filesystem/language/java/archive"
	"github.com/google/osv-scalibr/extractor/filesystem/language/javascript/packagejson"
	"github.com/google/osv-scalibr/extractor/filesystem/language/python/wheelegg"
	"github.com/google/osv-scalibr/extractor/filesystem/language/ruby/gemspec"
	"github.com/google/osv-scalibr/extractor/filesystem/language/rust/cargoauditable"
	"github.com/google/osv-scalibr/extractor/filesystem/os/apk"
	"github.com/google/osv-scalibr/extractor/filesystem/os/dpkg"
	"github.com/google/osv-scalibr/extractor/filesystem/os/rpm"
	scalibrfs "github.com/google/osv-scalibr/fs"
	"github.com/google/osv-scalibr/stats"
	"github.com/package-url/packageurl-go"
	_ "modernc.org/sqlite" // the driver for rpm's databases

	"github.com/sworn-build/sworn/sbom"
	"github.com/sworn-build/sworn/step"
)

// found is a package of one of the tools.
type found struct {
	purl string
	// paths that told of it, sorted.
	paths []string
}

// image is a file system as Sworn reads it.
type image struct {
	tree     *sbom.Tree
	owners   *sbom.Owners
	packages []found
}

// readImage reads a file system, which is to be closed.
func readImage(root string) (*image, error) {
	tree, err := sbom.OpenTree(root)
	if err != nil {
		return nil, err
	}
	inv, err := sbom.Load(tree)
	if err != nil {
		return nil, err
	}
	c, err := sbom.Compare(nil, tree)
	if err != nil {
		return nil, err
	}
	img := &image{tree: tree, owners: inv.Owners()}
	var m *sbom.Manifests
	all := inv.Join(m.Apply(c.Delta, c.Manifests).OwnedBy(img.owners))
	if len(all.Unread) > 0 {
		return nil, fmt.Errorf("not read: %q", all.Unread)
	}
	for _, p := range all.Packages {
		f := found{purl: p.PURL}
		for _, at := range all.Manifests[p.PURL] {
			f.paths = append(f.paths, string(at))
		}
		img.packages = append(img.packages, f)
	}
	return img, nil
}

// owned reports whether packages of databases own all paths, of which there are some.
func (img *image) owned(paths []string) bool {
	for _, p := range paths {
		// Scanners name what lies in an archive after it.
		p, _, _ = strings.Cut(p, ":")
		if _, ok := img.owners.Of(step.Path(img.tree.Resolve(p)), false); !ok {
			return false
		}
	}
	return len(paths) > 0
}

// syftPackages are what Syft finds, with its catalogers for images. It is a program of
// its own (hack/bench/syft-scanner): the two scanners need versions of a library that do not fit
// together.
func syftPackages(ctx context.Context, scanner, root, scratch string) ([]found, error) {
	cmd := exec.CommandContext(ctx, scanner)
	cmd.Env = append(os.Environ(), "BUILDKIT_SCAN_SOURCE="+root, "BUILDKIT_SCAN_DESTINATION="+scratch)
	if out, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("syft-scanner: %w\n%s", err, out)
	}
	b, err := os.ReadFile(filepath.Join(scratch, filepath.Base(root)+".spdx.json"))
	if err != nil {
		return nil, err
	}
	var statement struct {
		Predicate struct {
			Packages []struct {
				Name, VersionInfo, SourceInfo string
				ExternalRefs                  []struct{ ReferenceType, ReferenceLocator string }
			}
		}
	}
	if err := json.Unmarshal(b, &statement); err != nil {
		return nil, err
	}
	var out []found
	for _, p := range statement.Predicate.Packages {
		if p.SourceInfo == "" {
			continue // the file system itself
		}
		f := found{purl: nameless(p.Name, p.VersionInfo)}
		for _, r := range p.ExternalRefs {
			if r.ReferenceType == "purl" {
				f.purl = r.ReferenceLocator
			}
		}
		// "acquired package info from ...: /path, /other"
		_, paths, _ := strings.Cut(p.SourceInfo, ": ")
		f.paths = strings.Split(paths, ", ")
		out = append(out, tidy(f))
	}
	return out, nil
}

// nameless is the URL of a package that a scanner gives none.
func nameless(name, version string) string {
	return packageurl.NewPackageURL("generic", "", name, version, nil, "").ToString()
}

// scalibrPackages are what osv-scalibr's extractors of what is installed find.
func scalibrPackages(ctx context.Context, root string) ([]found, error) {
	var extractors []filesystem.Extractor
	for _, one := range []func(*cpb.PluginConfig) (filesystem.Extractor, error){
		dpkg.New, apk.New, rpm.New, wheelegg.New, packagejson.New, gobinary.New, archive.New, cargoauditable.New, gemspec.New, depsjson.New,
	} {
		e, err := one(&cpb.PluginConfig{})
		if err != nil {
			return nil, err
		}
		extractors = append(extractors, e)
	}
	inv, statuses, err := filesystem.Run(ctx, &filesystem.Config{Extractors: extractors, ScanRoots: scalibrfs.RealFSScanRoots(root), Stats: stats.NoopCollector{}})
	if err != nil {
		return nil, err
	}
	if len(statuses) != len(extractors) {
		return nil, fmt.Errorf("osv-scalibr ran %d of %d extractors", len(statuses), len(extractors))
	}
	var out []found
	for _, p := range inv.Packages {
		f := found{}
		if u := p.PURL(); u != nil {
			f.purl = u.String()
		} else {
			f.purl = nameless(p.Name, p.Version)
		}
		f.paths = append(f.paths, path.Clean("/"+p.Location.PathOrEmpty()))
		out = append(out, tidy(f))
	}
	return out, nil
}

func tidy(f found) found {
	slices.Sort(f.paths)
	f.paths = slices.Compact(f.paths)
	return f
}

// key is what makes two package URLs the same package: type, namespace, name and version,
// in lower case. Of the packages of a distribution the namespace is left out, as tools do
// not agree on it. Modules of Go are as osv-scalibr writes them, without the v of their versions,
// which for it are never empty.
func key(purl string) string {
	u, err := packageurl.FromString(purl)
	if err != nil {
		return purl
	}
	name, version := u.Name, u.Version
	switch u.Type {
	case "deb", "rpm":
		u.Namespace = ""
	case "golang":
		version = strings.TrimPrefix(version, "v")
		if version == "(devel)" {
			version = ""
		}
		if name == "stdlib" && u.Namespace == "" {
			name = "go"
		}
	}
	return strings.ToLower(path.Join(u.Type, u.Namespace, name) + "@" + version)
}
