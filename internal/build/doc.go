// Package build turns the flags of `docker buildx build` into a request to BuildKit,
// runs it with Sworn's frontend in this process, and says what came of it.
//
//	r, err := build.Prepare(build.Options{Input: build.Input{Context: "."}})
//	defer r.Close()
//	res, err := r.Run(ctx, b, programs, display)
//
// It refuses what it cannot do, before anything runs: a wrong flag is a [*UsageError].
package build
