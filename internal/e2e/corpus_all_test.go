//go:build e2e && corpus

package e2e

import "testing"

// All of the corpus under the default profile: make corpus.
func TestCorpus(t *testing.T) {
	buildCorpus(t, corpus(t), nil, nil)
}
