//go:build e2e

package e2e

import (
	"os"
	"path/filepath"
	"testing"
)

func mustRead(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// certificates calls the script of that name.
func certificates(t *testing.T, args ...string) {
	t.Helper()
	mustRun(t, filepath.Join("..", "..", "hack", "buildkitd", "certificates"), args...)
}
