package runner

import (
	"bytes"
	"os"
	"path/filepath"

	"github.com/sworn-build/sworn/step"
)

// bundle is the file of authorities that BuildKit adds its proxy's to while a step runs in
// its proxy network, and takes it out of afterwards
// (https://github.com/moby/buildkit/blob/v0.33.1/executor/proxyca_linux.go). The added one is
// made anew by each daemon and no part of the image, so an input is described without it.
type bundle struct {
	path     string // without symbolic links
	injected string // digest of what the step reads
	digest   string // of what the image has
	size     int64  // in bytes, of the same
}

// maxBundle is what BuildKit takes as a bundle, in bytes, and room for its own.
const maxBundle = 10<<20 + 64<<10

// BuildKit's marks around its authority; the first newline is its own too.
var (
	bundleBegin = []byte("\n# buildkit proxy CA begin\n")
	bundleEnd   = []byte("# buildkit proxy CA end\n")
)

// bundleFiles are where BuildKit looks for a bundle: the first that there is.
func bundleFiles() []string {
	return []string{
		"/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/ca-bundle.pem",
		"/etc/pki/tls/cacert.pem", "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", "/etc/ssl/cert.pem",
	}
}

// findBundle returns the bundle with BuildKit's authority in it, or nil. It must be
// called before the command runs.
func findBundle(files []string) *bundle {
	for _, name := range files {
		path, err := filepath.EvalSymlinks(name)
		if err != nil {
			continue
		}
		if st, err := os.Stat(path); err != nil || !st.Mode().IsRegular() || st.Size() > maxBundle {
			continue
		}
		b, err := os.ReadFile(path)
		if err != nil {
			continue
		}
		before, rest, ok := bytes.Cut(b, bundleBegin)
		_, after, closed := bytes.Cut(rest, bundleEnd)
		if ok && closed {
			own := append(bytes.Clone(before), after...)
			return &bundle{path: path, injected: sha256Digest(b), digest: sha256Digest(own), size: int64(len(own))}
		}
	}
	return nil
}

// BundleVariables are the variables by which programs are told a file of authorities.
func BundleVariables() []string {
	return []string{
		"SSL_CERT_FILE",       // OpenSSL, Go, and much that uses them
		"CURL_CA_BUNDLE",      // curl
		"REQUESTS_CA_BUNDLE",  // Python's requests
		"PIP_CERT",            // pip
		"NODE_EXTRA_CA_CERTS", // Node.js, beside its own
		"npm_config_cafile",   // npm
		"GIT_SSL_CAINFO",      // git
		"CARGO_HTTP_CAINFO",   // cargo
	}
}

// env names the bundle in variables, for programs that have authorities of their own.
// A nil bundle is none.
func (b *bundle) env() []string {
	if b == nil {
		return nil
	}
	var out []string
	for _, name := range BundleVariables() {
		out = append(out, name+"="+b.path)
	}
	return out
}

// restore describes the bundle among inputs as the image has it, if the step left it as
// it was. A nil bundle does nothing.
func (b *bundle) restore(inputs []step.Input) {
	if b == nil {
		return
	}
	for i := range inputs {
		if in := &inputs[i]; string(in.Path) == b.path && in.Digest == b.injected {
			in.Digest, in.Size = b.digest, b.size
		}
	}
}
