package frontend

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/moby/buildkit/client/llb/sourceresolver"
	digest "github.com/opencontainers/go-digest"

	"github.com/sworn-build/sworn/frontend/rules"
	"github.com/sworn-build/sworn/step"
)

// carry adds an SPDX document to an image of the registry.
func (g *baseGateway) carry(t *testing.T, name, namespace string) {
	t.Helper()
	c := g.chains[name]
	statement := fmt.Appendf(nil, `{"predicate":{"documentNamespace":%q}}`, namespace)
	d := digest.FromBytes(statement)
	g.roots[d] = statement
	const manifest = `"mediaType":"application/vnd.oci.image.manifest.v1+json"`
	m := fmt.Appendf(nil, `{%s,"subject":{%s,"digest":%q,"size":1},"layers":[{"mediaType":"application/vnd.in-toto+json","digest":%q,"size":1,"annotations":{"in-toto.io/predicate-type":"https://spdx.dev/Document"}}]}`,
		manifest, manifest, c.ImageManifest, d)
	index := bytes.ReplaceAll(g.roots[c.Root], []byte(c.AttestationManifest), []byte(digest.FromBytes(m)))
	c.AttestationManifest, c.Root, c.SignatureManifests = digest.FromBytes(m), digest.FromBytes(index), nil
	c.Blobs = map[digest.Digest]sourceresolver.Blob{c.AttestationManifest: {Data: m}, c.Root: {Data: index}}
	g.roots[c.Root] = index
}

func TestTheBasesDocumentsAreInThePlan(t *testing.T) {
	warn := map[string]string{"build-arg:SWORN_BASE": BaseAny, "build-arg:SWORN_RULES": rules.UnattestedBaseImage + ":warn"}
	for name, tt := range map[string]struct {
		opts      map[string]string
		setUp     func(*baseGateway)
		namespace string
		none      string
	}{
		"a document":     {warn, func(g *baseGateway) { g.add(t, busyboxName, g.key); g.carry(t, busyboxName, "https://d.test/b") }, "https://d.test/b", ""},
		"no document":    {warn, func(g *baseGateway) { g.add(t, busyboxName, g.key) }, "", "none of its attestations is an SPDX document"},
		"no attestation": {warn, func(g *baseGateway) { g.addManifest(busyboxName) }, "", "it has no attestations that the builder can read"},
		"nobody looked":  {map[string]string{"build-arg:SWORN_BASE": BaseAny}, func(g *baseGateway) { g.add(t, busyboxName, g.key) }, "", ""},
	} {
		g := newBaseGateway(t, "FROM busybox\nRUN true\n", tt.opts)
		tt.setUp(g)
		if _, err := g.trusted(t).Build(t.Context(), g); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		p, err := step.DecodePlan(g.plans(t)["linux/amd64"])
		if err != nil {
			t.Fatal(err)
		}
		s := p.Sources[0]
		var namespace string
		for _, d := range s.Documents {
			namespace = d.Namespace
		}
		if namespace != tt.namespace || s.NoDocuments != tt.none {
			t.Errorf("%s: %+v, %q", name, s.Documents, s.NoDocuments)
		}
	}
}
