//go:build e2e

package main

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sworn-build/sworn/provenance"
	"github.com/sworn-build/sworn/provenance/imagetest"
)

// binary finds a built tool in SWORN_BIN, or in bin at the top of the repository.
func binary(t *testing.T, name string) string {
	t.Helper()
	dir := os.Getenv("SWORN_BIN")
	if dir == "" {
		dir = filepath.Join("..", "..", "bin")
	}
	path, err := filepath.Abs(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); err != nil {
		t.Skipf("no %s: build it with make tools", path)
	}
	return path
}

// distribution starts the CNCF distribution registry, which has no referrers API.
func distribution(t *testing.T) string {
	t.Helper()
	addr := closedPort(t)
	dir := t.TempDir()
	config := fmt.Sprintf("version: 0.1\nstorage: {filesystem: {rootdirectory: %q}, delete: {enabled: false}}\nhttp: {addr: %q}\nlog: {level: error}\n", dir, addr)
	file := filepath.Join(dir, "config.yml")
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(binary(t, "registry"), "serve", file)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		if resp, err := http.Get("http://" + addr + "/v2/"); err == nil {
			resp.Body.Close()
			return addr
		}
	}
	t.Fatalf("registry on %s does not answer", addr)
	return ""
}

func run(t *testing.T, env []string, name string, args ...string) (string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	cmd.Env = append(os.Environ(), env...)
	err := cmd.Run()
	return out.String(), err
}

// registries are the two kinds that there are.
func registries(t *testing.T) map[string]string {
	return map[string]string{
		"referrers API": imagetest.Registry(t, true),
		"fallback tag":  distribution(t),
	}
}

func signedTypes() []string {
	return []string{provenance.StepsType, provenance.ContentsType, provenance.SPDXType, provenance.SPDX3Type, provenance.SLSAv1Type}
}

// TestCosignVerifiesEveryStatement: what sworn signs, cosign verifies with the
// same key, by tag of the index and by digest of each platform, on both kinds of
// registries; with another key it does not.
func TestCosignVerifiesEveryStatement(t *testing.T) {
	cosign := binary(t, "cosign")
	private, public, _ := keyFiles(t)
	_, other, _ := keyFiles(t)
	home := "HOME=" + t.TempDir()
	for name, host := range registries(t) {
		t.Run(name, func(t *testing.T) {
			img := imagetest.New(t, imagetest.Options{Platforms: []string{"linux/amd64", "linux/arm64"}})
			ref := host + "/team/app:1"
			img.Push(t, ref)
			if code, _, errs := sworn(t, "sign", "--key", private, ref); code != 0 {
				t.Fatal(errs)
			}
			refs := []string{ref}
			for _, p := range img.Platforms {
				refs = append(refs, host+"/team/app@"+p.Digest.String())
			}
			verify := func(key, predicateType, ref string) (string, error) {
				return run(t, []string{home}, cosign, "verify-attestation", "--key", key, "--type", predicateType,
					"--insecure-ignore-tlog", "--allow-http-registry", ref)
			}
			for _, predicateType := range signedTypes() {
				for _, ref := range refs {
					if out, err := verify(public, predicateType, ref); err != nil {
						t.Errorf("cosign verify-attestation --type %s %s: %v\n%s", predicateType, ref, err, out)
					}
				}
			}
			if out, err := verify(other, provenance.StepsType, ref); err == nil {
				t.Errorf("cosign verified with another key:\n%s", out)
			}
			if out, err := verify(public, "https://example.com/none", ref); err == nil {
				t.Errorf("cosign found a statement that was never signed:\n%s", out)
			}
		})
	}
}

// TestKeysOfCosignAndOpenSSL: sworn signs with the key files of others, and what
// it signs is verified by both tools.
func TestKeysOfCosignAndOpenSSL(t *testing.T) {
	cosign := binary(t, "cosign")
	host := imagetest.Registry(t, true)
	t.Setenv("SWORN_PASSWORD", "theirs")
	dir := t.TempDir()
	env := []string{"COSIGN_PASSWORD=theirs", "HOME=" + dir}
	if out, err := run(t, env, cosign, "generate-key-pair", "--output-key-prefix", filepath.Join(dir, "cosign")); err != nil {
		t.Fatalf("cosign generate-key-pair: %v\n%s", err, out)
	}
	keys := map[string][2]string{"cosign": {"cosign.key", "cosign.pub"}}
	if openssl, err := exec.LookPath("openssl"); err != nil {
		t.Log("no openssl, so no keys of it are tried")
	} else {
		for name, args := range map[string][]string{
			"p256": {"ecparam", "-name", "prime256v1", "-genkey", "-noout"},
			"p384": {"genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384"},
			"rsa":  {"genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"},
		} {
			key, pub := filepath.Join(dir, name+".key"), filepath.Join(dir, name+".pub")
			if out, err := run(t, nil, openssl, append(args, "-out", key)...); err != nil {
				t.Fatalf("openssl: %v\n%s", err, out)
			}
			if out, err := run(t, nil, openssl, "pkey", "-in", key, "-pubout", "-out", pub); err != nil {
				t.Fatalf("openssl: %v\n%s", err, out)
			}
			keys[name] = [2]string{name + ".key", name + ".pub"}
		}
	}
	for name, files := range keys {
		t.Run(name, func(t *testing.T) {
			ref := host + "/" + name + "/app:1"
			imagetest.New(t, imagetest.Options{}).Push(t, ref)
			private, public := filepath.Join(dir, files[0]), filepath.Join(dir, files[1])
			if code, _, errs := sworn(t, "sign", "--key", private, ref); code != 0 {
				t.Fatal(errs)
			}
			if code, _, errs := sworn(t, "verify", "--key", public, ref); code != 0 {
				t.Fatal(errs)
			}
			args := []string{"verify-attestation", "--key", public, "--type", provenance.ContentsType,
				"--insecure-ignore-tlog", "--allow-http-registry", ref}
			if name == "p384" {
				// Sigstore's algorithm registry has SHA-384 for this curve; cosign wants to be
				// told.
				args = append(args, "--signature-digest-algorithm", "sha384")
			}
			out, err := run(t, env, cosign, args...)
			if err != nil {
				t.Errorf("cosign verify-attestation: %v\n%s", err, out)
			}
		})
	}
}

// TestFallbackTagListsTypes: on a registry without the API, the index under the
// tag has artifact types and annotations, and keeps what others put there.
func TestFallbackTagListsTypes(t *testing.T) {
	host := distribution(t)
	private, public, _ := keyFiles(t)
	second, _, _ := keyFiles(t)
	ref := host + "/app:1"
	img := imagetest.New(t, imagetest.Options{})
	img.Push(t, ref)
	for _, key := range []string{private, second} {
		if code, _, errs := sworn(t, "sign", "--key", key, ref); code != 0 {
			t.Fatal(errs)
		}
	}
	tag := strings.Replace(img.Index.Descriptor.Digest.String(), ":", "-", 1)
	req, err := http.NewRequest(http.MethodGet, "http://"+net.JoinHostPort(strings.Split(host, ":")[0], strings.Split(host, ":")[1])+"/v2/app/manifests/"+tag, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Accept", "application/vnd.oci.image.index.v1+json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var b bytes.Buffer
	if _, err := b.ReadFrom(resp.Body); err != nil {
		t.Fatal(err)
	}
	for want, n := range map[string]int{
		`"artifactType":"application/vnd.dev.sigstore.bundle.v0.3+json"`:        10,
		`"dev.sigstore.bundle.predicateType":"` + provenance.ContentsType + `"`: 2,
		`"dev.sigstore.bundle.content":"dsse-envelope"`:                         10,
		`"dev.sigstore.bundle.predicateType":"https://slsa.dev/provenance/v1"`:  2,
	} {
		if got := strings.Count(b.String(), want); got != n {
			t.Errorf("%s: %d times, want %d\n%s", want, got, n, b.String())
		}
	}
	if code, _, errs := sworn(t, "verify", "--key", public, ref); code != 0 {
		t.Error(errs)
	}
}
