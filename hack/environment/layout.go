package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// maxSocketPath is what sockaddr_un holds, without its final NUL (unix(7)).
const maxSocketPath = 107

// layout names every file of the environment.
type layout struct {
	root  string // the repository
	state string // everything that is written
}

func newLayout(root, state string) (layout, error) {
	if root == "" {
		return layout{}, errors.New("env: SWORN_ROOT is not set; call hack/env")
	}
	if state == "" {
		state = filepath.Join(root, ".state", "env")
	}
	state, err := filepath.Abs(state)
	if err != nil {
		return layout{}, err
	}
	l := layout{root: root, state: state}
	if n := len(l.socket()); n > maxSocketPath {
		return layout{}, fmt.Errorf("env: %s: socket path of %d bytes, the kernel takes %d; set SWORN_STATE to a shorter one", l.socket(), n, maxSocketPath)
	}
	return l, nil
}

func (l layout) bin(name string) string    { return filepath.Join(l.root, "bin", name) }
func (l layout) file(name string) string   { return filepath.Join(l.state, name) }
func (l layout) log(service string) string { return l.file(service + ".log") }
func (l layout) socket() string            { return l.file("buildkitd.sock") }
func (l layout) docker() string            { return l.file("docker") }
func (l layout) buildx() string            { return l.file("buildx") }

// dirs are made by up.
func (l layout) makeDirs() error {
	for _, d := range []string{l.state, filepath.Join(l.docker(), "cli-plugins"), l.buildx()} {
		if err := os.MkdirAll(d, 0o755); err != nil {
			return err
		}
	}
	return nil
}
