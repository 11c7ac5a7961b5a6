package frontend

import (
	"strconv"

	"github.com/moby/buildkit/frontend/attestations"
	"github.com/moby/buildkit/frontend/gateway/client"
	gwpb "github.com/moby/buildkit/frontend/gateway/pb"
	"github.com/moby/buildkit/solver/result"

	"github.com/sworn-build/sworn/provenance"
	"github.com/sworn-build/sworn/step"
)

// statementAttestations are the four statements in the evidence tool's output. They
// have no subject of their own, so that BuildKit makes the image it.
//
// There is no sbom-core in the metadata: BuildKit would re-encode the SPDX document.
func (b *platformBuild) statementAttestations(out client.Reference) []client.Attestation {
	var all []client.Attestation
	for _, s := range []struct{ file, predicate string }{
		{step.SPDXFile, provenance.SPDXType},
		{step.SPDX3File, provenance.SPDX3Type},
		{step.ContentsFile, provenance.ContentsType},
		{step.StepsFile, provenance.StepsType},
	} {
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
