package frontend

import (
	"bytes"
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/moby/buildkit/client/llb/sourceresolver"
	"github.com/moby/buildkit/solver/pb"
	"github.com/moby/buildkit/util/apicaps"
	apicapspb "github.com/moby/buildkit/util/apicaps/pb"
	digest "github.com/opencontainers/go-digest"

	"github.com/sworn-build/sworn/frontend/rules"
	"github.com/sworn-build/sworn/step"
)

// carry adds an SPDX document to an image of the registry.
func (g *baseGateway) carry(t *testing.T, name, namespace string) {
	t.Helper()
	c := g.chains[name]
	statement := fmt.Appendf(nil, `{"predicateType":"https://spdx.dev/Document","predicate":{"documentNamespace":%q}}`, namespace)
	d := digest.FromBytes(statement)
	g.roots[d], g.statement = statement, d
	const manifest = `"mediaType":"application/vnd.oci.image.manifest.v1+json"`
	m := fmt.Appendf(nil, `{%s,"subject":{%s,"digest":%q,"size":1},"layers":[{"mediaType":"application/vnd.in-toto+json","digest":%q,"size":1,"annotations":{"in-toto.io/predicate-type":"https://spdx.dev/Document"}}]}`,
		manifest, manifest, c.ImageManifest, d)
	index := bytes.ReplaceAll(g.roots[c.Root], []byte(c.AttestationManifest), []byte(digest.FromBytes(m)))
	c.AttestationManifest, c.Root, c.SignatureManifests = digest.FromBytes(m), digest.FromBytes(index), nil
	c.Blobs = map[digest.Digest]sourceresolver.Blob{c.AttestationManifest: {Data: m}, c.Root: {Data: index}}
	g.roots[c.Root], g.roots[c.AttestationManifest] = index, m
}

func TestTheBasesDocumentsAreInThePlan(t *testing.T) {
	document := func(g *baseGateway) { g.add(t, busyboxName, g.key); g.carry(t, busyboxName, "https://d.test/b") }
	for name, tt := range map[string]struct {
		dockerfile string
		opts       map[string]string
		setUp      func(*baseGateway)
		want       *step.Carried // documents by their namespaces
		chain      bool          // was asked for
	}{
		"a document":             {setUp: document, want: namespaces("https://d.test/b")},
		"with a rule":            {opts: map[string]string{"build-arg:SWORN_RULES": rules.UnattestedBaseImage + ":warn"}, setUp: document, want: namespaces("https://d.test/b"), chain: true},
		"manifests by type":      {setUp: func(g *baseGateway) { document(g); delete(g.roots, g.chains[busyboxName].AttestationManifest) }, want: namespaces("https://d.test/b"), chain: true},
		"no document":            {setUp: func(g *baseGateway) { g.add(t, busyboxName, g.key) }, want: &step.Carried{None: "none of its attestations is an SPDX document"}},
		"no attestation":         {setUp: func(g *baseGateway) { g.addManifest(busyboxName) }, want: &step.Carried{None: "it is no OCI index, so it has no attestations"}},
		"no index":               {setUp: func(g *baseGateway) { document(g); delete(g.roots, g.chains[busyboxName].Root) }, want: &step.Carried{Unknown: "the registry gave the builder no index for its digest"}},
		"of another stage":       {dockerfile: "FROM busybox AS a\nRUN true\nFROM scratch\nCOPY --from=a / /\n", setUp: document},
		"without documents":      {opts: map[string]string{"build-arg:SWORN_SBOM": "off"}, setUp: document},
		"an old builder":         {setUp: func(g *baseGateway) { document(g); g.llbCaps = capsWithout(pb.CapSourceImageBlob) }, want: &step.Carried{Unknown: "this builder does not show attestations of images, BuildKit 0.33 does"}},
		"held to no digest":      {dockerfile: "FROM named\nRUN true\n", opts: map[string]string{"context:named": "docker-image://busybox"}, setUp: document, want: &step.Carried{Unknown: "the build is held to no digest of it"}},
		"the statement is gone":  {setUp: func(g *baseGateway) { document(g); delete(g.roots, g.statement) }, want: &step.Carried{Unknown: "the registry gave the builder no statement STATEMENT"}},
		"the statement is wrong": {setUp: func(g *baseGateway) { document(g); g.roots[g.statement] = []byte("{}") }, want: &step.Carried{Unknown: "its statement has the digest " + digest.FromString("{}").String() + ", want STATEMENT"}},
	} {
		t.Run(name, func(t *testing.T) {
			opts := map[string]string{"build-arg:SWORN_BASE": BaseAny}
			maps.Copy(opts, tt.opts)
			g := newBaseGateway(t, cmp.Or(tt.dockerfile, "FROM busybox\nRUN true\n"), opts)
			tt.setUp(g)
			if _, err := g.trusted(t).Build(t.Context(), g); err != nil {
				t.Fatal(err)
			}
			p, err := step.DecodePlan(g.plans(t)["linux/amd64"])
			if err != nil {
				t.Fatal(err)
			}
			got := p.Sources[0].Carried
			if tt.want != nil {
				tt.want.Unknown = strings.ReplaceAll(tt.want.Unknown, "STATEMENT", g.statement.String())
			}
			if d := gocmp.Diff(tt.want, got, cmpopts.IgnoreFields(step.Document{}, "PredicateType", "Digest", "Statement")); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
			if asked := len(g.asked) > 0; asked != tt.chain {
				t.Errorf("asked for the chains of %v, want %v", g.asked, tt.chain)
			}
		})
	}
}

// TestARegistryThatDoesNotAnswer: the build waits for so long and no longer, and the builder
// fetches the base meanwhile. Time is a bubble's.
func TestARegistryThatDoesNotAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newBaseGateway(t, "FROM busybox\nRUN true\n", map[string]string{"build-arg:SWORN_BASE": BaseAny})
		g.silent = true
		began := time.Now()
		if _, err := (Frontend{}).Build(t.Context(), g); err != nil {
			t.Fatal(err)
		}
		if waited := time.Since(began); waited != manifestsTime {
			t.Errorf("waited for %v, want %v", waited, manifestsTime)
		}
		p, err := step.DecodePlan(g.plans(t)["linux/amd64"])
		if err != nil {
			t.Fatal(err)
		}
		if c := p.Sources[0].Carried; c == nil || c.Unknown != "the registry gave the builder no index for its digest" {
			t.Errorf("%+v", c)
		}
		fetched := slices.ContainsFunc(g.refs, func(r *fakeRef) bool {
			scheme, _ := r.g.Vertex(r.g.Target().Vertex).Scheme()
			return scheme == "docker-image"
		})
		if !fetched {
			t.Error("the base was not fetched meanwhile")
		}
	})
}

func namespaces(names ...string) *step.Carried {
	c := &step.Carried{}
	for _, n := range names {
		c.Documents = append(c.Documents, step.Document{Namespace: n})
	}
	return c
}

func capsWithout(without apicaps.CapID) apicaps.CapSet {
	return pb.Caps.CapSet(slices.DeleteFunc(pb.Caps.All(), func(c *apicapspb.APICap) bool { return c.ID == string(without) }))
}
