package sigstore

import (
	"fmt"

	protobundle "github.com/sigstore/protobuf-specs/gen/pb-go/bundle/v1"
	"github.com/sigstore/sigstore-go/pkg/bundle"
	"google.golang.org/protobuf/encoding/protojson"
)

// BundleMediaType is the media type of a Sigstore bundle v0.3.
const BundleMediaType = "application/vnd.dev.sigstore.bundle.v0.3+json"

// PayloadType is the media type of an in-toto statement, in a DSSE envelope and
// as a layer of an attestation manifest.
const PayloadType = "application/vnd.in-toto+json"

// The types of in-toto statements that are read. Only the first is written.
const (
	StatementV1  = "https://in-toto.io/Statement/v1"
	StatementV01 = "https://in-toto.io/Statement/v0.1"
)

// DecodeBundle reads a bundle v0.3 of at most so many bytes, as its fields and as
// sigstore-go takes it. Of a DSSE envelope, the payload is an in-toto statement.
func DecodeBundle(b []byte, limit int) (*protobundle.Bundle, *bundle.Bundle, error) {
	if len(b) > limit {
		return nil, nil, fmt.Errorf("%d bytes, more than %d", len(b), limit)
	}
	pb := new(protobundle.Bundle)
	if err := protojson.Unmarshal(b, pb); err != nil {
		return nil, nil, fmt.Errorf("not a Sigstore bundle: %w", err)
	}
	sb, err := bundle.NewBundle(pb)
	if err != nil {
		return nil, nil, err
	}
	if !sb.MinVersion("v0.3") {
		return nil, nil, fmt.Errorf("media type %.200q, want %s", pb.MediaType, BundleMediaType)
	}
	if env := pb.GetDsseEnvelope(); env != nil && env.PayloadType != PayloadType {
		return nil, nil, fmt.Errorf("payload type %.200q, want %s", env.PayloadType, PayloadType)
	}
	return pb, sb, nil
}
