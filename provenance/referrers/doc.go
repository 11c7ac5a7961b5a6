// Package referrers makes and reads the manifests by which signed bundles hang on
// an image, as cosign v3 writes and finds them, and the index under the fallback
// tag for registries without the referrers API.
//
// It refuses manifests that are not exactly of that form. It neither reads nor
// writes a registry: provenance/repository does.
//
//	a, err := referrers.New(subject, bundle, predicateType)
//	index, err := referrers.Merge(old, []referrers.Artifact{a})
//
// Specifications: OCI image-spec v1.1, manifest with subject; OCI
// distribution-spec v1.1, "Referrers Tag Schema".
package referrers
