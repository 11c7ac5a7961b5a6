package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// builderName is the buildx builder that stands for our buildkitd.
const builderName = "sworn"

// ensureBuilder gives buildx, standalone and as docker's plugin, a configuration
// of its own with one builder, so that nothing of the user's is touched.
func ensureBuilder(ctx context.Context, l layout, s *state) error {
	plugin := filepath.Join(l.docker(), "cli-plugins", "docker-buildx")
	if err := link(l.bin("docker-buildx"), plugin); err != nil {
		return err
	}
	config := filepath.Join(l.docker(), "config.json")
	if _, err := os.Stat(config); errors.Is(err, fs.ErrNotExist) {
		if err := os.WriteFile(config, []byte("{}\n"), 0o600); err != nil {
			return err
		}
	}
	endpoint := "unix://" + l.socket()
	if s.Builder == endpoint && buildx(ctx, l, "inspect", builderName) == nil {
		return nil
	}
	// A builder of another place is replaced; that none exists is no error.
	_ = buildx(ctx, l, "rm", "--force", builderName)
	if err := buildx(ctx, l, "create", "--name", builderName, "--driver", "remote", "--use", endpoint); err != nil {
		return fmt.Errorf("create builder: %w", err)
	}
	s.Builder = endpoint
	return s.save(l)
}

func buildx(ctx context.Context, l layout, args ...string) error {
	cmd := exec.CommandContext(ctx, l.bin("docker-buildx"), args...)
	cmd.Env = append(os.Environ(), "DOCKER_CONFIG="+l.docker(), "BUILDX_CONFIG="+l.buildx())
	out, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("docker-buildx %s: %w: %s", args[0], err, strings.TrimSpace(string(out)))
	}
	return nil
}

// link makes name a symbolic link to target, replacing another link.
func link(target, name string) error {
	if now, err := os.Readlink(name); err == nil && now == target {
		return nil
	}
	if err := os.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return os.Symlink(target, name)
}
