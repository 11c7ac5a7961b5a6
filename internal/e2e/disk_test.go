//go:build e2e

package e2e

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// smallDisk mounts a file system of some MiB on a folder. It is unmounted with the
// test.
func smallDisk(t *testing.T, dir string, mib int) {
	t.Helper()
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, fmt.Sprintf("size=%dm,mode=711", mib)); err != nil {
		t.Fatalf("mount a disk of %d MiB: %v", mib, err)
	}
	t.Cleanup(func() { _ = unix.Unmount(dir, unix.MNT_DETACH) })
}

// diskFull is what a program says when write(2) gives ENOSPC.
const diskFull = "no space left on device"

// A step fills the disk, or leaves no room for its record or its evidence: a clear
// error of that step. When there is room again the builder works as before.
func TestAFullDiskFailsTheBuildAndNothingElse(t *testing.T) {
	e := mustEnv(t)
	d := newDaemon(t, e, func(root string) { smallDisk(t, root, 128) })
	image := imageName(e.registry, t, "latest")
	fine := build{host: d.host, context: dockerfile("FROM busybox\nRUN echo fine > /made\n"), output: push(image)}
	old, want := buildAccount(t, e, fine)
	before := d.idle(t)
	for _, tt := range []struct{ name, run, want, log string }{
		{
			"step", "dd if=/dev/zero of=/fill bs=1M",
			exitCode("/bin/sh -c dd if=/dev/zero of=/fill bs=1M", "1"), "No space left on device",
		},
		{
			"record", "dd if=/dev/zero of=/fill bs=4k || true", // the command does not mind
			"exit code: 125", "sworn: record step: write record.json.part: " + diskFull,
		},
		{
			// Names that are 4 MB of evidence, and 2 MB are free.
			"evidence", `mkdir /d; cd /d; n=$(printf %0200d 0); seq 10000 | sed s/$/-$n/ | xargs touch; set -- $(df -k / | tail -n 1); dd if=/dev/zero of=/fill bs=1k count=$(($4-2000))`,
			"describe: the evidence tool failed (see the log of this build)", diskFull,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			// BuildKit needs some room to make room.
			spare := filepath.Join(d.root(), "spare")
			if err := os.WriteFile(spare, make([]byte, 4<<20), 0o600); err != nil {
				t.Fatal(err)
			}
			r := build{host: d.host, context: dockerfile("FROM busybox\nRUN " + tt.run + "\n"), output: push(image)}.run(t, e)
			if r.err == nil {
				t.Fatalf("built on a full disk:\n%s", r.log)
			}
			oneError(t, r.log, tt.want)
			if !strings.Contains(r.log, tt.log) {
				t.Errorf("no %q in\n%s", tt.log, r.log)
			}
			stillTagged(t, image, old.digest)
			if err := os.Remove(spare); err != nil {
				t.Fatal(err)
			}
			prune(t, e, d.host, "--all")
			d.leftNothing(t, before)
			d.heldNothing(t, e)
			var again account
			old, again = buildAccount(t, e, fine)
			samePredicates(t, want, again)
		})
	}
}

// A registry whose disk is full takes some of a push, but never the tag.
func TestARegistryOnAFullDiskKeepsItsTag(t *testing.T) {
	e := mustEnv(t)
	host, store := smallRegistry(t, e, 24)
	image := host + "/full:latest"
	old, _ := buildAccount(t, e, build{context: dockerfile("FROM busybox\nRUN echo old > /made\n"), output: push(image)})
	fill(t, filepath.Join(store, "fill"), 64<<10)
	r := build{context: dockerfile("FROM busybox\nRUN dd if=/dev/urandom of=/made bs=1M count=4\n"), output: push(image)}.run(t, e)
	if r.err == nil {
		t.Fatalf("pushed to a full disk:\n%s", r.log)
	}
	oneError(t, r.log, "push")
	stillTagged(t, image, old.digest)
	if err := os.Remove(filepath.Join(store, "fill")); err != nil {
		t.Fatal(err)
	}
	_, a := buildAccount(t, e, build{context: dockerfile("FROM busybox\nRUN dd if=/dev/urandom of=/made bs=1M count=4\n"), output: push(image)})
	describedTruly(t, image, a, "/made")
}

// fill writes a file until only spare bytes of its file system are left.
func fill(t *testing.T, file string, spare int64) {
	t.Helper()
	f, err := os.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var st unix.Statfs_t
	if err := unix.Fstatfs(int(f.Fd()), &st); err != nil {
		t.Fatal(err)
	}
	if err := unix.Fallocate(int(f.Fd()), 0, 0, int64(st.Bavail)*st.Bsize-spare); err != nil {
		t.Fatal(err)
	}
}

// smallRegistry starts the distribution registry on a disk of some MiB. It ends with
// the test.
func smallRegistry(t *testing.T, e env, mib int) (host, store string) {
	t.Helper()
	store = t.TempDir()
	smallDisk(t, store, mib)
	host = freeAddress(t)
	config := filepath.Join(t.TempDir(), "registry.yml")
	text := fmt.Sprintf("version: 0.1\nlog:\n  level: error\n  accesslog:\n    disabled: true\nstorage:\n  filesystem:\n    rootdirectory: %q\nhttp:\n  addr: %s\n", store, host)
	if err := os.WriteFile(config, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(e.tool("registry"), "serve", config)
	cmd.Env = append(os.Environ(), "OTEL_TRACES_EXPORTER=none")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	for end := time.Now().Add(20 * time.Second); !answers(host); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("the registry does not answer")
		}
	}
	return host, store
}

// freeAddress is a port of 127.0.0.1 that nobody listens on.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// answers reports whether a registry is there.
func answers(host string) bool {
	resp, err := http.Get("http://" + host + "/v2/")
	if err != nil {
		return false
	}
	resp.Body.Close()
	return resp.StatusCode == http.StatusOK
}
