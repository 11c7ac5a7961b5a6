package netrecord

import (
	"cmp"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/sworn-build/sworn/step"
	"github.com/sworn-build/sworn/step/roots"
	"github.com/sworn-build/sworn/step/runner"
)

// Recorder is a [runner.Recorder]. The zero value is ready, for one step.
type Recorder struct {
	// Dir is where the command's files go: a folder that is no part of the image.
	// Empty is /dev/shm, which every user may write to.
	Dir string
	// Roots is the file of the operator's authorities; empty is the one that the step's
	// frontend mounts.
	Roots string

	proxy *proxy
	files string // folder of ours in Dir
}

// maxRoots bounds a file of certificates in bytes.
const maxRoots = 16 << 20

// rootFiles are where distributions keep the certificates of authorities: Debian and
// Alpine, Fedora, openSUSE, and the place that OpenSSL knows.
func rootFiles() []string {
	return []string{
		"/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/ca-bundle.pem", "/etc/ssl/cert.pem",
	}
}

// Start implements [runner.Recorder].
func (r *Recorder) Start(way runner.Way) (runner.Access, error) {
	a, err := newAuthority(time.Now())
	if err != nil {
		return runner.Access{}, err
	}
	l, err := listen(way.Environ, func() (net.Listener, error) { return net.Listen("tcp4", "127.0.0.1:0") })
	if err != nil {
		return runner.Access{}, err
	}
	secret := rand.Text()
	at := (&url.URL{Scheme: "http", User: url.UserPassword(proxyUser, secret), Host: l.Addr().String()}).String()
	own, trusted, err := authorities(way.Environ)
	if err != nil {
		return runner.Access{}, errors.Join(err, l.Close())
	}
	extra, err := r.operatorRoots(way)
	if err != nil {
		return runner.Access{}, errors.Join(err, l.Close())
	}
	extra.AddTo(trusted)
	env, err := r.access(at, append(own, a.pem()...), way.Environ)
	if err != nil {
		return runner.Access{}, errors.Join(err, l.Close())
	}
	r.proxy = newProxy(l, a, secret, way, trusted)
	return runner.Access{Port: uint16(l.Addr().(*net.TCPAddr).Port), Env: env, Roots: extra.Digests()}, nil
}

// Finish implements [runner.Recorder].
func (r *Recorder) Finish() ([]step.Request, []string, error) {
	r.proxy.close()
	requests, reasons := r.proxy.log.result()
	// The command may have changed or removed what is there; all of it goes with the
	// container anyway.
	_ = os.RemoveAll(r.files)
	return requests, reasons, nil
}

// authorities are those that the container's programs trust, and those of files that
// the Dockerfile names in variables which the recorder sets: for the command, as PEM, and
// for the recorder, which has Mozilla's where the container has none. Both are read
// before the command runs, so that it cannot change whom the recorder trusts.
func authorities(environ []string) ([]byte, *x509.CertPool, error) {
	files := values(environ, runner.BundleVariables()...)
	for _, f := range rootFiles() {
		if _, err := os.Stat(f); err == nil {
			files = append(files, f)
			break
		}
	}
	var out []byte
	seen := map[string]bool{}
	for _, f := range files {
		b, _, err := readFile(f)
		if errors.Is(err, fs.ErrNotExist) {
			continue // for the command to find out
		}
		if err != nil {
			return nil, nil, err
		}
		for _, der := range certificates(b) {
			if !seen[string(der)] {
				seen[string(der)] = true
				out = append(out, pem.EncodeToMemory(&pem.Block{Type: roots.Block, Bytes: der})...)
			}
		}
	}
	trusted, err := x509.SystemCertPool()
	if err != nil {
		return nil, nil, fmt.Errorf("read the system's authorities: %w", err)
	}
	trusted.AppendCertsFromPEM(out)
	return out, trusted, nil
}

// operatorRoots are the authorities that the operator gives; none where BuildKit's proxy
// verifies servers. The command does not get them: it speaks to the recorder alone.
func (r *Recorder) operatorRoots(way runner.Way) (roots.Set, error) {
	if way.Roots == "" || way.BuildKit {
		return roots.Set{}, nil
	}
	name := cmp.Or(r.Roots, step.RootsDir+"/"+step.RootsName)
	s, err := roots.Read(name)
	switch {
	case err != nil:
		return roots.Set{}, fmt.Errorf("the operator's authorities: %w", err)
	case s.Digest() != way.Roots:
		return roots.Set{}, fmt.Errorf("the operator's authorities: %s holds %s, the step was told of %s", name, s.Digest(), way.Roots)
	}
	return s, nil
}

// certificates returns those of a PEM file, and nothing else that may be in it: a key
// often is.
func certificates(text []byte) [][]byte {
	var out [][]byte
	for {
		var b *pem.Block
		if b, text = pem.Decode(text); b == nil {
			return out
		}
		if b.Type == roots.Block {
			out = append(out, b.Bytes)
		}
	}
}

// values are those that an environment has of some variables, in its order; empty ones are
// none.
func values(environ []string, names ...string) []string {
	var out []string
	for _, kv := range environ {
		if k, v, _ := strings.Cut(kv, "="); v != "" && slices.Contains(names, k) {
			out = append(out, v)
		}
	}
	return out
}

// readFile returns what a file holds, and its permissions.
func readFile(name string) ([]byte, fs.FileMode, error) {
	st, err := os.Stat(name)
	switch {
	case err != nil:
		return nil, 0, err
	case !st.Mode().IsRegular() || st.Size() > maxRoots:
		return nil, 0, fmt.Errorf("read %s: not a regular file of at most %d bytes", name, maxRoots)
	}
	b, err := os.ReadFile(name)
	return b, st.Mode().Perm(), err
}
