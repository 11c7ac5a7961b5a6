//go:build e2e

package e2e

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// own is a place where `sworn build` finds no builder and starts one of its own.
type own struct {
	dir  string
	wrap []string // what the command runs under
	env  []string
	args []string
}

// newOwn has a state folder of its own, and a PATH without buildx.
func newOwn(t *testing.T, e env) own {
	t.Helper()
	// Not t.TempDir: a socket's path has at most 107 bytes (unix(7)).
	dir, err := os.MkdirTemp("", "sworn-own-")
	if err != nil {
		t.Fatal(err)
	}
	bin := filepath.Join(dir, "bin")
	for _, d := range []string{bin, filepath.Join(dir, "home")} {
		if err := os.Mkdir(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(e.tool("buildkitd"), filepath.Join(bin, "buildkitd")); err != nil {
		t.Fatal(err)
	}
	config := filepath.Join(dir, "buildkitd.toml")
	text := fmt.Sprintf("[cdi]\n  disabled = true\n[registry.\"docker.io\"]\n  mirrors = [%[1]q]\n[registry.%[1]q]\n  http = true\n", e.registry)
	if err := os.WriteFile(config, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	o := own{
		dir:  dir,
		env:  []string{"HOME=" + filepath.Join(dir, "home"), "XDG_STATE_HOME=" + filepath.Join(dir, "state"), "PATH=" + bin + ":/usr/sbin:/usr/bin:/sbin:/bin"},
		args: []string{e.tool("sworn"), "build", "--progress", "plain", "--buildkitd-config", config},
	}
	t.Cleanup(func() {
		o.gone(t)
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	return o
}

// start starts a build; its output goes to the buffer.
func (o own) start(t *testing.T, log *bytes.Buffer, args ...string) *exec.Cmd {
	t.Helper()
	argv := append(append(append([]string{}, o.wrap...), o.args...), args...)
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Env, cmd.Dir = o.env, o.dir
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return cmd
}

func (o own) mustBuild(t *testing.T, args ...string) built {
	t.Helper()
	var log bytes.Buffer
	if err := o.start(t, &log, args...).Wait(); err != nil {
		t.Fatalf("sworn build: %v\n%s\n%s", err, log.String(), o.daemonLog())
	}
	return built{log: log.String()}
}

func (o own) daemonLog() string {
	b, _ := os.ReadFile(filepath.Join(o.dir, "state", "sworn", "buildkitd.log"))
	return string(b)
}

// processes are those whose command line names the folder.
func (o own) processes() []string {
	files, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	var out []string
	for _, f := range files {
		b, _ := os.ReadFile(f)
		if line := strings.ReplaceAll(string(b), "\x00", " "); strings.Contains(line, o.dir+"/state") {
			out = append(out, f+": "+line)
		}
	}
	return out
}

// gone fails unless no process and no mount of the daemon is left.
func (o own) gone(t *testing.T) {
	t.Helper()
	var left []string
	for end := time.Now().Add(45 * time.Second); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		if left = o.processes(); len(left) == 0 {
			break
		}
	}
	if len(left) > 0 {
		t.Errorf("still there:\n%s", strings.Join(left, "\n"))
	}
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		t.Error(err)
	}
	if strings.Contains(string(mounts), o.dir) {
		t.Errorf("mounts are left below %s", o.dir)
	}
}

// slow is a build that says that it runs and then takes its time.
func slow(t *testing.T, seconds string) string {
	t.Helper()
	return dockerfile("FROM busybox\nRUN : " + t.Name() + "; echo runs; sleep " + seconds + "\n").write(t)
}

func waitFor(t *testing.T, log func() string, text string) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !strings.Contains(log(), text); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("no %q in:\n%s", text, log())
		}
	}
}

// TestBuildsShareABuildKitOfTheirOwn: it starts with the first, ends with the last, and
// keeps its cache.
func TestBuildsShareABuildKitOfTheirOwn(t *testing.T) {
	t.Parallel()
	e := mustEnv(t)
	o := newOwn(t, e)
	var logs [2]bytes.Buffer
	var cmds [2]*exec.Cmd
	for i := range cmds {
		cmds[i] = o.start(t, &logs[i], slow(t, fmt.Sprint(1+2*i)))
	}
	for i, cmd := range cmds {
		if err := cmd.Wait(); err != nil {
			t.Errorf("build %d: %v\n%s\n%s", i, err, logs[i].String(), o.daemonLog())
		}
	}
	if n := strings.Count(logs[0].String()+logs[1].String(), "sworn: starting BuildKit"); n != 1 {
		t.Errorf("BuildKit was started %d times\n%s%s", n, logs[0].String(), logs[1].String())
	}
	if left := o.processes(); len(left) > 0 {
		t.Errorf("after the last build there is still\n%s", strings.Join(left, "\n"))
	}
	again := o.mustBuild(t, slow(t, "1"))
	if again.printed("RUN : ") || !strings.Contains(again.log, "CACHED") {
		t.Errorf("the cache is lost:\n%s", again.log)
	}
}

// TestABuildThatIsEndedEndsItsBuildKit: politely, impatiently and not at all.
func TestABuildThatIsEndedEndsItsBuildKit(t *testing.T) {
	t.Parallel()
	e := mustEnv(t)
	o := newOwn(t, e)
	for _, tt := range []struct {
		what    string
		signals []syscall.Signal
		code    int // -1: by the signal
	}{
		{"interrupt", []syscall.Signal{syscall.SIGINT}, 2},
		{"interrupt twice", []syscall.Signal{syscall.SIGINT, syscall.SIGINT}, -1},
		{"kill", []syscall.Signal{syscall.SIGKILL}, -1},
	} {
		t.Run(tt.what, func(t *testing.T) {
			log, err := os.CreateTemp(t.TempDir(), "log")
			if err != nil {
				t.Fatal(err)
			}
			read := func() string { b, _ := os.ReadFile(log.Name()); return string(b) }
			cmd := exec.Command(o.args[0], append(append([]string{}, o.args[1:]...), slow(t, "600"))...)
			cmd.Env, cmd.Dir, cmd.Stdout, cmd.Stderr = o.env, o.dir, log, log
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			waitFor(t, read, " runs\n")
			for _, s := range tt.signals {
				if err := cmd.Process.Signal(s); err != nil {
					t.Fatal(err)
				}
				time.Sleep(50 * time.Millisecond) // two at once are one
			}
			_ = cmd.Wait()
			if code := cmd.ProcessState.ExitCode(); code != tt.code {
				t.Errorf("exit code %d, want %d\n%s", code, tt.code, read())
			}
			if tt.code == 2 && !strings.Contains(read(), "sworn: build: cancelled") {
				t.Errorf("nothing is said about it:\n%s", read())
			}
			o.gone(t)
		})
	}
}

// TestBuildKitOfOurOwnWithoutRoot runs as a user without rights, in a mount namespace
// whose /etc/subuid gives that user ids.
func TestBuildKitOfOurOwnWithoutRoot(t *testing.T) {
	t.Parallel()
	e := mustEnv(t)
	for _, program := range []string{"rootlesskit", "newuidmap", "setpriv", "unshare"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("%s is not installed", program)
		}
	}
	const user, group = "65534", "65534" // nobody
	o := newOwn(t, e)
	ids := filepath.Join(o.dir, "ids")
	if err := os.WriteFile(ids, []byte("nobody:1000000:65536\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	// The checkout may be out of the user's reach.
	for _, program := range []string{"sworn", "buildkitd"} {
		b, err := os.ReadFile(e.tool(program))
		if err != nil {
			t.Fatal(err)
		}
		to := filepath.Join(o.dir, "bin", program)
		_ = os.Remove(to) // the link that newOwn made
		if err := os.WriteFile(to, b, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	o.args[0] = filepath.Join(o.dir, "bin", "sworn")
	ctx := filepath.Join(o.dir, "context")
	if err := os.CopyFS(ctx, os.DirFS(stages(t).write(t))); err != nil {
		t.Fatal(err)
	}
	mustRun(t, "chown", "-R", user+":"+group, o.dir)
	o.wrap = []string{"unshare", "--mount", "--propagation", "private", "sh", "-c",
		`mount --bind "$0" /etc/subuid && mount --bind "$0" /etc/subgid && exec setpriv --reuid=` + user + ` --regid=` + group + ` --clear-groups "$@"`, ids}
	private, public := keyPair(t, e)
	archive := filepath.Join(o.dir, "image.tar")
	first := o.mustBuild(t, "--provenance=mode=max", "-t", "e2e/rootless", "-o", "type=oci,dest="+archive, ctx)
	if !first.printed("RUN --mount=type=cache") {
		t.Errorf("nothing ran:\n%s", first.log)
	}
	wantSworn(t, e, 0, "5 statements", "sign", "--key", private, "oci-archive:"+archive)
	wantSworn(t, e, 0, "verdict: pass", "verify", "--key", public, "oci-archive:"+archive)
	if again := o.mustBuild(t, ctx); again.printed("RUN --mount=type=cache") {
		t.Errorf("the cache is lost:\n%s", again.log)
	}
}
