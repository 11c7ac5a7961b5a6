package runner

import (
	"fmt"
	"strings"

	"github.com/sworn-build/sworn/step"
)

// readConfig finds and decodes the step's configuration.
func readConfig(environ []string) (step.Config, error) {
	s, ok := lookupEnv(environ, step.ConfigEnv)
	if !ok {
		return step.Config{}, fmt.Errorf("read runner config: %s is not set", step.ConfigEnv)
	}
	return step.DecodeConfig(s)
}

// commandEnv returns the command's environment: environ as the Dockerfile asked
// for it, in the order in which the runner got it.
func commandEnv(environ []string, cfg step.Config) []string {
	given := make(map[string]bool, len(cfg.Env))
	for _, kv := range cfg.Env {
		given[envName(kv)] = true
	}
	out := make([]string, 0, len(environ)+len(cfg.Env))
	path := cfg.PathEnv
	for _, kv := range environ {
		name := envName(kv)
		switch {
		case name == step.ConfigEnv || step.Telemetry(name) || given[name]:
		case name == "PATH" && cfg.PathEnv != nil:
			if path != nil {
				out = append(out, "PATH="+*path)
				path = nil
			}
		default:
			out = append(out, kv)
		}
	}
	if path != nil && !given["PATH"] {
		out = append(out, "PATH="+*path)
	}
	return append(out, cfg.Env...)
}

func envName(kv string) string {
	name, _, _ := strings.Cut(kv, "=")
	return name
}

func lookupEnv(environ []string, name string) (string, bool) {
	for _, kv := range environ {
		if k, v, ok := strings.Cut(kv, "="); ok && k == name {
			return v, true
		}
	}
	return "", false
}
