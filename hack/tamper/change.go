package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"github.com/sworn-build/sworn/provenance"
	"oras.land/oras-go/v2/content"
)

// addFile puts a file into the last layer and makes configuration and manifest
// fit.
func addFile(ctx context.Context, c *copier, m ocispec.Manifest) (ocispec.Manifest, error) {
	if len(m.Layers) == 0 {
		return m, errUnchanged
	}
	last := m.Layers[len(m.Layers)-1]
	if !strings.HasSuffix(last.MediaType, "gzip") {
		return m, fmt.Errorf("layer %s is %s, want gzip", last.Digest, last.MediaType)
	}
	old, err := content.FetchAll(ctx, c.src, last)
	if err != nil {
		return m, err
	}
	layer, diffID, err := appendEntry(old, "etc/tampered", "an attacker was here\n")
	if err != nil {
		return m, err
	}
	var config ocispec.Image
	if err := c.fetch(ctx, m.Config, &config); err != nil {
		return m, err
	}
	config.RootFS.DiffIDs[len(config.RootFS.DiffIDs)-1] = diffID
	text, err := json.Marshal(config)
	if err != nil {
		return m, err
	}
	now := content.NewDescriptorFromBytes(last.MediaType, layer)
	now.Annotations = last.Annotations
	m.Layers[len(m.Layers)-1] = now
	m.Config = content.NewDescriptorFromBytes(m.Config.MediaType, text)
	return m, errors.Join(c.push(ctx, now, layer), c.push(ctx, m.Config, text))
}

// appendEntry adds a file at the end of a gzipped layer.
func appendEntry(layer []byte, name, text string) (out []byte, diffID digest.Digest, err error) {
	gz, err := gzip.NewReader(bytes.NewReader(layer))
	if err != nil {
		return nil, "", err
	}
	var plain, packed bytes.Buffer
	w := tar.NewWriter(&plain)
	for r := tar.NewReader(gz); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, "", err
		}
		if err := w.WriteHeader(h); err != nil {
			return nil, "", err
		}
		if _, err := io.Copy(w, r); err != nil {
			return nil, "", err
		}
	}
	h := tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: 0o644, Size: int64(len(text))}
	if err := w.WriteHeader(&h); err != nil {
		return nil, "", err
	}
	if _, err := io.WriteString(w, text); err != nil {
		return nil, "", err
	}
	if err := w.Close(); err != nil {
		return nil, "", err
	}
	z := gzip.NewWriter(&packed)
	if _, err := z.Write(plain.Bytes()); err != nil {
		return nil, "", err
	}
	if err := z.Close(); err != nil {
		return nil, "", err
	}
	return packed.Bytes(), digest.FromBytes(plain.Bytes()), nil
}

// changeSteps changes the first command of a steps/v1 statement inside a Sigstore
// bundle, the signature staying as it was.
func changeSteps(b []byte) ([]byte, bool, error) {
	var bundle map[string]any
	if err := json.Unmarshal(b, &bundle); err != nil {
		return nil, false, fmt.Errorf("read bundle: %w", err)
	}
	envelope, ok := bundle["dsseEnvelope"].(map[string]any)
	if !ok {
		return b, false, nil
	}
	payload, err := base64.StdEncoding.DecodeString(fmt.Sprint(envelope["payload"]))
	if err != nil {
		return nil, false, fmt.Errorf("read payload: %w", err)
	}
	var statement map[string]any
	if err := json.Unmarshal(payload, &statement); err != nil {
		return nil, false, fmt.Errorf("read statement: %w", err)
	}
	if statement["predicateType"] != provenance.StepsType || !changeCommand(statement) {
		return b, false, nil
	}
	if payload, err = json.Marshal(statement); err != nil {
		return nil, false, err
	}
	envelope["payload"] = base64.StdEncoding.EncodeToString(payload)
	b, err = json.Marshal(bundle)
	return b, true, err
}

// changeCommand replaces the first command of a statement.
func changeCommand(statement map[string]any) bool {
	predicate, _ := statement["predicate"].(map[string]any)
	steps, _ := predicate["steps"].([]any)
	for _, s := range steps {
		one, _ := s.(map[string]any)
		if _, ok := one["command"]; ok {
			one["command"] = []any{"true"}
			return true
		}
	}
	return false
}
