package arrows

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/sworn-build/sworn"

// listed is what `go list` says of a package.
type listed struct {
	ImportPath string
	Standard   bool
	Deps       []string // direct and indirect
	Imports    []string
}

// packages returns every package that the module's programs and libraries are made
// of, dependencies included, by import path. Tests are not part of it.
func packages(t *testing.T) map[string]listed {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "list", "-deps", "-json=ImportPath,Standard,Deps,Imports", module+"/...")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, stderr.String())
	}
	all := map[string]listed{}
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var p listed
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		all[p.ImportPath] = p
	}
}

// below reports whether a package is one of the trees, which are import paths; ours
// begin with a slash.
func below(path string, trees ...string) bool {
	for _, tree := range trees {
		if strings.HasPrefix(tree, "/") {
			tree = module + tree
		}
		if path == tree || strings.HasPrefix(path, tree+"/") {
			return true
		}
	}
	return false
}

// signing are the packages that make signatures or read private keys.
func signing() []string {
	return []string{
		"/provenance/envelope", "/provenance/signature", "/provenance/repository",
		"github.com/sigstore/sigstore-go/pkg/sign", "github.com/sigstore/cosign", "github.com/sigstore/sigstore/pkg/signature/kms",
		"github.com/sigstore/fulcio",
	}
}

// rules are what the packages of a tree must not depend on, directly or indirectly.
// exact rules are about one package, not those below it.
func rules() []struct {
	from    string
	exact   bool
	forbid  []string
	because string
} {
	return []struct {
		from    string
		exact   bool
		forbid  []string
		because string
	}{
		{"/llb", false, []string{"/sbom", "/provenance", "/frontend", "/cmd", "/internal"}, "llb knows ops and edges alone"},
		{"/sbom", false, []string{"/provenance", "/llb", "/frontend", "/cmd", "/internal"}, "sbom and provenance meet in frontend and cmd"},
		{"/sbom/check", false, []string{"/step", "net/http", "os/exec", "golang.org/x/sys"}, "a document is read and nothing else"},
		{"/sbom/export", false, []string{"/step", "net/http", "os/exec", "golang.org/x/sys"}, "a document is read and nothing else"},
		{"/provenance", false, []string{"/sbom", "/llb", "/frontend", "/cmd", "/internal"}, "sbom and provenance meet in frontend and cmd"},
		{"/provenance", true, []string{"github.com/sigstore", "oras.land", "github.com/moby"}, "the predicates can be read without a registry or a trust root"},
		// A build verifies the signatures of base images, with public keys and roots alone.
		{"/frontend", false, append([]string{"/cmd", "/internal", "oras.land"}, signing()...), "private keys and registries are out of the reach of a build"},
		{"/frontend/rules/script", false, []string{"/llb", "/sbom", "/provenance", "/step", "github.com/moby", "net/http", "os/exec"}, "it reads scripts and runs nothing"},
		{"/cmd/sworn-frontend", false, append([]string{"oras.land"}, signing()...), "private keys and registries are out of the reach of a build"},
		{"/provenance/trust", false, append([]string{"oras.land"}, signing()...), "who verifies needs no private key"},
		{"/cmd/sworn-evidence", false, []string{"github.com/sigstore", "oras.land", "github.com/moby", "google.golang.org/grpc", "/llb", "/frontend", "net/http"}, "it runs without network over file systems"},
		{"/cmd/sworn-step", false, []string{"/llb", "/sbom", "/provenance", "/frontend", "/internal", "net/http", "net", "crypto/tls", "github.com/moby", "google.golang.org"}, "its digest is part of every step's cache key"},
		{"/cmd/sworn-recorder", false, []string{"/llb", "/sbom", "/provenance", "/frontend", "/internal", "github.com/moby", "google.golang.org"}, "its digest is part of the cache key of every step whose network is recorded"},
		{"/step/runner", false, []string{"net/http", "net", "crypto/tls"}, "most steps run under a runner without a network of its own"},
		{"/internal/builder", false, []string{"/llb", "/sbom", "/provenance", "/frontend", "/cmd", "/internal/build", "/internal/programs"}, "it connects to a BuildKit, whatever is built there"},
		{"/internal/programs", false, []string{"/llb", "/sbom", "/provenance", "/frontend", "/cmd", "/internal/build", "/internal/builder"}, "it holds files"},
		{"/internal/build", false, append([]string{"/cmd", "oras.land"}, signing()...), "private keys and registries are out of the reach of a build"},
		{"/step", false, []string{"/llb", "/sbom", "/provenance", "/frontend", "/cmd", "/internal"}, "everything else stands on it"},
	}
}

// text reports whether a package below net only reads and writes addresses.
func text(path string) bool { return path == "net/netip" || path == "net/url" }

func TestImportArrows(t *testing.T) {
	all := packages(t)
	for _, r := range rules() {
		found := false
		for path, p := range all {
			if path != module+r.from && (r.exact || !below(path, r.from)) {
				continue
			}
			found = true
			for _, dep := range p.Deps {
				if below(dep, r.forbid...) && !text(dep) {
					t.Errorf("%s depends on %s: %s", path, dep, r.because)
				}
			}
		}
		if !found {
			t.Errorf("there is no package %s", r.from)
		}
	}
}

// TestStepImportsTheStandardLibraryAlone: the runner beside it may use the kernel's
// interfaces in golang.org/x/sys as well.
func TestStepImportsTheStandardLibraryAlone(t *testing.T) {
	all := packages(t)
	for _, c := range []struct {
		path    string
		allowed []string
	}{
		{"/step", nil},
		{"/step/runner", []string{"/step", "golang.org/x/sys"}},
		{"/cmd/sworn-step", []string{"/step", "golang.org/x/sys"}},
	} {
		p, ok := all[module+c.path]
		if !ok {
			t.Errorf("there is no package %s", c.path)
		}
		for _, dep := range p.Deps {
			if !all[dep].Standard && !below(dep, c.allowed...) {
				t.Errorf("%s depends on %s", c.path, dep)
			}
		}
	}
}

func TestOnlyFrontendAndCommandsKnowBothSBOMAndProvenance(t *testing.T) {
	for path, p := range packages(t) {
		if !below(path, module) || below(path, "/frontend", "/cmd", "/hack", "/internal") {
			continue
		}
		knows := func(tree string) bool {
			return slices.ContainsFunc(p.Imports, func(i string) bool { return below(i, tree) })
		}
		if knows("/sbom") && knows("/provenance") {
			t.Errorf("%s imports both sbom and provenance", path)
		}
	}
}

// TestRulesCatchWhatTheyForbid: a rule that nothing can break holds nothing.
func TestRulesCatchWhatTheyForbid(t *testing.T) {
	for _, c := range []struct {
		path string
		tree []string
		want bool
	}{
		{module + "/sbom", []string{"/sbom"}, true},
		{module + "/sbom/treetest", []string{"/sbom"}, true},
		{module + "/sbomber", []string{"/sbom"}, false},
		{"github.com/sigstore/sigstore-go/pkg/root", []string{"github.com/sigstore"}, true},
		{"github.com/sigstores", []string{"github.com/sigstore"}, false},
		{"net/http", []string{"/llb", "net/http"}, true},
		{"net/netip", []string{"net/http"}, false},
	} {
		if got := below(c.path, c.tree...); got != c.want {
			t.Errorf("%s below %v: %v, want %v", c.path, c.tree, got, c.want)
		}
	}
	if deps := packages(t)[module+"/provenance/envelope"].Deps; !slices.ContainsFunc(deps, func(d string) bool { return below(d, "github.com/sigstore") }) {
		t.Error("go list does not show what is known to be there: provenance/envelope on sigstore")
	}
}
