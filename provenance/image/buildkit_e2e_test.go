//go:build e2e

package image_test

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sworn-build/sworn/provenance"
	"github.com/sworn-build/sworn/provenance/image"
	"github.com/sworn-build/sworn/provenance/repository"
)

// dockerfile makes layers with all that BuildKit's differ writes: whiteouts, an
// opaque folder, hard links within and across layers, nodes, links in place of
// folders.
const dockerfile = `FROM scratch
COPY busybox /bin/busybox
RUN ["/bin/busybox", "--install", "-s", "/bin"]
RUN mkdir -p /etc /opt/x && echo hi > /etc/hello && ln /etc/hello /opt/x/hard && mkfifo /opt/f && mknod /opt/nul c 1 3 && chmod 4755 /bin/busybox
RUN rm -rf /etc/hello && mkdir -p /opt/y /opt/z/deep && touch /opt/y/a /opt/z/deep/b && chmod 1777 /opt/z
RUN rm -rf /opt/y && mkdir /opt/y && touch /opt/y/b && chown 1000:1000 /opt/y/b && rm -rf /opt/z && ln -s y /opt/z
RUN echo changed > /opt/x/hard && ln /opt/x/hard /opt/x/again && touch "/opt/x/new line" && rm -rf /opt/y/b && mkdir /opt/y/b
`

// TestRootfsOfARealImage: the files read from BuildKit's layers are those that
// BuildKit itself exports as one file system.
func TestRootfsOfARealImage(t *testing.T) {
	build := buildkit(t)
	for _, compression := range []string{"gzip", "zstd", "uncompressed"} {
		t.Run(compression, func(t *testing.T) {
			dir := t.TempDir()
			oci, rootfs := filepath.Join(dir, "oci.tar"), filepath.Join(dir, "rootfs.tar")
			build("type=oci,dest=" + oci + ",name=example.com/app:1,compression=" + compression + ",force-compression=true")
			build("type=tar,dest=" + rootfs)

			ref, err := repository.Parse("oci-archive:" + oci)
			if err != nil {
				t.Fatal(err)
			}
			repo, err := repository.Open(t.Context(), ref, repository.Options{})
			if err != nil {
				t.Fatal(err)
			}
			defer repo.Close()
			desc, err := repo.Resolve(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			ix, err := image.ReadIndex(t.Context(), repo, desc)
			if err != nil {
				t.Fatal(err)
			}
			attached, err := image.ReadStatements(t.Context(), repo, ix, ix.Platforms[0])
			if err != nil || len(attached) != 1 || attached[0].Statement.PredicateType != provenance.SLSAv1Type {
				t.Errorf("attached: %+v, %v", attached, err)
			}
			got, err := image.ReadRootfs(t.Context(), repo, ix.Platforms[0].Manifest)
			if err != nil {
				t.Fatal(err)
			}
			if len(got.Files) < 100 {
				t.Errorf("%d files: busybox installs more", len(got.Files))
			}
			if diff := cmp.Diff(exported(t, rootfs), described(got.Files)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func described(files []provenance.File) map[string]string {
	out := make(map[string]string)
	for _, f := range files {
		out[string(f.Path)] = fmt.Sprintf("%s %s %d:%d %d %s %s %s", f.Type, f.Mode, f.UID, f.GID, f.Size, f.Digest.String(), f.Target, f.Device)
	}
	return out
}

// exported describes the entries of a file system in a tar archive.
func exported(t *testing.T, path string) map[string]string {
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	out := make(map[string]string)
	for r := tar.NewReader(f); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return out
		}
		if err != nil {
			t.Fatal(err)
		}
		name := "/" + strings.Trim(strings.TrimPrefix(h.Name, "./"), "/")
		if name == "/" {
			continue
		}
		kind, sum, target, device, mode := "", "", "", "", h.Mode&0o7777
		switch h.Typeflag {
		case tar.TypeLink:
			out[name] = out["/"+strings.Trim(h.Linkname, "/")]
			continue
		case tar.TypeReg:
			b, err := io.ReadAll(r)
			if err != nil {
				t.Fatal(err)
			}
			digest := sha256.Sum256(b)
			kind, sum = "file", hex.EncodeToString(digest[:])
		case tar.TypeDir:
			kind = "dir"
		case tar.TypeSymlink:
			kind, target, mode = "symlink", h.Linkname, 0o777
		case tar.TypeChar:
			kind, device = "char", fmt.Sprintf("%d:%d", h.Devmajor, h.Devminor)
		case tar.TypeFifo:
			kind = "fifo"
		}
		out[name] = fmt.Sprintf("%s %04o %d:%d %d %s %s %s", kind, mode, h.Uid, h.Gid, h.Size, sum, target, device)
	}
}

// buildkit starts buildkitd and returns a function that builds the Dockerfile.
func buildkit(t *testing.T) func(output string) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("not root: buildkitd with runc needs it")
	}
	bin := os.Getenv("SWORN_BIN")
	if bin == "" {
		bin = filepath.Join("..", "..", "bin")
	}
	runc, err := exec.LookPath("runc")
	if err != nil {
		t.Skip("no runc: apt-get install runc")
	}
	busybox, err := os.ReadFile("/bin/busybox")
	if err != nil {
		t.Skip("no /bin/busybox: apt-get install busybox-static")
	}
	dir := t.TempDir()
	for name, b := range map[string][]byte{"Dockerfile": []byte(dockerfile), "busybox": busybox} {
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	root, err := os.MkdirTemp("", "buildkit") // a short name: it holds a socket
	if err != nil {
		t.Fatal(err)
	}
	address := "unix://" + filepath.Join(root, "s")
	daemon := exec.Command(filepath.Join(bin, "buildkitd"), "--root", filepath.Join(root, "r"), "--addr", address,
		"--oci-worker-binary", runc, "--oci-worker-net", "host")
	var log bytes.Buffer
	daemon.Stderr = &log
	if err := daemon.Start(); err != nil {
		t.Skipf("no buildkitd: build it with make tools: %v", err)
	}
	t.Cleanup(func() {
		_ = daemon.Process.Signal(os.Interrupt)
		_ = daemon.Wait()
		if t.Failed() {
			t.Log(log.String())
		}
		if err := os.RemoveAll(root); err != nil {
			t.Log(err)
		}
	})
	buildctl := func(args ...string) ([]byte, error) {
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
		defer cancel()
		return exec.CommandContext(ctx, filepath.Join(bin, "buildctl"), append([]string{"--addr", address}, args...)...).CombinedOutput()
	}
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(200 * time.Millisecond) {
		if _, err := buildctl("debug", "workers"); err == nil {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("buildkitd does not answer:\n%s", log.String())
		}
	}
	return func(output string) {
		t.Helper()
		args := []string{"build", "--frontend", "dockerfile.v0", "--local", "context=" + dir, "--local", "dockerfile=" + dir, "--output", output}
		if strings.HasPrefix(output, "type=oci") {
			args = append(args, "--opt", "attest:provenance=mode=max")
		}
		if out, err := buildctl(args...); err != nil {
			t.Fatalf("build: %v\n%s", err, out)
		}
	}
}
