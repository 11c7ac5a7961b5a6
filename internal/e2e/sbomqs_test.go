//go:build e2e && sbomqs

package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/sworn-build/sworn/provenance"
)

// TestSBOMQSScoresUsAboveTheScanner has sbomqs score the documents of the same images built
// with Sworn and with Syft as BuildKit's scanner: make sbomqs. What it logs is the table of
// docs/sbom.md.
func TestSBOMQSScoresUsAboveTheScanner(t *testing.T) {
	program, err := exec.LookPath("sbomqs")
	if err != nil {
		t.Fatal("sbomqs is not in PATH, and nothing here makes it; docs/sbom.md has the version that the figures are of")
	}
	e := mustEnv(t)
	scanner, frontend := scannerImage(t, e), recordingRoots(t)
	context, _ := mixedContext(t)
	record := []string{"build-arg:SWORN_NETWORK=record"}
	for _, image := range []struct {
		name    string
		context files
		opts    []string
	}{
		{"debian", files{"Dockerfile": "FROM " + debianImage + "\n"}, nil},
		{"go-service", exampleService(t), record},
		{"mixed", context, record},
	} {
		t.Run(image.name, func(t *testing.T) {
			theirs, ours := imageName(e.registry, t, "theirs"), imageName(e.registry, t, "ours")
			build{context: image.context, frontend: upstream, opts: []string{"attest:sbom=generator=" + scanner}, args: roots(), output: push(theirs)}.mustRun(t, e)
			opts := append([]string{"build-arg:SWORN_ORGANIZATION=Example <sbom@example.com>"}, image.opts...)
			build{context: image.context, frontend: frontend, opts: opts, args: roots(), output: push(ours)}.mustRun(t, e)
			scanned := statements(t, theirs)["linux/"+runtime.GOARCH][provenance.SPDXType].Predicate
			want := scored(t, program, "Syft, SPDX 2.3", scanned)
			got := scored(t, program, "Sworn, SPDX 2.3", []byte(wantSworn(t, e, 0, "", "sbom", ours)))
			scored(t, program, "Sworn, CycloneDX", []byte(wantSworn(t, e, 0, "", "sbom", "--format", "cyclonedx-json", ours)))
			if got.total <= want.total {
				t.Errorf("our document scores %.1f of 10, the scanner's %.1f", got.total, want.total)
			}
			for category, score := range want.categories {
				if got.categories[category] < score-slack {
					t.Errorf("%s: ours scores %.1f of 10, the scanner's %.1f", category, got.categories[category], score)
				}
			}
		})
	}
}

// slack is by how much a category may stay behind: our documents have more in them than
// the image's packages, such as its base, for which nobody has a package URL or a supplier.
const slack = 0.3

// scannerImage is hack/bench/syft-scanner as an image.
func scannerImage(t *testing.T, e env) string {
	t.Helper()
	dir, image := t.TempDir(), imageName(e.registry, t, "scanner")
	cmd := exec.CommandContext(t.Context(), "go", "-C", "../../hack/bench/syft-scanner", "build", "-trimpath", "-ldflags", "-s -w", "-o", filepath.Join(dir, "syft-scanner"), ".")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOWORK=off", "GOFLAGS=-mod=readonly")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("build syft-scanner: %v\n%s", err, out)
	}
	dockerfile := "FROM scratch\nCOPY syft-scanner /\nENTRYPOINT [\"/syft-scanner\"]\n"
	if err := os.WriteFile(filepath.Join(dir, "Dockerfile"), []byte(dockerfile), 0o644); err != nil {
		t.Fatal(err)
	}
	build{dir: dir, frontend: upstream, output: push(image)}.mustRun(t, e)
	return image
}

// score is what sbomqs says of a document, of 10.
type score struct {
	total      float64
	categories map[string]float64
}

// scored has sbomqs score a document, and logs a line of a table with it.
func scored(t *testing.T, program, name string, document []byte) score {
	t.Helper()
	file := filepath.Join(t.TempDir(), "document.json")
	if err := os.WriteFile(file, document, 0o644); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), program, "score", "--json", file)
	cmd.Env = append(os.Environ(), "INTERLYNK_DISABLE_VERSION_CHECK=true") // it would ask the network
	b, err := cmd.Output()
	if err != nil {
		t.Fatalf("sbomqs: %v\n%s", err, b)
	}
	var out struct {
		Creation struct{ Version string } `json:"creation_info"`
		Files    []struct {
			Total      float64 `json:"sbom_quality_score"`
			Categories []struct {
				Category string
				Score    float64
			} `json:"comprehenssive"` // as sbomqs writes it
		}
	}
	if err := json.Unmarshal(b, &out); err != nil || len(out.Files) != 1 || len(out.Files[0].Categories) == 0 {
		t.Fatalf("what sbomqs wrote: %v\n%s", err, b)
	}
	s := score{total: out.Files[0].Total, categories: map[string]float64{}}
	row := []string{name, fmt.Sprintf("%.1f", s.total)}
	for _, c := range out.Files[0].Categories {
		if c.Category == "Component Quality" {
			continue // asks a service, and counts for nothing
		}
		s.categories[c.Category] = c.Score
		row = append(row, fmt.Sprintf("%s %.1f", c.Category, c.Score))
	}
	t.Logf("sbomqs %s | %s", out.Creation.Version, strings.Join(row, " | "))
	return s
}
