//go:build e2e && robustness

package e2e

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

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
	for end := time.Now().Add(20 * time.Second); !responds(host); time.Sleep(50 * time.Millisecond) {
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

// responds reports whether a registry is there.
func responds(host string) bool {
	resp, err := http.Get("http://" + host + "/v2/")
	if err != nil {
		return false
	}
	resp.Body.Close()
	return resp.StatusCode == http.StatusOK
}
