//go:build e2e

package e2e

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestSwornBuildReachesBuilders of every kind. Docker, Kubernetes and SSH are stood for
// by scripts that run what they would run at the other end.
func TestSwornBuildReachesBuilders(t *testing.T) {
	e := mustEnv(t)
	dir := exported(t).write(t)
	t.Setenv("BUILDKIT_HOST", "")
	t.Setenv("BUILDX_BUILDER", "")
	t.Setenv("PATH", strings.Join([]string{remotes(t, e), e.bin, os.Getenv("PATH")}, ":"))
	addr, certs := overTLS(t, strings.TrimPrefix(e.host, "unix://"))
	for _, tt := range []struct {
		what string
		env  string
		args []string
		want string // how the progress names it
	}{
		{"address of the environment", "BUILDKIT_HOST=" + e.host, nil, "BuildKit at " + e.host},
		{"address", "BUILDX_BUILDER=none", []string{"--addr", e.host}, "BuildKit at " + e.host},
		{"TLS", "", []string{"--addr", "tcp://" + addr, "--tlsdir", certs}, "BuildKit at tcp://" + addr},
		{"buildx", "", []string{"--builder", "sworn"}, "buildx builder sworn"},
		{"buildx of the environment", "BUILDX_BUILDER=sworn", nil, "buildx builder sworn"},
		{"buildx's current builder", "", nil, "buildx's current builder"},
		{"container", "", []string{"--addr", "docker-container://there"}, "BuildKit at docker-container://there"},
		{"pod", "", []string{"--addr", "kube-pod://there"}, "BuildKit at kube-pod://there"},
		{"SSH", "", []string{"--addr", "ssh://there"}, "BuildKit at ssh://there"},
	} {
		t.Run(tt.what, func(t *testing.T) {
			if k, v, ok := strings.Cut(tt.env, "="); ok {
				t.Setenv(k, v)
			}
			b := swornBuild(t, e, 0, append(slices.Clone(tt.args), "--build-arg", "SWORN_STATEMENTS=off", dir)...)
			if !strings.Contains(b.log, "building with "+tt.want+"\n") {
				t.Errorf("not %s:\n%s", tt.want, b.log)
			}
		})
	}
	t.Run("what was named and does not answer is an error", func(t *testing.T) {
		for _, args := range [][]string{{"--builder", "none"}, {"--addr", "unix:///none"}, {"--addr", "tcp://" + addr}} {
			b := swornBuild(t, e, 2, append(args, dir)...)
			if strings.Contains(b.log, "starting BuildKit") {
				t.Errorf("%v: another builder was taken:\n%s", args, b.log)
			}
		}
	})
}

// remotes is a folder with programs that lead to another machine, which is this one.
func remotes(t *testing.T, e env) string {
	t.Helper()
	dir := t.TempDir()
	for _, name := range []string{"docker", "kubectl", "ssh"} {
		script := "#!/bin/sh\n" +
			"case \"$*\" in *'buildctl dial-stdio') exec " + e.tool("buildctl") + " --addr " + e.host + " dial-stdio ;; esac\n" +
			"echo \"" + name + ": no other command is known here: $*\" >&2; exit 1\n"
		if err := os.WriteFile(filepath.Join(dir, name), []byte(script), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// overTLS serves a Unix socket over TLS to clients with a certificate, and returns the
// address and a folder with what a client needs.
func overTLS(t *testing.T, socket string) (addr, certs string) {
	t.Helper()
	certs = t.TempDir()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	// One certificate for all three: it signs itself.
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "sworn"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	certPEM := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	keyPEM := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})
	for name, b := range map[string][]byte{"ca.pem": certPEM, "cert.pem": certPEM, "key.pem": keyPEM} {
		if err := os.WriteFile(filepath.Join(certs, name), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	pair, err := tls.X509KeyPair(certPEM, keyPEM)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(certPEM)
	l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{
		Certificates: []tls.Certificate{pair}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: pool, NextProtos: []string{"h2"},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go relay(c, socket)
		}
	}()
	return l.Addr().String(), certs
}

// relay ends when either side does.
func relay(c net.Conn, socket string) {
	defer c.Close()
	s, err := net.Dial("unix", socket)
	if err != nil {
		return
	}
	defer s.Close()
	done := make(chan struct{}, 2)
	for _, way := range [][2]net.Conn{{c, s}, {s, c}} {
		go func() {
			_, _ = io.Copy(way[0], way[1]) // its end is all that matters
			done <- struct{}{}
		}()
	}
	<-done
}
