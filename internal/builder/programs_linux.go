package builder

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"strings"
)

// missingError: programs that a daemon of our own needs are not installed.
type missingError struct {
	programs []string
	hint     string
}

func (e *missingError) Error() string {
	return "not installed: " + strings.Join(e.programs, ", ")
}

// machine is what daemonCommand asks of the machine.
type machine struct {
	root bool
	look func(program string) (string, error) // exec.LookPath
	// subordinate reports whether the user has ranges of subordinate ids.
	subordinate func() error
}

func thisMachine() machine {
	return machine{root: os.Geteuid() == 0, look: exec.LookPath, subordinate: subordinateIDs}
}

// Hints of what to install; the names are Debian's, others have the same.
const (
	hintRoot     = "install buildkitd (github.com/moby/buildkit) and runc, or name a builder with --builder, --addr or BUILDKIT_HOST"
	hintRootless = "install buildkitd (github.com/moby/buildkit), runc, rootlesskit and uidmap, or name a builder with --builder, --addr or BUILDKIT_HOST"
	hintSubIDs   = "give the user subordinate ids (usermod --add-subuids 100000-165535 --add-subgids 100000-165535 NAME), or name a builder with --builder, --addr or BUILDKIT_HOST"
)

// daemonCommand is the command line of a buildkitd of our own: as root by itself, else
// under rootlesskit.
func daemonCommand(m machine, p paths, config string) ([]string, error) {
	hint := hintRoot
	need := []string{"buildkitd"}
	if !m.root {
		hint = hintRootless
		need = append(need, "rootlesskit", "newuidmap", "newgidmap")
	}
	var missing []string
	for _, name := range need {
		if _, err := m.look(name); err != nil {
			missing = append(missing, name)
		}
	}
	runtime := ""
	for _, name := range []string{"buildkit-runc", "runc", "crun"} {
		if _, err := m.look(name); err == nil {
			runtime = name
			break
		}
	}
	if runtime == "" {
		missing = append(missing, "runc or crun")
	}
	if len(missing) > 0 {
		return nil, &missingError{missing, hint}
	}
	argv := []string{
		"buildkitd", "--addr", "unix://" + p.socket(), "--root", p.root(), "--otel-socket-path", p.otel(),
		"--oci-worker=true", "--containerd-worker=false", "--oci-worker-binary", runtime,
		"--allow-insecure-entitlement", "network.host",
	}
	if config != "" {
		argv = append(argv, "--config", config)
	}
	if m.root {
		return argv, nil
	}
	if err := m.subordinate(); err != nil {
		return nil, err
	}
	// The host's network, as BuildKit's own guide for rootless mode has it.
	return append([]string{"rootlesskit"}, argv...), nil
}

// subordinateIDs looks for the user in /etc/subuid and /etc/subgid (subuid(5)).
func subordinateIDs() error {
	u, err := user.Current()
	if err != nil {
		return err
	}
	for _, file := range []string{"/etc/subuid", "/etc/subgid"} {
		ok, err := listsUser(file, u.Username, u.Uid)
		if err != nil {
			return err
		}
		if !ok {
			return &missingError{[]string{fmt.Sprintf("ids of %s in %s", u.Username, file)}, hintSubIDs}
		}
	}
	return nil
}

func listsUser(file, name, uid string) (bool, error) {
	f, err := os.Open(file)
	if errors.Is(err, os.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	defer f.Close()
	for s := bufio.NewScanner(f); s.Scan(); {
		if who, _, ok := strings.Cut(s.Text(), ":"); ok && (who == name || who == uid) {
			return true, nil
		}
	}
	return false, nil
}
