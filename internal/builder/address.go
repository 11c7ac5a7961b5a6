package builder

import (
	"context"
	"errors"
	"net/url"
	"os"
	"path/filepath"

	"github.com/moby/buildkit/client"
	// Schemes of addresses that a program of the machine connects to.
	_ "github.com/moby/buildkit/client/connhelper/dockercontainer"
	_ "github.com/moby/buildkit/client/connhelper/kubepod"
	_ "github.com/moby/buildkit/client/connhelper/nerdctlcontainer"
	_ "github.com/moby/buildkit/client/connhelper/podmancontainer"
	_ "github.com/moby/buildkit/client/connhelper/ssh"
)

// TLS names the files of a TLS connection, as buildctl does. The zero value is none.
type TLS struct {
	// Dir holds ca.pem, cert.pem and key.pem, or ca.crt, tls.crt and tls.key. It
	// excludes the files below.
	Dir           string
	CA, Cert, Key string
	// ServerName is what the server's certificate must be for; by default the host
	// of the address.
	ServerName string
}

// options are the client's, for an address.
func (t TLS) options(addr string) ([]client.ClientOpt, error) {
	if t.Dir != "" {
		if t.CA != "" || t.Cert != "" || t.Key != "" {
			return nil, errors.New("a TLS folder and TLS files are named; one is enough")
		}
		var err error
		if t, err = t.fromDir(); err != nil {
			return nil, err
		}
	}
	if (t.Cert == "") != (t.Key == "") {
		return nil, errors.New("a TLS certificate needs its key, and a key its certificate")
	}
	name := t.ServerName
	if name == "" {
		u, err := url.Parse(addr)
		if err != nil {
			return nil, err
		}
		name = u.Hostname()
	}
	var opts []client.ClientOpt
	if t.CA != "" {
		opts = append(opts, client.WithServerConfig(name, t.CA))
	}
	if t.Cert != "" {
		opts = append(opts, client.WithCredentials(t.Cert, t.Key))
	}
	return opts, nil
}

func (t TLS) fromDir() (TLS, error) {
	for _, names := range [][3]string{{"ca.pem", "cert.pem", "key.pem"}, {"ca.crt", "tls.crt", "tls.key"}} {
		found := TLS{ServerName: t.ServerName}
		for i, to := range []*string{&found.CA, &found.Cert, &found.Key} {
			path := filepath.Join(t.Dir, names[i])
			if _, err := os.Stat(path); err == nil {
				*to = path
			}
		}
		if found.CA != "" {
			return found, nil
		}
	}
	return TLS{}, errors.New(t.Dir + ": no ca.pem or ca.crt in it")
}

func connectAddress(ctx context.Context, addr string, tls TLS) (*Builder, error) {
	const hint = "check the address and that BuildKit runs there"
	unavailable := func(err error) error { return &UnavailableError{Name: "BuildKit at " + addr, Hint: hint, err: err} }
	opts, err := tls.options(addr)
	if err != nil {
		return nil, unavailable(err)
	}
	c, err := client.New(ctx, addr, opts...)
	if err != nil {
		return nil, unavailable(err)
	}
	return answer(ctx, c, "BuildKit at "+addr, hint)
}
