// Package e2e holds Sworn's end-to-end tests: real buildkitd, registries, buildx and
// cosign. They carry the build tag e2e and need the environment of `hack/env up`:
//
//	eval "$(hack/env env)"
//	go test -tags e2e ./internal/e2e
//
// `make test` does both.
package e2e
