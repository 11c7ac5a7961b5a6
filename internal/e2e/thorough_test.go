//go:build e2e && robustness

package e2e

// long: this is make robustness, everything is tried.
const long = true
