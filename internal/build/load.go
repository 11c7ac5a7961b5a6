package build

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"time"

	"golang.org/x/term"
)

// loadTimeout bounds the question whether a program can load images.
const loadTimeout = 15 * time.Second

func isTerminal(f *os.File) bool { return term.IsTerminal(int(f.Fd())) }

// LoadError: docker or podman did not take the image.
type LoadError struct {
	Program string
	// Attested: the archive has attestations, which not every image store takes.
	Attested bool
	err      error
}

// Error implements error.
func (e *LoadError) Error() string { return fmt.Sprintf("%s load: %v", e.Program, e.err) }

// Unwrap implements errors.Unwrap.
func (e *LoadError) Unwrap() error { return e.err }

// loader hands an archive to docker or podman while it is made.
type loader struct {
	name string
	cmd  *exec.Cmd
	out  bytes.Buffer
}

// newLoader finds who can load an image: docker, or podman where docker does not
// answer.
func newLoader() (*loader, error) {
	var reasons []string
	for _, p := range []struct {
		name string
		ask  []string
	}{
		{"docker", []string{"version", "--format", "{{.Server.Version}}"}},
		{"podman", []string{"version"}},
	} {
		path, err := exec.LookPath(p.name)
		if err != nil {
			reasons = append(reasons, p.name+" is not installed")
			continue
		}
		ctx, cancel := context.WithTimeout(context.Background(), loadTimeout)
		out, err := exec.CommandContext(ctx, path, p.ask...).CombinedOutput()
		cancel()
		if err == nil {
			return &loader{name: p.name, cmd: exec.Command(path, "load")}, nil
		}
		reasons = append(reasons, fmt.Sprintf("%s does not answer: %s", p.name, lastLine(string(out))))
	}
	return nil, usage("--load", "%s", strings.Join(reasons, "; "))
}

// open implements filesync.FileOutputFunc.
func (l *loader) open(map[string]string) (io.WriteCloser, error) {
	in, err := l.cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	l.cmd.Stdout, l.cmd.Stderr = &l.out, &l.out
	if err := l.cmd.Start(); err != nil {
		return nil, err
	}
	return in, nil
}

// wait returns what was said about the image, once it is loaded.
func (l *loader) wait() (string, error) {
	if l.cmd.Process == nil {
		return "", errors.New("load: BuildKit wrote no image")
	}
	err := l.cmd.Wait()
	said := strings.TrimSpace(l.out.String())
	if err != nil {
		return "", &LoadError{Program: l.name, err: fmt.Errorf("%w: %s", err, lastLine(said))}
	}
	return said, nil
}

// stop ends a program whose archive will not be whole.
func (l *loader) stop() {
	if l.cmd.Process != nil && l.cmd.ProcessState == nil {
		_ = l.cmd.Process.Kill() // has it ended, Wait says so
		_ = l.cmd.Wait()
	}
}

func lastLine(s string) string {
	s = strings.TrimSpace(s)
	return s[strings.LastIndexByte(s, '\n')+1:]
}
