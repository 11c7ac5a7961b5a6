package build

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/moby/buildkit/client"
	"github.com/moby/buildkit/cmd/buildctl/build"
)

// addCache sets where cached steps come from and go to.
func (r *Request) addCache() error {
	from, err := longCache(r.options.Cache.From)
	if err == nil {
		r.solve.CacheImports, err = build.ParseImportCache(from)
	}
	if err != nil {
		return wrapUsage("--cache-from", err)
	}
	to, err := longCache(r.options.Cache.To)
	if err == nil {
		r.solve.CacheExports, err = build.ParseExportCache(to)
	}
	if err != nil {
		return wrapUsage("--cache-to", err)
	}
	if on, err := strconv.ParseBool(r.solve.FrontendAttrs["build-arg:BUILDKIT_INLINE_CACHE"]); err == nil && on {
		r.solve.CacheExports = append(r.solve.CacheExports, client.CacheOptionsEntry{Type: "inline", Attrs: map[string]string{}})
	}
	return nil
}

// longCache writes a reference alone as the registry cache that it means.
func longCache(list []string) ([]string, error) {
	var out []string
	for _, s := range list {
		switch {
		case s == "":
			continue
		case !strings.Contains(s, "="):
			s = "type=registry,ref=" + s
		case !strings.Contains(s, "type="):
			return nil, fmt.Errorf("%q: no type", s)
		}
		out = append(out, s)
	}
	return out, nil
}

// addSecrets offers secrets and agents to steps that mount them.
func (r *Request) addSecrets() error {
	s := r.options.Secrets
	if len(s.Secrets) > 0 {
		provider, err := build.ParseSecret(s.Secrets)
		if err != nil {
			return wrapUsage("--secret", err)
		}
		r.solve.Session = append(r.solve.Session, provider)
	}
	return r.addSSH(s.SSH)
}
