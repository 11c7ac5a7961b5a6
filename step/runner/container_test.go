package runner

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/sworn-build/sworn/step"
)

// container is a busybox in an overlay file system, run by runc with the
// privileges that BuildKit gives a step.
type container struct {
	t    *testing.T
	base string
	spec map[string]any
	// direct runs the command without the runner.
	direct bool
	cfg    step.Config
	args   []string
	uid    int
	env    []string
	mounts []any
	// nofile is RLIMIT_NOFILE's soft limit, when not 0.
	nofile int
	// extraCaps are given on top of Docker's default set.
	extraCaps []string
}

// outcome is what a builder would see of a container.
type outcome struct {
	exit           int
	stdout, stderr string
	// record is nil when there is none.
	record *step.Record
	// left are the entries of the record folder.
	left []string
}

const path = "/usr/bin:/bin"

func newContainer(t *testing.T, args ...string) *container {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("needs root: containers")
	}
	for _, tool := range []string{"runc", "busybox", "mount", "go"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("needs %s", tool)
		}
	}
	p := path
	c := &container{
		t: t, base: t.TempDir(), args: args,
		cfg: step.Config{Version: step.ConfigVersion, Observe: true, Harden: step.HardenBaseline, PathEnv: &p},
		env: []string{"PATH=" + step.RunnerDir + ":" + path},
	}
	c.rootfs()
	lower, merged := c.base+"/lower", c.base+"/merged"
	opts := fmt.Sprintf("lowerdir=%s,upperdir=%s,workdir=%s", lower, c.base+"/upper", c.base+"/work")
	for _, d := range []string{"merged", "upper", "work", "record", "bundle"} {
		if err := os.Mkdir(filepath.Join(c.base, d), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if out, err := exec.Command("mount", "-t", "overlay", "overlay", "-o", opts, merged).CombinedOutput(); err != nil {
		t.Skipf("needs an overlay mount: %v: %s", err, out)
	}
	t.Cleanup(func() {
		if out, err := exec.Command("umount", merged).CombinedOutput(); err != nil {
			t.Errorf("umount: %v: %s", err, out)
		}
	})
	return c
}

// rootfs fills the lower folder.
func (c *container) rootfs() {
	c.t.Helper()
	lower := c.base + "/lower"
	for _, d := range []string{"bin", "usr/bin", "etc", "proc", "sys", "dev", "d", "tmp", "closed/in", "entered", "dir"} {
		if err := os.MkdirAll(filepath.Join(lower, d), 0o755); err != nil {
			c.t.Fatal(err)
		}
	}
	busybox, err := exec.LookPath("busybox")
	if err != nil {
		c.t.Fatal(err)
	}
	copyFile(c.t, busybox, lower+"/bin/busybox", 0o755)
	for _, name := range strings.Fields("sh cat cp mv rm ln mkdir ls env kill sleep id chmod touch sync true stat rmdir") {
		if err := os.Symlink("busybox", lower+"/bin/"+name); err != nil {
			c.t.Fatal(err)
		}
	}
	for name, f := range map[string]struct {
		text string
		mode os.FileMode
	}{
		"etc/passwd": {"root:x:0:0::/root:/bin/sh\n", 0o644},
		"d/read":     {"read", 0o644}, "d/unread": {"unread", 0o644}, "d/changed": {"old", 0o666},
		"d/plain": {"plain", 0o644}, "d/interp": {"#!/missing\n", 0o755}, "d/garbage": {"\x01\x02", 0o755},
		"d/empty": {"", 0o755}, "d/rootonly": {"#!/bin/sh\n", 0o700}, "entered/file": {"x", 0o644},
	} {
		if err := os.WriteFile(filepath.Join(lower, name), []byte(f.text), f.mode); err != nil {
			c.t.Fatal(err)
		}
		if err := os.Chmod(filepath.Join(lower, name), f.mode); err != nil {
			c.t.Fatal(err)
		}
	}
	for name, mode := range map[string]os.FileMode{"tmp": 0o777 | os.ModeSticky, "closed": 0o700, "entered": 0o755} {
		if err := os.Chmod(filepath.Join(lower, name), mode); err != nil {
			c.t.Fatal(err)
		}
	}
}

// file adds a file to what is there before the step.
func (c *container) file(name, text string) {
	c.t.Helper()
	put(c.t, c.base+"/merged/"+name, text)
}

// forger puts the hostile program at /forger.
func (c *container) forger(mode os.FileMode) { c.forgerFor("", mode) }

// forgerFor makes it a program of another architecture than this machine's.
func (c *container) forgerFor(goarch string, mode os.FileMode) {
	c.t.Helper()
	copyFile(c.t, goBuildFor(c.t, goarch, "./testdata/forger"), c.base+"/merged/forger", mode)
}

// privileged adds copies of the program that have privileges in their files.
func (c *container) privileged(goarch string) {
	c.t.Helper()
	program := goBuildFor(c.t, goarch, "./testdata/forger")
	copyFile(c.t, program, c.base+"/merged/setuid", 0o755|os.ModeSetuid)
	copyFile(c.t, program, c.base+"/merged/capable", 0o755)
	if out, err := exec.Command(goBuild(c.t, "./testdata/forger"), "filecap", c.base+"/merged/capable").CombinedOutput(); err != nil || string(out) != "setcap: <nil>\n" {
		c.t.Fatalf("give the program capabilities: %v: %s", err, out)
	}
}

// bind adds a mount; source is a folder or file of the host.
func (c *container) bind(source, target string, options ...string) {
	c.mounts = append(c.mounts, map[string]any{
		"destination": target, "type": "bind", "source": source, "options": append([]string{"bind"}, options...),
	})
}

// run runs the container to its end.
func (c *container) run() outcome {
	c.t.Helper()
	cmd := c.command()
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		c.t.Fatal(err)
	}
	out := outcome{exit: cmd.ProcessState.ExitCode(), stdout: stdout.String(), stderr: stderr.String()}
	out.record, out.left = c.record()
	return out
}

// record reads what the runner wrote.
func (c *container) record() (*step.Record, []string) {
	c.t.Helper()
	var left []string
	entries, err := os.ReadDir(c.base + "/record")
	if err != nil {
		c.t.Fatal(err)
	}
	for _, e := range entries {
		left = append(left, e.Name())
	}
	b, err := os.ReadFile(c.base + "/record/" + step.RecordFile)
	if err != nil {
		return nil, left
	}
	rec, err := step.DecodeRecord(b)
	if err != nil {
		c.t.Logf("record: %v: %s", err, b) // a step that failed may have left its own
		return nil, left
	}
	return &rec, left
}

// command writes the bundle and returns runc's command line.
func (c *container) command() *exec.Cmd {
	c.t.Helper()
	bundle := c.base + "/bundle"
	if err := os.Chmod(c.base+"/record", 0o777|os.ModeSticky); err != nil {
		c.t.Fatal(err)
	}
	if _, err := os.Stat(bundle + "/config.json"); err != nil {
		if out, err := exec.Command("runc", "spec", "--bundle", bundle).CombinedOutput(); err != nil {
			c.t.Fatalf("runc spec: %v: %s", err, out)
		}
	}
	b, err := os.ReadFile(bundle + "/config.json")
	if err == nil {
		err = json.Unmarshal(b, &c.spec)
	}
	if err != nil {
		c.t.Fatal(err)
	}
	c.fill()
	if b, err = json.Marshal(c.spec); err == nil {
		err = os.WriteFile(bundle+"/config.json", b, 0o644)
	}
	if err != nil {
		c.t.Fatal(err)
	}
	// As BuildKit does: with a log file, runc prints its own errors bare.
	cmd := exec.Command("runc", "--root", c.base+"/runc", "--log", c.base+"/log", "--log-format", "json",
		"run", "--bundle", bundle, c.name())
	cmd.Stdin = strings.NewReader("")
	return cmd
}

// name is a container id of its own; a folder's name may hold what runc refuses.
func (c *container) name() string {
	return fmt.Sprintf("sworn-%x", sha256.Sum256([]byte(c.base)))[:24]
}

// fill sets the parts of the OCI runtime specification that matter.
func (c *container) fill() {
	cfg, err := step.EncodeConfig(c.cfg)
	if err != nil {
		c.t.Fatal(err)
	}
	args, env := c.args, slices.Concat([]string{"PATH=" + path}, c.env[1:])
	if !c.direct {
		args = append([]string{step.RunnerName}, args...)
		env = append(slices.Clone(c.env), step.ConfigEnv+"="+cfg)
		c.bind(goBuild(c.t, "../../cmd/sworn-step"), step.RunnerPath, "ro")
		c.bind(c.base+"/record", step.RecordDir, "rw")
	}
	caps := strings.Fields("CAP_AUDIT_WRITE CAP_CHOWN CAP_DAC_OVERRIDE CAP_FOWNER CAP_FSETID CAP_KILL CAP_MKNOD " +
		"CAP_NET_BIND_SERVICE CAP_NET_RAW CAP_SETFCAP CAP_SETGID CAP_SETPCAP CAP_SETUID CAP_SYS_CHROOT")
	caps = append(caps, c.extraCaps...)
	sets := map[string]any{"bounding": caps}
	if c.uid == 0 {
		sets["effective"], sets["permitted"] = caps, caps
	}
	p := c.spec["process"].(map[string]any)
	p["terminal"], p["args"], p["env"], p["cwd"] = false, args, env, "/d"
	p["user"] = map[string]any{"uid": c.uid, "gid": c.uid, "additionalGids": []int{7, 5}}
	p["capabilities"], p["noNewPrivileges"], p["rlimits"] = sets, false, []any{}
	if c.nofile != 0 {
		p["rlimits"] = []any{map[string]any{"type": "RLIMIT_NOFILE", "soft": c.nofile, "hard": c.nofile * 2}}
	}
	c.spec["root"] = map[string]any{"path": c.base + "/merged", "readonly": false}
	c.spec["mounts"] = append(c.spec["mounts"].([]any), c.mounts...)
	c.mounts = nil
}

func copyFile(t *testing.T, from, to string, mode os.FileMode) {
	t.Helper()
	b, err := os.ReadFile(from)
	if err == nil {
		err = os.WriteFile(to, b, 0o755)
	}
	if err == nil {
		err = os.Chmod(to, mode)
	}
	if err != nil {
		t.Fatal(err)
	}
}
