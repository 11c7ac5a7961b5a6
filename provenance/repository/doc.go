// Package repository opens the places that images lie in: a repository of a
// registry, an OCI layout in a folder, an OCI layout in a tar archive. From each an
// image is resolved, content fetched, the referrers of a manifest listed, and new
// ones attached.
//
// What it fetches is not verified: provenance/image does that. What it lists is
// bounded. It writes in an order that leaves nothing half-written visible: blobs,
// then manifests, then what lists them. It refuses plain HTTP except to this
// machine, unless it is told otherwise.
//
//	ref, err := repository.Parse("127.0.0.1:5000/app:1")
//	repo, err := repository.Open(ctx, ref, repository.Options{})
//	desc, err := repo.Resolve(ctx)
//
// Specifications: OCI distribution-spec v1.1; OCI image-spec v1.1, image layout.
package repository
