// Package image reads images that BuildKit exported: the index with its platform
// manifests and their attestation manifests, the statements in these, and the
// files that the layers make. It compares the files with what a contents/v1
// predicate says.
//
// Everything it reads is hostile. Reads are bounded, digests, sizes and diff IDs
// verified; a layer is streamed and never unpacked to disk. It refuses what it
// cannot place: an unknown media type, an entry below a symbolic link, a hard
// link to nothing.
//
//	ix, err := image.ReadIndex(ctx, repo, desc)
//	attached, err := image.ReadStatements(ctx, repo, ix.Platforms[0])
//	rootfs, err := image.ReadRootfs(ctx, repo, ix.Platforms[0].Manifest)
//	diffs := image.Compare(contents, rootfs.Files)
//
// Specifications: OCI image-spec v1.1 (index, manifest, layer);
// BuildKit docs/attestations/attestation-storage.md.
package image
