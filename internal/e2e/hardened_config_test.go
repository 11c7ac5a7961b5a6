//go:build e2e

package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// hardened is a builder with a configuration of hack/buildkitd, which is started as the
// unit there says, on a machine of its own.
type hardened struct {
	netns
	kind    hardenedKind
	dir     string
	socket  string // address for the administrator
	address string // for clients
}

// Configurations of hack/buildkitd, and what they and their units say that is another
// thing on a test's machine: places, and the repository of the frontend.
type hardenedKind struct {
	name, config, unit string
	root, run, tls     string // folders
	configFlag         string
	// change are further lines and what takes their place.
	change [][2]string
	// wrap has the command run as the user whom the configuration is for.
	wrap func(t *testing.T, h hardened, argv []string) []string
}

func rootKind() hardenedKind {
	return hardenedKind{
		name: "root", config: "root.toml", unit: "buildkitd.service",
		root: "/var/lib/buildkit", run: "/run/buildkit", tls: "/etc/buildkit/tls", configFlag: "/etc/buildkit/buildkitd.toml",
		wrap: asRoot,
	}
}

func rootlessKind() hardenedKind {
	return hardenedKind{
		name: "rootless", config: "rootless.toml", unit: "buildkitd-rootless.service",
		root: "/home/buildkit/.local/share/buildkit", run: "/run/user/1000/buildkit", tls: "/home/buildkit/.config/buildkit/tls",
		configFlag: "%h/.config/buildkit/buildkitd.toml", wrap: asNobody,
	}
}

// startHardened starts a builder; the frontend's repository is the test's.
func startHardened(t *testing.T, e env, kind hardenedKind) hardened {
	t.Helper()
	// Not t.TempDir: a socket's path has at most 107 bytes (unix(7)).
	dir, err := os.MkdirTemp("", "sworn-hard-")
	if err != nil {
		t.Fatal(err)
	}
	h := hardened{netns: newNetns(t), kind: kind, dir: dir, socket: "unix://" + dir + "/run/buildkitd.sock"}
	h.address = "tcp://" + h.there + ":1234"
	for _, sub := range []string{"root", "run", "bin"} {
		if err := os.Mkdir(h.file(sub), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	certificates(t, h.file("pki"), "server", h.there)
	certificates(t, h.file("web"), "server", h.here)
	h.writeConfig(t, e)
	h.start(t, e, kind.wrap(t, h, h.command(t, e)))
	return h
}

func (h hardened) file(name string) string { return filepath.Join(h.dir, name) }

// writeConfig substitutes the places, and adds where this test's images are.
func (h hardened) writeConfig(t *testing.T, e env) {
	t.Helper()
	kind := h.kind
	text := mustRead(t, filepath.Join("..", "..", "hack", "buildkitd", kind.config))
	for _, place := range append([][2]string{
		{`"` + kind.root + `"`, `"` + h.dir + `/root"`},
		{kind.run + "/", h.dir + "/run/"},
		{kind.tls + "/", h.file("pki/server") + "/"},
		{"registry.example.com/sworn/frontend", "docker.io/" + strings.TrimSuffix(frontendName, ":dev")},
	}, kind.change...) {
		if !strings.Contains(text, place[0]) {
			t.Fatalf("%s has no %s", kind.config, place[0])
		}
		text = strings.ReplaceAll(text, place[0], place[1])
	}
	registry := h.forward(t, e.registry)
	text += fmt.Sprintf("\n[registry.\"docker.io\"]\n  mirrors = [%[1]q]\n[registry.%[1]q]\n  http = true\n", registry)
	if err := os.WriteFile(h.file("buildkitd.toml"), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// command is the unit's, with the programs and the configuration of the test.
func (h hardened) command(t *testing.T, e env) []string {
	t.Helper()
	kind := h.kind
	unit := mustRead(t, filepath.Join("..", "..", "hack", "buildkitd", kind.unit))
	_, line, ok := strings.Cut(unit, "\nExecStart=")
	line, _, _ = strings.Cut(line, "\n")
	argv := strings.Fields(line)
	if !ok || len(argv) == 0 {
		t.Fatalf("%s has no ExecStart", kind.unit)
	}
	found := 0
	for i, arg := range argv {
		switch arg {
		case "/usr/local/bin/buildkitd":
			argv[i] = e.tool("buildkitd")
			found++
		case kind.configFlag:
			argv[i] = h.file("buildkitd.toml")
			found++
		}
	}
	if found != 2 {
		t.Fatalf("%s starts no buildkitd with %s: %q", kind.unit, kind.configFlag, argv)
	}
	return argv
}

// asRoot leaves nothing of the CNI plugins' state on the machine. The test is skipped where
// a bridge cannot be had.
func asRoot(t *testing.T, h hardened, argv []string) []string {
	t.Helper()
	for _, program := range []string{"/usr/lib/cni/bridge", "iptables"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("%s is not installed", program)
		}
	}
	add := append(h.enter(), "ip", "link", "add", "probe0", "type", "bridge")
	if out, err := run(t, add[0], add[1:]...); err != nil {
		t.Skipf("no bridge can be made here: %v: %s", err, out)
	}
	h.run(t, "ip", "link", "delete", "probe0")
	return append([]string{"unshare", "--mount", "--propagation", "private", "sh", "-c",
		`mkdir -p "$0" && mount -t tmpfs cni "$0" && exec "$@"`, "/var/lib/cni"}, argv...)
}

// asNobody has a command run as a user without rights, in a mount namespace that gives
// that user subordinate ids and, as distributions do, the use of /dev/net/tun. The test is
// skipped where a program for it is missing.
func asNobody(t *testing.T, h hardened, argv []string) []string {
	t.Helper()
	for _, program := range []string{argv[0], "slirp4netns", "newuidmap", "setpriv"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("%s is not installed", program)
		}
	}
	const user, group = "65534", "65534"
	if out, err := run(t, "setpriv", "--reuid="+user, "--regid="+group, "--clear-groups", "unshare", "--user", "true"); err != nil {
		t.Skipf("an ordinary user gets no user namespace here: %v: %s", err, out)
	}
	ids, tun := h.file("ids"), h.file("tun")
	if err := os.WriteFile(ids, []byte("nobody:1000000:65536\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	for i, arg := range argv {
		// The checkout may be out of the user's reach.
		if filepath.Base(arg) != "buildkitd" {
			continue
		}
		b, err := os.ReadFile(arg)
		if err != nil {
			t.Fatal(err)
		}
		argv[i] = h.file("bin/buildkitd")
		if err := os.WriteFile(argv[i], b, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	mustRun(t, "chown", "-R", user+":"+group, h.dir)
	mustRun(t, "mknod", "-m", "666", tun, "c", "10", "200")
	return append([]string{"unshare", "--mount", "--propagation", "private", "sh", "-c",
		`mount --bind "$0" /etc/subuid && mount --bind "$0" /etc/subgid && mount --bind "$1" /dev/net/tun && shift &&
		exec setpriv --reuid=` + user + ` --regid=` + group + ` --clear-groups "$@"`, ids, tun}, argv...)
}

// start starts the daemon and waits until it answers.
func (h hardened) start(t *testing.T, e env, argv []string) {
	t.Helper()
	log, err := os.Create(h.file("log"))
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	argv = append(h.enter(), argv...)
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Stdout, cmd.Stderr = log, log
	// The proxy verifies servers with the builder's own authorities.
	cmd.Env = []string{
		"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "HOME=" + h.dir, "XDG_RUNTIME_DIR=" + h.file("run"),
		"SSL_CERT_FILE=" + h.file("web/ca.crt"),
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	t.Cleanup(func() { stopBuilder(t, cmd.Process, ended, h.dir) })
	for end := time.Now().Add(time.Minute); ; time.Sleep(50 * time.Millisecond) {
		out, err := run(t, e.tool("buildctl"), "--addr", h.socket, "debug", "workers")
		if err == nil {
			return
		}
		text := mustRead(t, log.Name())
		select {
		case err := <-ended:
			ended <- err
			t.Fatalf("the builder ended: %v\n%s", err, text)
		default:
		}
		if time.Now().After(end) {
			t.Fatalf("the builder does not answer: %v\n%s\n%s", err, out, text)
		}
	}
}
