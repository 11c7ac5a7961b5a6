package frontend

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/moby/buildkit/client/llb/sourceresolver"
	"github.com/moby/buildkit/frontend/gateway/client"
	"github.com/moby/buildkit/solver/errdefs"
	"github.com/moby/buildkit/solver/pb"
	digest "github.com/opencontainers/go-digest"

	graph "github.com/sworn-build/sworn/llb"
	"github.com/sworn-build/sworn/provenance/envelope"
	"github.com/sworn-build/sworn/provenance/sigstore"
	"github.com/sworn-build/sworn/provenance/trust"
	"github.com/sworn-build/sworn/step"
)

// baseGateway is a fakeGateway whose registry has images with signatures.
type baseGateway struct {
	*fakeGateway
	key       *envelope.Key
	chains    map[string]*sourceresolver.AttestationChain // by name
	config    string                                      // of every image; empty: one with a layer
	arch      string                                      // whose images config is of; empty: all
	roots     map[digest.Digest][]byte
	statement digest.Digest // of the last document that was added
	silent    bool          // the registry answers nothing about blobs
	asked     []string      // names of images whose chain was asked for
}

func newBaseGateway(t *testing.T, dockerfile string, opts map[string]string) *baseGateway {
	t.Helper()
	k, err := envelope.GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{"build-arg:SWORN_BASE": "signed"}
	maps.Copy(all, opts)
	return &baseGateway{fakeGateway: newGateway(t, dockerfile, all), key: k, chains: map[string]*sourceresolver.AttestationChain{}, roots: map[digest.Digest][]byte{}}
}

// trusted is the frontend of an operator who trusts the gateway's key.
func (g *baseGateway) trusted(t *testing.T) Frontend {
	t.Helper()
	file := filepath.Join(t.TempDir(), "base.pub")
	if err := os.WriteFile(file, g.key.Public().PEM(), 0o644); err != nil {
		t.Fatal(err)
	}
	a, err := trust.Read(file)
	if err != nil {
		t.Fatal(err)
	}
	return Frontend{Trust: a}
}

// add puts an image with signed attestations into the registry.
func (g *baseGateway) add(t *testing.T, name string, key *envelope.Key) {
	t.Helper()
	c := &sourceresolver.AttestationChain{Blobs: map[digest.Digest]sourceresolver.Blob{}}
	put := func(format string, args ...any) (digest.Digest, int) {
		b := fmt.Appendf(nil, format, args...)
		c.Blobs[digest.FromBytes(b)] = sourceresolver.Blob{Data: b}
		return digest.FromBytes(b), len(b)
	}
	const manifest = `"mediaType":"application/vnd.oci.image.manifest.v1+json"`
	c.ImageManifest = digest.FromString("manifest of " + name)
	var size int
	c.AttestationManifest, size = put(`{%s,"subject":{%s,"digest":%q,"size":1},"layers":[{"mediaType":"application/vnd.in-toto+json","digest":%q,"size":1,"annotations":{"in-toto.io/predicate-type":"https://slsa.dev/provenance/v1"}}]}`,
		manifest, manifest, c.ImageManifest, digest.FromString("provenance"))
	bundle, err := envelope.Sign(t.Context(), key, envelope.Statement{
		PredicateType: trust.SignType, Predicate: json.RawMessage("{}"), Subject: []envelope.Subject{envelope.SubjectOf("a", c.AttestationManifest)},
	})
	if err != nil {
		t.Fatal(err)
	}
	layer, _ := put("%s", bundle)
	sig, _ := put(`{%s,"subject":{%s,"digest":%q,"size":%d},"layers":[{"mediaType":%q,"digest":%q,"size":%d}]}`,
		manifest, manifest, c.AttestationManifest, size, sigstore.BundleMediaType, layer, len(bundle))
	c.SignatureManifests = []digest.Digest{sig}
	c.Root, _ = put(`{"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[{%s,"digest":%q,"size":1,"platform":{"os":"linux","architecture":"amd64"}},{%s,"digest":%q,"size":%d,"platform":{"os":"unknown","architecture":"unknown"},"annotations":{"vnd.docker.reference.type":"attestation-manifest","vnd.docker.reference.digest":%q}}]}`,
		manifest, c.ImageManifest, manifest, c.AttestationManifest, size, c.ImageManifest)
	g.chains[name], g.roots[c.Root], g.roots[c.AttestationManifest] = c, c.Blobs[c.Root].Data, c.Blobs[c.AttestationManifest].Data
}

// addManifest puts an image without attestations into the registry.
func (g *baseGateway) addManifest(name string) {
	b := []byte(`{"mediaType":"application/vnd.oci.image.manifest.v1+json","layers":[],"of":"` + name + `"}`)
	g.chains[name], g.roots[digest.FromBytes(b)] = &sourceresolver.AttestationChain{Root: digest.FromBytes(b)}, b
}

func (g *baseGateway) ResolveImageConfig(ctx context.Context, ref string, opt sourceresolver.Opt) (string, digest.Digest, []byte, error) {
	_, d, cfg, err := g.fakeGateway.ResolveImageConfig(ctx, ref, opt)
	if c := g.chains[ref]; c != nil {
		d = c.Root
	}
	if g.config != "" && (g.arch == "" || g.arch == opt.ImageOpt.Platform.Architecture) {
		cfg = []byte(g.config)
	}
	return ref, d, cfg, err
}

func (g *baseGateway) ResolveSourceMetadata(ctx context.Context, op *pb.SourceOp, opt sourceresolver.Opt) (*sourceresolver.MetaResponse, error) {
	name, isImage := strings.CutPrefix(op.Identifier, "docker-image://")
	if !isImage {
		return g.fakeGateway.ResolveSourceMetadata(ctx, op, opt)
	}
	name, _, _ = strings.Cut(name, "@")
	if slices.Contains(g.unresolved, op.Identifier[:len("docker-image://")]+name) {
		return nil, errors.New("no attestation referrers found")
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.asked = append(g.asked, name)
	c := g.chains[name]
	if c.AttestationManifest == "" {
		panic("asked for the chain of what is no index, which ends a daemon")
	}
	return &sourceresolver.MetaResponse{Image: &sourceresolver.ResolveImageResponse{Digest: c.Root, AttestationChain: c}}, nil
}

func (g *baseGateway) Solve(ctx context.Context, req client.SolveRequest) (*client.Result, error) {
	res, err := g.fakeGateway.Solve(ctx, req)
	if err != nil || res.Ref == nil {
		return res, err
	}
	ref := res.Ref.(*fakeRef)
	if scheme, rest := ref.g.Vertex(ref.g.Target().Vertex).Scheme(); scheme == "docker-image+blob" {
		_, d, _ := strings.Cut(rest, "@")
		if g.silent {
			<-ctx.Done()
			return nil, ctx.Err()
		}
		b, ok := g.roots[digest.Digest(d)]
		if !ok {
			return nil, fmt.Errorf("could not fetch content %s from 192.0.2.1", d)
		}
		res.SetRef(&blobRef{content: b})
	}
	return res, nil
}

// blobRef is a result with one file.
type blobRef struct {
	client.Reference
	content []byte
}

func (r *blobRef) ReadFile(context.Context, client.ReadRequest) ([]byte, error) {
	return r.content, nil
}

const busyboxName, toolsName = "docker.io/library/busybox:latest", "docker.io/library/tools:1"

func TestEveryImageOfASignedBuildIsVerifiedAndAMaterial(t *testing.T) {
	g := newBaseGateway(t, "FROM tools:1 AS unused\nRUN no\nFROM busybox\nCOPY --from=tools:1 /a /a\nRUN --mount=from=tools:1,target=/t true\n", nil)
	g.add(t, busyboxName, g.key)
	g.add(t, toolsName, g.key)
	if _, err := g.trusted(t).Build(t.Context(), g); err != nil {
		t.Fatal(err)
	}
	slices.Sort(g.asked)
	if d := cmp.Diff([]string{busyboxName, toolsName}, g.asked); d != "" {
		t.Errorf("verified (-want +got):\n%s", d)
	}
	p, err := step.DecodePlan(g.plans(t)["linux/amd64"])
	if err != nil {
		t.Fatal(err)
	}
	if p.Options["base"] != "signed" || len(p.Sources) != 2 {
		t.Fatalf("options %v, sources %v", p.Options, p.Sources)
	}
	for _, s := range p.Sources {
		if s.Verified == nil || s.Verified.Key != g.key.Public().Fingerprint() {
			t.Errorf("%s is verified by %+v", s.URI, s.Verified)
		}
	}
}

func TestUnsignedBasesAreRefusedAtTheirLine(t *testing.T) {
	other, err := envelope.GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, dockerfile string
		opts             map[string]string
		line             int32
		want             string
	}{
		{"base", "FROM busybox\nRUN true\n", nil, 1, "base=signed: docker.io/library/busybox:latest@sha256:"},
		{"of a stage", "FROM signed AS a\nFROM busybox AS b\nRUN true\nFROM a\nCOPY --from=b /a /a\n", nil, 2, "it is no OCI index, so it has no attestations; build it"},
		{"copied from", "FROM signed\n\nCOPY --from=busybox /a /a\n", nil, 3, "it is no OCI index"},
		{"mounted", "FROM signed\nRUN --mount=from=busybox,target=/b true\n", nil, 2, "it is no OCI index"},
		{"of another signer", "FROM scratch\nCOPY --from=foreign / /\n", nil, 2, "signed by nobody who is trusted here (key sha256:"},
		{"with all else switched off", "FROM busybox\n", map[string]string{"build-arg:SWORN_STATEMENTS": "off", "build-arg:SWORN_HARDEN": "off"}, 1, "it is no OCI index"},
		{"a named context", "FROM signed AS x\nFROM x\nCOPY --from=named /a /a\n", map[string]string{"context:named": "docker-image://busybox"}, 3, "it is no OCI index"},
		{"a local folder", "FROM named\nRUN true\n", map[string]string{"context:named": "local:named"}, 0, "is no image of a registry"},
		{"a repository", "FROM named\nRUN true\n", map[string]string{"context:named": "https://git.test/r.git"}, 0, "is no image of a registry"},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := newBaseGateway(t, c.dockerfile, c.opts)
			g.add(t, "docker.io/library/signed:latest", g.key)
			g.add(t, "docker.io/library/foreign:latest", other)
			g.addManifest(busyboxName)
			_, err := g.trusted(t).Build(t.Context(), g)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("error %v, want %q", err, c.want)
			}
			var lines []int32
			for _, s := range errdefs.Sources(overTheWire(t, err)) {
				for _, r := range s.Ranges {
					lines = append(lines, r.Start.Line)
				}
			}
			if c.line != 0 && !slices.Contains(lines, c.line) {
				t.Errorf("lines %v, want %d", lines, c.line)
			}
			for _, req := range g.solved {
				gr, err := graph.Decode(req.Definition)
				if err != nil {
					t.Fatal(err)
				}
				for v := range gr.Vertices() {
					if v.Op.GetExec() != nil {
						t.Errorf("%s was built", v.Name())
					}
				}
			}
		})
	}
}

// TestABaseOfConfigurationAloneIsVerified: it has no layers and so is nowhere in the
// build, but its ONBUILD instructions are.
func TestABaseOfConfigurationAloneIsVerified(t *testing.T) {
	g := newBaseGateway(t, "FROM busybox\nCOPY a /a\n", nil)
	g.config = `{"architecture":"amd64","os":"linux","config":{"Env":["EVIL=1"]},"rootfs":{"type":"layers"}}`
	g.addManifest(busyboxName)
	_, err := g.trusted(t).Build(t.Context(), g)
	if err == nil || !strings.Contains(err.Error(), "base=signed: docker.io/library/busybox:latest@sha256:") {
		t.Errorf("error %v", err)
	}
}

// TestEachPlatformOfABaseIsVerified: an image of whose index another platform is verified
// has attestations of its own, also where nothing but its configuration is taken.
func TestEachPlatformOfABaseIsVerified(t *testing.T) {
	g := newBaseGateway(t, "FROM --platform=linux/arm64 busybox AS other\nCOPY a /a\nFROM busybox\nCOPY --from=other /a /a\n", nil)
	g.config, g.arch = `{"architecture":"arm64","os":"linux","config":{"Env":["EVIL=1"]},"rootfs":{"type":"layers"}}`, "arm64"
	g.add(t, busyboxName, g.key)
	_, err := g.trusted(t).Build(t.Context(), g)
	if err == nil || !strings.Contains(err.Error(), "for linux/arm64: ") {
		t.Errorf("error %v", err)
	}
}

// TestTheRuleFindsWhatSignedBasesWouldRefuse: with whom the operator trusts, and with
// nobody trusted.
func TestTheRuleFindsWhatSignedBasesWouldRefuse(t *testing.T) {
	dockerfile := "FROM signed\nCOPY --from=busybox /a /a\n"
	for _, c := range []struct {
		name, level string
		trusted     bool
		lines       []int32 // of the error; none: the build goes on
	}{
		{"off", "off", true, nil},
		{"warn", "warn", true, nil},
		{"error", "error", true, []int32{2}},
		{"error with nobody trusted", "error", false, []int32{1, 2}},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := newBaseGateway(t, dockerfile, map[string]string{"build-arg:SWORN_BASE": "any", "build-arg:SWORN_RULES": "none,UnattestedBaseImage:" + c.level})
			g.add(t, "docker.io/library/signed:latest", g.key)
			g.addManifest(busyboxName)
			f := Frontend{}
			if c.trusted {
				f = g.trusted(t)
			}
			_, err := f.Build(t.Context(), g)
			var lines []int32
			if err != nil {
				var broken *RuleError
				if !errors.As(err, &broken) {
					t.Fatal(err)
				}
				for _, f := range broken.Findings {
					lines = append(lines, int32(f.Line()))
				}
			}
			if d := cmp.Diff(c.lines, lines); d != "" {
				t.Errorf("lines (-want +got):\n%s", d)
			}
			if err != nil {
				return
			}
			p, err := step.DecodePlan(g.plans(t)["linux/amd64"])
			if err != nil {
				t.Fatal(err)
			}
			for _, s := range p.Sources {
				if want := c.level != "off" && strings.Contains(s.URI, "signed"); (s.Verified != nil) != want {
					t.Errorf("%s is verified by %+v", s.URI, s.Verified)
				}
			}
		})
	}
}

// TestARuleAtLevelWarnFailsNoBuild: not even when a registry does not answer.
func TestARuleAtLevelWarnFailsNoBuild(t *testing.T) {
	for _, c := range []struct{ base, want string }{
		{"any", ""},
		{"signed", "base=signed: docker.io/library/busybox:latest@sha256:"},
	} {
		g := newBaseGateway(t, "FROM busybox\nRUN true\n", map[string]string{"build-arg:SWORN_BASE": c.base, "build-arg:SWORN_RULES": "UnattestedBaseImage:warn"})
		g.add(t, busyboxName, g.key)
		g.unresolved = []string{"docker-image://" + busyboxName}
		_, err := g.trusted(t).Build(t.Context(), g)
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "the builder cannot tell who signed it: no attestation referrers found")) {
			t.Errorf("base=%s: error %v, want %q", c.base, err, c.want)
		}
	}
}

func TestScratchAndContextsNeedNoSignature(t *testing.T) {
	g := newBaseGateway(t, "FROM scratch\nCOPY a /a\nADD https://files.test/x /x\n", nil)
	if _, err := g.trusted(t).Build(t.Context(), g); err != nil {
		t.Error(err)
	}
}

func TestSignedBasesWithNobodyTrustedBuildNothing(t *testing.T) {
	g := newBaseGateway(t, "FROM scratch\nCOPY a /a\n", nil)
	_, err := (Frontend{}).Build(t.Context(), g)
	if err == nil || !strings.HasPrefix(err.Error(), "base=signed: nobody is trusted to sign base images; the operator puts keys or identities into the frontend image (/etc/sworn/base)") {
		t.Errorf("error %v", err)
	}
}

func TestABuilderThatShowsNoSignaturesIsSaidSo(t *testing.T) {
	g := newBaseGateway(t, "FROM busybox\n", nil)
	g.llbCaps = capsWithout(pb.CapSourceImageBlob)
	_, err := g.trusted(t).Build(t.Context(), g)
	if err == nil || !strings.HasPrefix(err.Error(), "base=signed: this builder does not show the signatures of images, BuildKit 0.33 does") {
		t.Errorf("error %v", err)
	}
}
