package check_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sworn-build/sworn/sbom/check"
)

// TestEveryRuleIsInTheDocs, with its level, what it asks for and where that is said.
func TestEveryRuleIsInTheDocs(t *testing.T) {
	b, err := os.ReadFile(filepath.Join("..", "..", "docs", "sbom.md"))
	if err != nil {
		t.Fatal(err)
	}
	var rows strings.Builder
	for _, r := range check.Rules() {
		text := r.Text
		if r.Source != "" {
			text = fmt.Sprintf("[%s](%s)", text, r.Source)
		}
		fmt.Fprintf(&rows, "| `%s` | %s | %s |\n", r.ID, r.Level, text)
	}
	if !strings.Contains(string(b), rows.String()) {
		t.Errorf("docs/sbom.md has other rows than these:\n%s", rows.String())
	}
	for _, name := range check.Tables() {
		if !strings.Contains(string(b), "| `"+name+"` |") {
			t.Errorf("docs/sbom.md does not say what the minimum elements of %s are", name)
		}
	}
}
