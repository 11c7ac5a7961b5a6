// Command syft-scanner is an SBOM generator for BuildKit made of Syft's module: what
// builds with Sworn are measured against. It speaks BuildKit's scanner protocol
// (docs/attestations/sbom-protocol.md of BuildKit) and catalogs with the settings of
// docker/buildkit-syft-scanner: the catalogers for images, those for files and the
// one for SBOMs inside the image; SPDX 2.3 as JSON.
//
//	docker buildx build --sbom=generator=REGISTRY/bench/syft-scanner .
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/anchore/syft/syft"
	"github.com/anchore/syft/syft/cataloging/filecataloging"
	"github.com/anchore/syft/syft/cataloging/pkgcataloging"
	"github.com/anchore/syft/syft/format"
	"github.com/anchore/syft/syft/format/spdxjson"
	"github.com/anchore/syft/syft/source"
	_ "modernc.org/sqlite" // the driver for RPM databases
)

// Variables of BuildKit's scanner protocol.
const (
	envDestination = "BUILDKIT_SCAN_DESTINATION"   // folder for statements
	envSource      = "BUILDKIT_SCAN_SOURCE"        // the image's root
	envExtras      = "BUILDKIT_SCAN_SOURCE_EXTRAS" // folder of further roots
)

func main() {
	if err := run(context.Background()); err != nil {
		fmt.Fprintf(os.Stderr, "syft-scanner: %v\n", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	dest, core := os.Getenv(envDestination), os.Getenv(envSource)
	if dest == "" || core == "" {
		return fmt.Errorf("%s and %s must be set: this runs as an SBOM generator of BuildKit", envDestination, envSource)
	}
	// Syft writes there, and the image holds nothing but this program.
	if err := os.Mkdir("/tmp", 0o777); err != nil && !errors.Is(err, os.ErrExist) {
		return err
	}
	roots := []string{core}
	if dir := os.Getenv(envExtras); dir != "" {
		entries, err := os.ReadDir(dir)
		if err != nil {
			return err
		}
		for _, e := range entries {
			roots = append(roots, filepath.Join(dir, e.Name()))
		}
	}
	for _, root := range roots {
		if err := scan(ctx, root, filepath.Join(dest, filepath.Base(root)+".spdx.json")); err != nil {
			return fmt.Errorf("scan %s: %w", root, err)
		}
	}
	return nil
}

// statement is an in-toto statement without a subject, which BuildKit adds.
type statement struct {
	Type          string          `json:"_type"`
	Subject       []any           `json:"subject"`
	PredicateType string          `json:"predicateType"`
	Predicate     json.RawMessage `json:"predicate"`
}

func scan(ctx context.Context, root, file string) error {
	src, err := syft.GetSource(ctx, root, syft.DefaultGetSourceConfig().
		WithBasePath(root).WithAlias(source.Alias{Name: filepath.Base(root)}))
	if err != nil {
		return err
	}
	defer src.Close()
	catalogers := pkgcataloging.NewSelectionRequest().
		WithDefaults(pkgcataloging.ImageTag, filecataloging.FileTag).
		WithAdditions("sbom-cataloger")
	found, err := syft.CreateSBOM(ctx, src, syft.DefaultCreateSBOMConfig().WithCatalogerSelection(catalogers))
	if err != nil {
		return err
	}
	found.Descriptor.Name = "syft"
	encoder, err := spdxjson.NewFormatEncoderWithConfig(spdxjson.DefaultEncoderConfig())
	if err != nil {
		return err
	}
	doc, err := format.Encode(*found, encoder)
	if err != nil {
		return err
	}
	out, err := json.Marshal(statement{
		Type: "https://in-toto.io/Statement/v1", Subject: []any{},
		PredicateType: "https://spdx.dev/Document", Predicate: doc,
	})
	if err != nil {
		return err
	}
	return os.WriteFile(file, append(out, '\n'), 0o644)
}
