//go:build e2e

package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode"

	digest "github.com/opencontainers/go-digest"
	"github.com/opencontainers/image-spec/specs-go"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/sworn-build/sworn/provenance"
	"github.com/sworn-build/sworn/provenance/sigstore"
)

// liar is a registry whose image carries what it says, and that answers some requests in its
// own way.
type liar struct {
	host string
	mu   sync.Mutex
	// content and its media type, by digest.
	content map[digest.Digest][]byte
	types   map[digest.Digest]string
	// answers, by digest, are given instead of the content.
	answers map[digest.Digest]http.HandlerFunc
}

func newLiar(t *testing.T) *liar {
	l := &liar{content: map[digest.Digest][]byte{}, types: map[digest.Digest]string{}, answers: map[digest.Digest]http.HandlerFunc{}}
	srv := httptest.NewServer(l)
	t.Cleanup(func() {
		srv.CloseClientConnections()
		srv.Close()
	})
	l.host = strings.TrimPrefix(srv.URL, "http://")
	return l
}

// ServeHTTP implements [http.Handler]: manifests and blobs by digest.
func (l *liar) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	d := digest.Digest(path.Base(r.URL.Path))
	l.mu.Lock()
	b, known := l.content[d]
	answer, kind := l.answers[d], l.types[d]
	l.mu.Unlock()
	switch {
	case r.URL.Path == "/v2/":
	case answer != nil:
		answer(w, r)
	case !known:
		w.WriteHeader(http.StatusNotFound)
	default:
		w.Header().Set("Content-Type", kind)
		w.Header().Set("Docker-Content-Digest", d.String())
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(b))
	}
}

func (l *liar) put(kind string, b []byte) ocispecs.Descriptor {
	l.mu.Lock()
	defer l.mu.Unlock()
	d := digest.FromBytes(b)
	l.content[d], l.types[d] = b, kind
	return ocispecs.Descriptor{MediaType: kind, Digest: d, Size: int64(len(b))}
}

func (l *liar) putJSON(t *testing.T, kind string, v any) ocispecs.Descriptor {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return l.put(kind, b)
}

// parts are those of an image that a case may change before they are put together.
type parts struct {
	statement   ocispecs.Descriptor
	manifest    ocispecs.Manifest
	attestation ocispecs.Descriptor
	index       ocispecs.Index
}

// image puts an image with a statement together, and returns its reference.
func (l *liar) image(t *testing.T, statement []byte, change func(*parts)) string {
	t.Helper()
	version, empty := specs.Versioned{SchemaVersion: 2}, l.put(ocispecs.MediaTypeImageLayer, make([]byte, 1024))
	config := l.putJSON(t, ocispecs.MediaTypeImageConfig, ocispecs.Image{
		Platform: ocispecs.Platform{OS: "linux", Architecture: "amd64"}, RootFS: ocispecs.RootFS{Type: "layers", DiffIDs: []digest.Digest{empty.Digest}},
		Config: ocispecs.ImageConfig{Labels: map[string]string{"of": t.Name()}},
	})
	image := l.putJSON(t, ocispecs.MediaTypeImageManifest, ocispecs.Manifest{Versioned: version, MediaType: ocispecs.MediaTypeImageManifest, Config: config, Layers: []ocispecs.Descriptor{empty}})
	image.Platform = &ocispecs.Platform{OS: "linux", Architecture: "amd64"}
	p := &parts{statement: l.put(sigstore.PayloadType, statement)}
	p.statement.Annotations = map[string]string{"in-toto.io/predicate-type": provenance.SPDXType}
	p.manifest = ocispecs.Manifest{Versioned: version, MediaType: ocispecs.MediaTypeImageManifest, Config: config, Layers: []ocispecs.Descriptor{p.statement}, Subject: &ocispecs.Descriptor{MediaType: image.MediaType, Digest: image.Digest, Size: image.Size}}
	change(p)
	p.attestation = l.putJSON(t, ocispecs.MediaTypeImageManifest, p.manifest)
	p.attestation.Platform = &ocispecs.Platform{OS: "unknown", Architecture: "unknown"}
	p.attestation.Annotations = map[string]string{"vnd.docker.reference.type": "attestation-manifest", "vnd.docker.reference.digest": image.Digest.String()}
	p.index = ocispecs.Index{Versioned: version, MediaType: ocispecs.MediaTypeImageIndex, Manifests: []ocispecs.Descriptor{image, p.attestation}}
	change(p)
	return l.host + "/lies@" + l.putJSON(t, ocispecs.MediaTypeImageIndex, p.index).Digest.String()
}

// spdx is a statement with a document whose JSON has some more.
func spdx(namespace, more string) []byte {
	return fmt.Appendf(nil, `{"_type":"https://in-toto.io/Statement/v0.1","predicateType":%q,"predicate":{"documentNamespace":%s%s}}`, provenance.SPDXType, namespace, more)
}

// trickle sends a byte now and then.
func trickle(w http.ResponseWriter, r *http.Request) {
	for r.Context().Err() == nil {
		if _, err := w.Write([]byte(" ")); err != nil || r.Method == http.MethodHead {
			return
		}
		w.(http.Flusher).Flush()
		time.Sleep(500 * time.Millisecond)
	}
}

// TestABaseThatLiesFailsNoBuild: whatever the registry of a base answers for what the base
// carries, the build goes on in bounded time, says that it does not know, and nothing of the
// registry is in the progress or the statements as it is.
func TestABaseThatLiesFailsNoBuild(t *testing.T) {
	e := mustEnv(t)
	const good, many = `"https://liar.test/1"`, 39 << 20
	none := func(*parts) {}
	statement := func(answer http.HandlerFunc) func(*liar, *parts) {
		return func(l *liar, p *parts) { l.answers[p.statement.Digest] = answer }
	}
	for name, tt := range map[string]struct {
		statement []byte
		change    func(*parts)
		lie       func(*liar, *parts)
		unknown   string // empty: the document is found
		longest   time.Duration
	}{
		"honest":        {},
		"nested":        {statement: spdx(good, `,"x":`+strings.Repeat("[", many/2)+strings.Repeat("]", many/2)), unknown: "nested deeper than"},
		"elements":      {statement: spdx(good, `,"@graph":[`+strings.Repeat("{},", many/3)+`{}]`)},
		"twice":         {statement: spdx(good, `,"documentNamespace":"https://liar.test/2"`), unknown: `field \"documentNamespace\" twice`},
		"no UTF-8":      {statement: spdx("\"https://liar.test/\xff\xfe\"", ""), unknown: "which is no URI"},
		"control":       {statement: spdx(`"https://liar.test/\u001b[31mRED\r\n#99 ERROR: liar"`, ""), unknown: "which is no URI"},
		"megabyte":      {statement: spdx(`"https://liar.test/`+strings.Repeat("x", 1<<20)+`"`, ""), unknown: "which is no URI"},
		"key of 400 kB": {statement: spdx(good, `,"`+strings.Repeat("k\\u001b", 1<<16)+`":1,"`+strings.Repeat("k\\u001b", 1<<16)+`":1`), unknown: `field \"k`},
		"another subject": {change: func(p *parts) {
			p.manifest.Subject.Digest = digest.FromString("another")
		}, unknown: "its subject is"},
		"cycle": {change: func(p *parts) {
			d := p.attestation
			d.MediaType, d.Annotations, d.Platform = ocispecs.MediaTypeImageIndex, nil, &ocispecs.Platform{OS: "linux", Architecture: "arm64"}
			p.index.Manifests = append(p.index.Manifests, d)
		}, unknown: "media type"},
		"media type": {change: func(p *parts) {
			p.manifest.MediaType = "\x1b]0;liar\a" + strings.Repeat("m", 1000)
		}, unknown: "media type"},
		"other bytes": {lie: statement(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(spdx(good, `,"x":1`)) }), unknown: "gave the builder no statement"},
		"redirects": {lie: statement(func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, r.URL.Path, http.StatusTemporaryRedirect)
		}), unknown: "gave the builder no statement"},
		"refuses": {lie: statement(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusForbidden)
			_, _ = io.WriteString(w, "{\"errors\":[{\"code\":\"DENIED\",\"message\":\"\x1b[31mliar\\n#99 ERROR: liar\"}]}")
		}), unknown: "gave the builder no statement"},
		"trickle of a manifest": {lie: func(l *liar, p *parts) {
			l.answers[p.attestation.Digest] = trickle
		}, unknown: "gave the builder no attestation manifest", longest: 40 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			l, kept := newLiar(t), &parts{}
			if tt.statement == nil {
				tt.statement = spdx(good, fmt.Sprintf(`,"comment":%q`, l.host))
			}
			if tt.change == nil {
				tt.change = none
			}
			ref := l.image(t, tt.statement, func(p *parts) { tt.change(p); kept = p })
			if tt.lie != nil {
				tt.lie(l, kept)
			}
			image := imageName(e.registry, t, "latest")
			begun := time.Now()
			r := build{context: dockerfile("FROM " + ref + "\nCOPY Dockerfile /\n"), output: push(image)}.mustRun(t, e)
			if took := time.Since(begun); took > max(tt.longest, 30*time.Second) {
				t.Errorf("it took %s", took)
			}
			got := carriedBy(t, image)
			if got == nil || !strings.Contains(got.Unknown, tt.unknown) || (tt.unknown == "") != (len(got.Documents) == 1 && got.Unknown == "") {
				t.Fatalf("%+v, want %q", got, tt.unknown)
			}
			raw := r.log
			for _, s := range accountOf(t, image).raw {
				raw += string(s.Predicate)
			}
			odd := func(c rune) bool { return c != '\n' && c != '\t' && !unicode.IsPrint(c) }
			if i := strings.IndexFunc(raw, odd); i >= 0 || strings.Contains(r.log, "\n#99") || len(got.Unknown) > 1000 {
				t.Errorf("%d bytes of the registry; at %d %.200q", len(got.Unknown), i, raw[max(i, 0):])
			}
		})
	}
}
