//go:build e2e && !robustness

package e2e

// long: this is make test, whose time is short. `make robustness` tries everything.
const long = false
