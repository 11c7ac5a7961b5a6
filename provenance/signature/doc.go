// Package signature signs the statements that are attached to an image, and
// verifies signed ones.
//
// [Sign] refuses an image whose statements are missing or are not about it, and
// one whose contents/v1 differs from its layers. It stores nothing before every
// statement is signed and verified. [Verify] trusts nothing but the key: what the
// signed statements say is compared with the attached ones and with the layers,
// and every referrer gets a verdict with a reason.
//
//	signed, err := signature.Sign(ctx, repo, desc, key, signature.Options{Name: "host/app"})
//	verdict, err := signature.Verify(ctx, repo, desc, key.Public(), signature.Options{})
//	if err == nil && !verdict.Pass { ... }
//
// It does not know transparency logs, timestamps or certificates.
package signature
