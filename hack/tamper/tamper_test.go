package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"io"
	"strings"
	"testing"

	"github.com/opencontainers/go-digest"

	"github.com/sworn-build/sworn/provenance"
)

func gzipTar(t *testing.T, names ...string) []byte {
	t.Helper()
	var b bytes.Buffer
	gz := gzip.NewWriter(&b)
	w := tar.NewWriter(gz)
	for _, name := range names {
		if err := w.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: name, Size: int64(len(name))}); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, name); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := gz.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestAppendEntryGivesTheDiffIDOfTheNewLayer(t *testing.T) {
	layer, diffID, err := appendEntry(gzipTar(t, "a", "b"), "c", "evil")
	if err != nil {
		t.Fatal(err)
	}
	gz, err := gzip.NewReader(bytes.NewReader(layer))
	if err != nil {
		t.Fatal(err)
	}
	plain, err := io.ReadAll(gz)
	if err != nil {
		t.Fatal(err)
	}
	if got := digest.FromBytes(plain); got != diffID {
		t.Errorf("diff id %s, layer has %s", diffID, got)
	}
	var names []string
	for r := tar.NewReader(bytes.NewReader(plain)); ; {
		h, err := r.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, h.Name)
	}
	if got := strings.Join(names, " "); got != "a b c" {
		t.Errorf("entries %q, want a b c", got)
	}
}

func bundleOf(t *testing.T, predicateType string) []byte {
	t.Helper()
	payload := `{"predicateType":"` + predicateType + `","predicate":{"steps":[{"kind":"file"},{"command":["make"]}]}}`
	b, err := json.Marshal(map[string]any{"dsseEnvelope": map[string]any{
		"payload":    base64.StdEncoding.EncodeToString([]byte(payload)),
		"signatures": []any{map[string]any{"sig": "c2ln"}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestChangeStepsKeepsTheSignature(t *testing.T) {
	b, changed, err := changeSteps(bundleOf(t, provenance.StepsType))
	if err != nil || !changed {
		t.Fatalf("changed %v, %v", changed, err)
	}
	var got struct {
		DSSEEnvelope struct {
			Payload    []byte
			Signatures []struct{ Sig string }
		}
	}
	if err := json.Unmarshal(b, &got); err != nil {
		t.Fatal(err)
	}
	if s := string(got.DSSEEnvelope.Payload); !strings.Contains(s, `"command":["true"]`) || strings.Contains(s, "make") {
		t.Errorf("payload %s", s)
	}
	if s := got.DSSEEnvelope.Signatures; len(s) != 1 || s[0].Sig != "c2ln" {
		t.Errorf("signatures %v, want them as they were", s)
	}
}

func TestChangeStepsLeavesOtherStatements(t *testing.T) {
	in := bundleOf(t, provenance.SPDXType)
	out, changed, err := changeSteps(in)
	if err != nil || changed || !bytes.Equal(in, out) {
		t.Errorf("changed %v, %v", changed, err)
	}
	if _, _, err := changeSteps([]byte("{")); err == nil {
		t.Error("a truncated bundle is no error")
	}
}
