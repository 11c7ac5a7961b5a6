package main

import (
	"slices"
	"strings"

	"github.com/sworn-build/sworn/provenance"
	"github.com/sworn-build/sworn/sbom"
	"github.com/sworn-build/sworn/sbom/licence"
	"github.com/sworn-build/sworn/step"
)

// addToolchains adds to the packages that a step read files of the compilers and runtimes
// that it ran: those that no database has, which are found by the programs among its
// inputs. The base of a stage is not described as a whole, so nothing else tells of them.
func (a *attribution) addToolchains(packages []readPackage, inputs []provenance.FileInput, licences *licence.Reader) ([]readPackage, error) {
	var programs []step.Path
	for _, f := range inputs {
		if f.Mount == "" && f.Package == "" && seenOpened(f) && !a.left[f.Digest.String()] {
			programs = append(programs, f.Path)
		}
	}
	found, err := sbom.Toolchains(a.before, programs)
	if err != nil {
		return nil, err
	}
	found = slices.DeleteFunc(found, func(m sbom.Manifest) bool {
		_, owned := a.owners.Of(m.Path, false)
		return owned
	})
	if err := sbom.DeclareLicences(licences, a.before, found); err != nil {
		return nil, err
	}
	for _, m := range found {
		for _, p := range m.Packages {
			packages = append(packages, readPackage{Program: true, Package: withoutFiles(p)})
		}
	}
	slices.SortFunc(packages, func(a, b readPackage) int { return strings.Compare(a.Package.PURL, b.Package.PURL) })
	return slices.CompactFunc(packages, func(a, b readPackage) bool { return a.Package.PURL == b.Package.PURL }), nil
}
