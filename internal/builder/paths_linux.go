package builder

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// maxSocketPath is what sockaddr_un holds, without its final NUL (unix(7)).
const maxSocketPath = 107

// paths names the files of the daemon that a user's builds share.
type paths struct{ dir string }

func (p paths) file(name string) string { return filepath.Join(p.dir, name) }

// root is BuildKit's state: the cache stays there between builds.
func (p paths) root() string   { return p.file("buildkit") }
func (p paths) socket() string { return p.file("buildkitd.sock") }
func (p paths) otel() string   { return p.file("otel.sock") }
func (p paths) log() string    { return p.file("buildkitd.log") }

// runtime is where programs of a daemon without root's rights keep what runs.
func (p paths) runtime() string { return p.file("run") }

// users is locked by every build that uses the daemon, shared, and by the supervisor
// alone once nobody does.
func (p paths) users() string { return p.file("users.lock") }

// running is locked by the supervisor for as long as it lives.
func (p paths) running() string { return p.file("running.lock") }

// daemonPaths finds the state folder: $XDG_STATE_HOME/sworn, by default
// ~/.local/state/sworn.
func daemonPaths(o Options) (paths, error) {
	base := o.env("XDG_STATE_HOME")
	if base == "" {
		home := o.env("HOME")
		if home == "" {
			return paths{}, errors.New("neither XDG_STATE_HOME nor HOME is set")
		}
		base = filepath.Join(home, ".local", "state")
	}
	if !filepath.IsAbs(base) {
		return paths{}, fmt.Errorf("XDG_STATE_HOME: %q is no absolute path", base)
	}
	p := paths{dir: filepath.Join(base, "sworn")}
	if n := len(p.socket()); n > maxSocketPath {
		return paths{}, fmt.Errorf("%s: socket path of %d bytes, the kernel takes %d; set XDG_STATE_HOME to a shorter one", p.socket(), n, maxSocketPath)
	}
	return p, nil
}

// makeDir makes the folder for its owner alone: whoever can talk to the daemon has its
// rights.
func (p paths) makeDir() error {
	if err := os.MkdirAll(p.dir, 0o700); err != nil {
		return err
	}
	return os.Chmod(p.dir, 0o700)
}
