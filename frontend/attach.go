package frontend

import (
	"context"
	"fmt"
	"strconv"

	"github.com/moby/buildkit/frontend/attestations"
	"github.com/moby/buildkit/frontend/gateway/client"
	gwpb "github.com/moby/buildkit/frontend/gateway/pb"
	"github.com/moby/buildkit/solver/result"

	"github.com/sworn-build/sworn/provenance"
	"github.com/sworn-build/sworn/step"
)

// statement is a file in the evidence tool's output with its predicate type.
type statement struct{ file, predicate string }

// statements are those of every build.
func (o Options) statements() []statement {
	all := []statement{{step.ContentsFile, provenance.ContentsType}, {step.StepsFile, provenance.StepsType}}
	if o.documents() {
		all = append([]statement{{step.SPDXFile, provenance.SPDXType}, {step.SPDX3File, provenance.SPDX3Type}}, all...)
	}
	return all
}

// parts are the documents with files that the others have no room for. They come last:
// whoever takes the first document takes the one that is about the image.
func parts(ctx context.Context, out client.Reference) ([]statement, error) {
	found, err := out.ReadDir(ctx, client.ReadDirRequest{Path: "/", IncludePattern: step.SPDXParts})
	if err != nil {
		return nil, fmt.Errorf("list the documents: %w", err)
	}
	names := map[string]bool{}
	for _, f := range found {
		names[f.GetPath()] = true
	}
	var all []statement
	for _, version := range []struct {
		name      func(int) string
		predicate string
	}{{step.SPDXPart, provenance.SPDXType}, {step.SPDX3Part, provenance.SPDX3Type}} {
		for i := 1; names[version.name(i)]; i++ {
			all = append(all, statement{version.name(i), version.predicate})
		}
	}
	if len(all) != len(names) {
		return nil, fmt.Errorf("list the documents: of %d files with parts of them %d are known", len(names), len(all))
	}
	return all, nil
}

// statementAttestations attaches files of the evidence tool's output. They have no
// subject of their own, so that BuildKit makes the image it.
//
// There is no sbom-core in the metadata: BuildKit would re-encode the SPDX document.
func (b *platformBuild) statementAttestations(out client.Reference, files []statement) []client.Attestation {
	var all []client.Attestation
	for _, s := range files {
		all = append(all, client.Attestation{
			Kind:     gwpb.AttestationKind_InToto,
			Metadata: b.attestationMetadata(),
			Ref:      out,
			Path:     s.file,
			InToto:   result.InTotoAttestation{PredicateType: s.predicate},
		})
	}
	return all
}

func (b *platformBuild) attestationMetadata() map[string][]byte {
	return map[string][]byte{
		result.AttestationInlineOnlyKey: []byte(strconv.FormatBool(b.inlineOnly())),
	}
}

// inlineOnly reports whether exporters may leave the statements out where BuildKit
// leaves its default provenance out (`--load`, `-o local`). As with that, asking for
// attestations by name overrides it.
func (b *platformBuild) inlineOnly() bool {
	if b.options.Statements == "always" {
		return false
	}
	asked, err := attestations.Parse(b.opts)
	if err != nil {
		return true // dockerui has refused these options already
	}
	if _, ok := asked[attestations.KeyTypeSbom]; ok {
		return false
	}
	prov, ok := asked[attestations.KeyTypeProvenance]
	if !ok {
		return true
	}
	inline, err := strconv.ParseBool(prov["inline-only"])
	return err == nil && inline
}
