// Package builder finds the BuildKit that a build runs on and connects to it: one that
// is named by address, any of buildx's, or one that it starts itself and shares with
// every other build of the user.
//
//	b, err := builder.Connect(ctx, builder.Options{Environ: os.Environ(), Say: say})
//	defer b.Close()
//	b.Client // github.com/moby/buildkit/client
//
// It refuses to guess where something was named: a builder that was asked for and does
// not answer is an error, and never another builder.
package builder
