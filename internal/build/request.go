package build

import (
	"slices"
	"strings"

	"github.com/docker/cli/cli/config"
	"github.com/moby/buildkit/client"
	"github.com/moby/buildkit/session/auth/authprovider"
	"github.com/tonistiigi/fsutil"

	"github.com/sworn-build/sworn/provenance/trust"
	"github.com/sworn-build/sworn/step/roots"
)

// Request is a build that can be run once.
type Request struct {
	solve   client.SolveOpt
	options Options
	outputs []output
	loaders []*loader
	// Platforms was asked for by name.
	platforms bool
	// trust are whom base images may be signed by.
	trust trust.Anchors
	// roots are the authorities that recorders of the network trust as well.
	roots roots.Set
}

// Prepare checks the flags and makes a request of them. Nothing is written, and nobody
// is asked but programs that will load the image.
//
// Errors: [*UsageError].
func Prepare(o Options) (*Request, error) {
	r := &Request{options: o, solve: client.SolveOpt{
		FrontendAttrs: map[string]string{},
		LocalMounts:   map[string]fsutil.FS{},
	}}
	for _, add := range []func() error{
		r.addCredentials, r.addInput, r.addContexts, r.addArgs, r.addSteps, r.addAttests, r.addOutputs, r.addCache, r.addSecrets,
	} {
		if err := add(); err != nil {
			return nil, err
		}
	}
	return r, nil
}

// addCredentials offers those of docker's configuration to the builder, which asks for
// what it needs. A configuration that cannot be read would end in refusals of
// registries.
func (r *Request) addCredentials() error {
	var wrong strings.Builder
	file := config.LoadDefaultConfigFile(&wrong)
	if s := strings.TrimPrefix(strings.TrimSpace(wrong.String()), "WARNING: Error "); s != "" {
		return usage("credentials", "%s", s)
	}
	r.solve.Session = append(r.solve.Session, authprovider.NewDockerAuthProvider(authprovider.DockerAuthProviderConfig{
		AuthConfigProvider: authprovider.LoadAuthConfig(file),
	}))
	return nil
}

// attr sets an option of the frontend.
func (r *Request) attr(key, value string) { r.solve.FrontendAttrs[key] = value }

// env looks up a variable; the last one counts.
func (r *Request) env(name string) (value string, ok bool) {
	for _, kv := range slices.Backward(r.options.Environ) {
		if k, v, _ := strings.Cut(kv, "="); k == name {
			return v, true
		}
	}
	return "", false
}

// pairs reads NAME=VALUE flags; the last one of a name counts.
func pairs(flag string, list []string) (map[string]string, error) {
	m := map[string]string{}
	for _, kv := range list {
		k, v, ok := strings.Cut(kv, "=")
		if !ok || k == "" {
			return nil, usage(flag, "%q is not NAME=VALUE", kv)
		}
		m[k] = v
	}
	return m, nil
}

// split takes flags apart that may hold commas.
func split(list []string) []string {
	var out []string
	for _, s := range list {
		for p := range strings.SplitSeq(s, ",") {
			if p = strings.TrimSpace(p); p != "" {
				out = append(out, p)
			}
		}
	}
	return out
}
