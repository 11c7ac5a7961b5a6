package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
)

// Names of the services, in the order in which they start.
const (
	registryService  = "registry"
	referrersService = "registry-referrers"
	buildkitService  = "buildkitd"
)

func serviceNames() []string {
	return []string{registryService, referrersService, buildkitService}
}

// usualPort is tried first; a free one is taken when another program has it.
func usualPort(service string) int {
	switch service {
	case registryService:
		return 5000
	case referrersService:
		return 5001
	}
	return 0
}

// recipe is how a service is run.
type recipe struct {
	argv  []string
	env   []string
	files map[string]string // configuration by file name
	ready func(context.Context) error
}

// recipeFor describes a service; ports are those of all services.
func recipeFor(l layout, service string, ports map[string]int) recipe {
	addr := fmt.Sprintf("127.0.0.1:%d", ports[service])
	switch service {
	case registryService:
		config := l.file("registry.yml")
		return recipe{
			argv:  []string{l.bin("registry"), "serve", config},
			env:   []string{"OTEL_TRACES_EXPORTER=none"},
			files: map[string]string{config: registryConfig(l.file("registry"), addr)},
			ready: func(ctx context.Context) error { return registryReady(ctx, addr) },
		}
	case referrersService:
		return recipe{
			argv:  []string{l.bin("registry-referrers"), "-addr", addr, "-dir", l.file("registry-referrers")},
			ready: func(ctx context.Context) error { return registryReady(ctx, addr) },
		}
	}
	config := l.file("buildkitd.toml")
	return recipe{
		argv:  []string{l.bin("buildkitd"), "--config", config},
		files: map[string]string{config: buildkitConfig(l, ports[registryService])},
		ready: func(ctx context.Context) error { return buildkitReady(ctx, l) },
	}
}

// key changes when the program or its configuration does.
func (r recipe) key() (string, error) {
	program, err := os.Open(r.argv[0])
	if err != nil {
		return "", fmt.Errorf("%w; run hack/tools/build", err)
	}
	defer program.Close()
	h := sha256.New()
	if _, err := io.Copy(h, program); err != nil {
		return "", err
	}
	fmt.Fprintln(h, r.argv, r.env)
	for _, text := range r.files {
		fmt.Fprintln(h, text)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

func registryConfig(dir, addr string) string {
	return fmt.Sprintf(`version: 0.1
log:
  level: warn
  accesslog:
    disabled: true
storage:
  filesystem:
    rootdirectory: %q
  delete:
    enabled: true
http:
  addr: %s
`, dir, addr)
}

// buildkitConfig lets the builder find every image of docker.io in the local
// registry, so that ordinary image names work without that registry. The one with the
// referrers API is not in it: BuildKit 0.33 does not use that API of registries that its
// configuration names, and plain HTTP it takes on the loopback interface anyway.
func buildkitConfig(l layout, registry int) string {
	return fmt.Sprintf(`root = %q
insecure-entitlements = ["network.host", "security.insecure"]
provenanceEnvDir = %q

[grpc]
  address = [%q]

[otel]
  socketPath = %q

[cdi]
  disabled = true

[worker.oci]
  enabled = true
  snapshotter = "overlayfs"
  binary = "runc"
  gc = true

[worker.containerd]
  enabled = false

[registry."docker.io"]
  mirrors = ["127.0.0.1:%d"]

[registry."127.0.0.1:%d"]
  http = true
`, l.file("buildkit"), l.file("provenance.d"), "unix://"+l.socket(), l.file("otel.sock"),
		registry, registry)
}

func registryReady(ctx context.Context, addr string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+addr+"/v2/", nil)
	if err != nil {
		return err
	}
	// Proxy variables of the machine must not reach the loopback interface.
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	res, err := client.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("GET /v2/: %s", res.Status)
	}
	return nil
}

func buildkitReady(ctx context.Context, l layout) error {
	out, err := exec.CommandContext(ctx, l.bin("buildctl"), "--addr", "unix://"+l.socket(), "debug", "workers").CombinedOutput()
	if err != nil {
		return fmt.Errorf("%w: %s", err, strings.TrimSpace(string(out)))
	}
	return nil
}

// choosePort returns the first of the wanted ports that is free, else one that the
// kernel picks. Zeros among the wanted ports are passed over.
func choosePort(wanted ...int) (int, error) {
	for _, port := range wanted {
		if port == 0 {
			continue
		}
		if _, err := listenOnce(port); err == nil {
			return port, nil
		}
	}
	port, err := listenOnce(0)
	if err != nil {
		return 0, fmt.Errorf("choose port: %w", err)
	}
	return port, nil
}

// listenOnce listens on 127.0.0.1 and stops at once.
func listenOnce(port int) (int, error) {
	l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		return 0, err
	}
	return l.Addr().(*net.TCPAddr).Port, l.Close()
}
