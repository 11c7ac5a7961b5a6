package main

import (
	"path"
	"slices"
	"strings"

	"github.com/sworn-build/sworn/provenance"
	"github.com/sworn-build/sworn/sbom"
	"github.com/sworn-build/sworn/step"
)

// A package of a database is what somebody wrote into it. What a step did tells more: it had
// the package's archive, or it ran a package manager that may have had it from where nobody
// looked. Of the packages of a step that did neither nothing but their entries speaks.

// installation is what is known of how the packages of databases came that a step added.
type installation struct {
	// archives are, by purl, the paths of files that the step read and that a package can have
	// been installed from.
	archives map[string]string
	// unsaid are the purls of packages for which nothing but their entries speaks.
	unsaid map[string]bool
}

// installation of the packages that a step added.
func (o *origins) installation(id string) installation {
	if i, ok := o.installs[id]; ok {
		return i
	}
	i := installation{archives: map[string]string{}, unsaid: map[string]bool{}}
	o.installs[id] = i
	s := o.steps[id]
	d := o.delta(s.Evidence)
	if d == nil || len(d.PackagesAdded) == 0 || s.Kind != step.KindExec && s.Kind != step.KindFile {
		return i
	}
	added := o.addedPackages(id)
	located := sbom.Downloads(added, o.downloadedFor(id))
	read, fetched := archivesRead(d), archivesFetched(o.recorded(s))
	named := sbom.Downloads(added, read)
	var left []sbom.Package
	for _, p := range added {
		if from, ok := named[p.PURL]; ok {
			i.archives[p.PURL] = archiveName(from)
			read = remaining(read, from)
		} else if from, ok := located[p.PURL]; ok {
			fetched = remaining(fetched, from)
		} else {
			left = append(left, p)
		}
	}
	for kind := range managers { // each by itself: in any order
		of := slices.DeleteFunc(slices.Clone(left), func(p sbom.Package) bool { return p.Type != kind })
		archives := slices.DeleteFunc(slices.Concat(read, fetched), func(a sbom.Download) bool { return path.Ext(a.URL) != "."+kind })
		switch {
		case len(of) <= len(archives): // each may have one of them, whatever it is called
			for _, p := range of {
				i.archives[p.PURL] = archiveNames(archives)
			}
		case !mayHaveInstalled(s, d, kind):
			for _, p := range of {
				i.unsaid[p.PURL] = true
			}
		}
	}
	return i
}

// addedPackages are the packages of databases that a step added, sorted by purl.
func (o *origins) addedPackages(id string) []sbom.Package {
	purls, _ := o.changedPackages(id)
	var out []sbom.Package
	for _, p := range o.graph.installed[id].inv().Packages {
		if _, ok := slices.BinarySearch(purls, p.PURL); ok && provenance.OfDatabase(p.PURL) {
			out = append(out, p)
		}
	}
	return out
}

// fileScheme begins the paths of archives that a step read, which are looked at as downloads
// are.
const fileScheme = "file://"

// archivesRead are the files that a step read which are called as archives of packages are.
func archivesRead(d *described) []sbom.Download {
	if d.Record == nil {
		return nil
	}
	var out []sbom.Download
	for _, f := range d.Record.Inputs.Files {
		if seenOpened(f) && isArchive(string(f.Path)) {
			out = append(out, sbom.Download{URL: fileScheme + strings.ReplaceAll(string(f.Path), "%", "%25"), SHA256: f.Digest.String()})
		}
	}
	return out
}

// archivesFetched are those that it downloaded.
func archivesFetched(n *step.Network) []sbom.Download {
	if n == nil {
		return nil
	}
	return slices.DeleteFunc(downloaded(n.Requests), func(d sbom.Download) bool { return !isArchive(d.URL) })
}

func isArchive(name string) bool {
	return managers[strings.TrimPrefix(path.Ext(name), ".")] != nil
}

func remaining(archives []sbom.Download, used sbom.Download) []sbom.Download {
	return slices.DeleteFunc(archives, func(a sbom.Download) bool { return a == used })
}

// archiveName is the path of an archive that a step read, or the URL of one that it downloaded.
func archiveName(a sbom.Download) string {
	if p, read := strings.CutPrefix(a.URL, fileScheme); read {
		return strings.ReplaceAll(p, "%25", "%")
	}
	return a.URL
}

// maxArchives bounds the archives that are named of a package.
const maxArchives = 3

func archiveNames(archives []sbom.Download) string {
	var names []string
	for _, a := range archives[:min(len(archives), maxArchives)] {
		names = append(names, archiveName(a))
	}
	if len(archives) > maxArchives {
		names = append(names, "others")
	}
	return strings.Join(names, " or ")
}

// managers are, by type of package, the programs that install packages, and what packages
// of them are called.
var managers = map[string][]string{
	"deb": {"dpkg"},
	"apk": {"apk", "apk.static", "apk-tools", "apk-tools-static"},
	"rpm": {"rpm", "dnf", "dnf-3", "dnf5", "microdnf", "yum", "zypper", "tdnf", "rpm-ostree", "python3-dnf"},
}

// mayHaveInstalled reports of a type of package whether a step may have installed some from
// an archive that nobody saw: what it read or asked the network for is not all on record,
// and a package manager was opened, or may have been.
func mayHaveInstalled(s step.Step, d *described, kind string) bool {
	switch {
	case s.Kind != step.KindExec:
		return false
	case d.Record == nil || !d.Record.Inputs.Complete:
		return true
	case network(s.Exec, d).Complete:
		return false
	}
	return slices.ContainsFunc(d.Record.Packages, func(p readPackage) bool { return p.Program && slices.Contains(managers[kind], p.Package.Name) }) ||
		slices.ContainsFunc(d.Record.Inputs.Files, func(f provenance.FileInput) bool { return slices.Contains(managers[kind], path.Base(string(f.Path))) })
}

// saidOf adds to the packages of an image how they came.
func (o *origins) saidOf(in *sbom.Installed) {
	in.Archives, in.Unsaid = map[string]string{}, map[string]bool{}
	for _, p := range in.Packages {
		by := in.By[p.PURL]
		if o.steps[by].ID == "" || !provenance.OfDatabase(p.PURL) {
			continue
		}
		i := o.installation(by)
		if from := i.archives[p.PURL]; from != "" {
			in.Archives[p.PURL] = from
		}
		if i.unsaid[p.PURL] {
			in.Unsaid[p.PURL] = true
		}
	}
}
