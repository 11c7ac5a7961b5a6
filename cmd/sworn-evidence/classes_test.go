package main

import (
	"slices"
	"testing"

	"github.com/sworn-build/sworn/provenance"
	"github.com/sworn-build/sworn/sbom"
)

// TestClassesAreThoseOfContents: what the ledger calls a class is what statements do.
func TestClassesAreThoseOfContents(t *testing.T) {
	classes := []string{
		sbom.OriginPackage, sbom.OriginPackageChanged, sbom.OriginPackageState, sbom.OriginBase, sbom.OriginContext,
		sbom.OriginDownload, sbom.OriginStage, sbom.OriginStep, sbom.OriginUnexplained,
	}
	if !slices.Equal(classes, provenance.OriginClasses()) {
		t.Errorf("got %q, want %q", classes, provenance.OriginClasses())
	}
}
