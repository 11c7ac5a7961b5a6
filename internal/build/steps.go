package build

import (
	"net"
	"strconv"
	"strings"

	"github.com/containerd/platforms"
	"github.com/docker/go-units"
	"github.com/moby/buildkit/solver/pb"
	"github.com/moby/buildkit/util/entitlements"

	"github.com/sworn-build/sworn/provenance/trust"
	"github.com/sworn-build/sworn/step/roots"
)

// syntaxArg asks for another frontend.
const syntaxArg = "BUILDKIT_SYNTAX"

// addArgs sets build args and labels. SOURCE_DATE_EPOCH comes from the environment, as
// with docker and buildctl.
func (r *Request) addArgs() error {
	args := map[string]string{}
	if v, ok := r.env("SOURCE_DATE_EPOCH"); ok && v != "" {
		args["SOURCE_DATE_EPOCH"] = v
	}
	for _, a := range r.options.Steps.Args {
		name, value, given := strings.Cut(a, "=")
		if name == "" {
			return usage("--build-arg", "%q is not NAME=VALUE or NAME", a)
		}
		if !given {
			var ok bool
			if value, ok = r.env(name); !ok {
				continue // the Dockerfile's default applies
			}
		}
		args[name] = value
	}
	if v, ok := args[syntaxArg]; ok {
		return usage("--build-arg "+syntaxArg, "sworn build is the frontend itself; to build with %s, call docker buildx build", v)
	}
	for name, value := range args {
		r.attr("build-arg:"+name, value)
	}
	if on, err := strconv.ParseBool(args["BUILDKIT_MULTI_PLATFORM"]); err == nil && on {
		r.attr("multi-platform", "true")
	}
	labels, err := pairs("--label", r.options.Steps.Labels)
	for name, value := range labels {
		r.attr("label:"+name, value)
	}
	return err
}

// addSteps sets what else is said about the build of the Dockerfile.
func (r *Request) addSteps() error {
	s := r.options.Steps
	if s.Target != "" {
		r.attr("target", s.Target)
	}
	if stages := split(s.NoCacheFilter); len(stages) > 0 {
		r.attr("no-cache", strings.Join(stages, ","))
	}
	if s.NoCache {
		r.attr("no-cache", "")
	}
	if s.Pull {
		r.attr("image-resolve-mode", pb.AttrImageResolveModeForcePull)
	}
	for _, add := range []func() error{r.addPlatforms, r.addNetwork, r.addHosts, r.addLimits, r.addAllow, r.addTrust, r.addRoots} {
		if err := add(); err != nil {
			return err
		}
	}
	return nil
}

func (r *Request) addTrust() (err error) {
	r.trust, err = trust.Read(r.options.Steps.BaseTrust...)
	return wrapUsage("--base-trust", err)
}

func (r *Request) addRoots() (err error) {
	r.roots, err = roots.Read(r.options.Steps.Roots...)
	return wrapUsage("--network-root", err)
}

func (r *Request) addPlatforms() error {
	var all []string
	for _, s := range split(r.options.Steps.Platforms) {
		p, err := platforms.Parse(s)
		if err != nil {
			return usage("--platform", "%s: %w", s, err)
		}
		all = append(all, platforms.FormatAll(platforms.Normalize(p)))
	}
	if len(all) > 0 {
		r.platforms = true
		r.attr("platform", strings.Join(all, ","))
	}
	return nil
}

func (r *Request) addNetwork() error {
	switch n := r.options.Steps.Network; n {
	case "", "default":
	case "none":
		r.attr("force-network-mode", n)
	case "host":
		r.attr("force-network-mode", n)
		r.solve.AllowedEntitlements = append(r.solve.AllowedEntitlements, string(entitlements.EntitlementNetworkHost))
	default:
		return usage("--network", "%q is none of default, host, none", n)
	}
	return nil
}

func (r *Request) addHosts() error {
	var all []string
	for _, h := range r.options.Steps.Hosts {
		sep := ":"
		if strings.Contains(h, "=") {
			sep = "="
		}
		name, ip, _ := strings.Cut(h, sep)
		ip = strings.TrimSuffix(strings.TrimPrefix(ip, "["), "]")
		if name == "" || net.ParseIP(ip) == nil {
			return usage("--add-host", "%q is not NAME:IP", h)
		}
		all = append(all, name+"="+ip)
	}
	if len(all) > 0 {
		r.attr("add-hosts", strings.Join(all, ","))
	}
	return nil
}

func (r *Request) addLimits() error {
	s := r.options.Steps
	if s.ShmSize != "" {
		n, err := units.RAMInBytes(s.ShmSize)
		if err != nil || n <= 0 {
			return usage("--shm-size", "%q is no size", s.ShmSize)
		}
		r.attr("shm-size", strconv.FormatInt(n, 10))
	}
	var all []string
	for _, u := range s.Ulimits {
		l, err := units.ParseUlimit(u)
		if err != nil {
			return wrapUsage("--ulimit", err)
		}
		all = append(all, l.String())
	}
	if len(all) > 0 {
		r.attr("ulimit", strings.Join(all, ","))
	}
	return nil
}

func (r *Request) addAllow() error {
	for _, a := range r.options.Steps.Allow {
		if _, _, err := entitlements.Parse(a); err != nil {
			return usage("--allow", "%s: %w", a, err)
		}
		r.solve.AllowedEntitlements = append(r.solve.AllowedEntitlements, a)
	}
	return nil
}
