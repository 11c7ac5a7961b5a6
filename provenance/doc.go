// Package provenance defines Sworn's predicate types: [Steps], what every step of
// a build ran, read and wrote, and [Contents], every file of the image.
//
// It defines shapes and checks them; it neither reads images nor signs. Signing
// lies in provenance/envelope, storing in provenance/referrers.
//
//	b, err := json.Marshal(provenance.Contents{...})
package provenance
