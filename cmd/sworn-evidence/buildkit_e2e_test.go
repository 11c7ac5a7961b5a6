//go:build e2e

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/moby/buildkit/client"
	"github.com/moby/buildkit/client/llb"
	"github.com/tonistiigi/fsutil"

	"github.com/sworn-build/sworn/sbom"
	"github.com/sworn-build/sworn/step"
)

// daemon starts a builder of the test's own and returns a client of it.
func daemon(t *testing.T) *client.Client {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("skipped: buildkitd needs root")
	}
	bin, err := filepath.Abs("../../bin/buildkitd")
	if err != nil {
		t.Fatal(err)
	}
	for _, need := range []string{bin, "runc", "busybox"} {
		if _, err := exec.LookPath(need); err != nil {
			t.Skipf("skipped: %v", err)
		}
	}
	dir, err := os.MkdirTemp("", "sworn-evidence")
	if err != nil {
		t.Fatal(err)
	}
	log, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		t.Fatal(err)
	}
	addr := "unix://" + filepath.Join(dir, "sock")
	cmd := exec.Command(bin, "--root", filepath.Join(dir, "root"), "--addr", addr,
		"--config", os.DevNull, "--oci-worker=true", "--containerd-worker=false", "--oci-cni-binary-dir", dir)
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Signal(syscall.SIGTERM)
		cmd.Wait()
		if t.Failed() {
			b, _ := os.ReadFile(filepath.Join(dir, "log"))
			t.Logf("buildkitd: %s", b[max(0, len(b)-4000):])
		}
		os.RemoveAll(dir)
	})
	c, err := client.New(context.Background(), addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	for range 300 {
		if _, err = c.ListWorkers(context.Background()); err == nil {
			return c
		}
		time.Sleep(100 * time.Millisecond)
	}
	t.Fatalf("buildkitd does not answer: %v", err)
	return nil
}

// locals are the folders that the test's graphs use: the tool and a busybox.
func locals(t *testing.T) map[string]fsutil.FS {
	t.Helper()
	dir := t.TempDir()
	for _, sub := range []string{"tool", "busybox/bin"} {
		if err := os.MkdirAll(filepath.Join(dir, sub), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command("go", "build", "-o", filepath.Join(dir, "tool"), ".")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if b, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, b)
	}
	busybox, err := exec.LookPath("busybox")
	if err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(busybox)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "busybox/bin/busybox"), b, 0o755); err != nil {
		t.Fatal(err)
	}
	out := map[string]fsutil.FS{}
	for _, name := range []string{"tool", "busybox"} {
		if out[name], err = fsutil.NewFS(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	return out
}

// verb runs the tool in a container as the frontend builds it.
func verb(name string, mounts ...llb.RunOption) llb.State {
	opts := append([]llb.RunOption{
		llb.Args([]string{step.EvidencePath, name}), llb.Network(llb.NetModeNone), llb.IgnoreCache,
		llb.AddMount(step.EvidenceToolDir, llb.Local("tool"), llb.Readonly),
	}, mounts...)
	return llb.Scratch().Run(opts...).AddMount(step.OutDir, llb.Scratch())
}

func solve(t *testing.T, c *client.Client, fs map[string]fsutil.FS, st llb.State) (string, error) {
	t.Helper()
	def, err := st.Marshal(context.Background(), llb.LinuxAmd64)
	if err != nil {
		t.Fatal(err)
	}
	out := t.TempDir()
	var text strings.Builder
	ch := make(chan *client.SolveStatus)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for s := range ch {
			for _, l := range s.Logs {
				text.Write(l.Data)
			}
		}
	}()
	_, err = c.Solve(context.Background(), def, client.SolveOpt{
		LocalMounts: fs, Exports: []client.ExportEntry{{Type: client.ExporterLocal, OutputDir: out}},
	}, ch)
	<-done
	if err != nil {
		err = errors.Join(err, errors.New(text.String()))
	}
	return out, err
}

// TestEvidenceOfRealBuilds describes steps in a real builder, over its own mounts
// of states, and binds the result to the real root file system.
func TestEvidenceOfRealBuilds(t *testing.T) {
	c, fs := daemon(t), locals(t)
	sh := func(st llb.State, script string) llb.State {
		return st.Run(llb.Args([]string{"/bin/busybox", "sh", "-c", script}), llb.AddEnv("PATH", "/bin")).Root()
	}
	base := llb.Scratch().File(llb.Copy(llb.Local("busybox"), "/", "/", &llb.CopyInfo{CopyDirContentsOnly: true}))
	first := sh(base, `b=/bin/busybox; $b mkdir -p /d/e /keep; echo x >/d/e/f; echo y >/d/g; $b ln -s g /d/l; $b chmod 4755 /d/g; $b mknod /n c 1 3; $b mkfifo /p; echo z >"/keep/a
b"; $b printf x >"$($b printf '/keep/\377')"`)
	states := []llb.State{
		base, first,
		sh(first, `b=/bin/busybox; $b rm -rf /d/e; echo longer >/d/g; $b rm /d/l; $b mkdir /d/l; $b touch -d @5 /keep/a*`),
	}
	states = append(states, sh(states[2], `b=/bin/busybox; $b rm -rf /d; $b ln -s keep /d`), sh(states[2], `true`))
	var mounts []llb.RunOption
	for k, i := range []int{0, 1, 2, 3} {
		mounts = append(mounts, llb.AddMount(step.StateDir+"/"+strconv.Itoa(k), states[i], llb.Readonly))
	}
	out, err := solve(t, c, fs, verb("describe", mounts...))
	if err != nil {
		t.Fatal(err)
	}
	want := [][]string{
		{
			"+ dir 0755 /d", "+ dir 0755 /d/e", "+ file 0644 /d/e/f", "+ file 4755 /d/g", "+ symlink 0777 /d/l", "+ dir 0755 /keep",
			"+ file 0644 /keep/a\nb", "+ file 0644 /keep/\xff", "+ char 0644 /n", "+ fifo 0644 /p",
		},
		{"~ file 4755 /d/g", "~ dir 0755 /d/l", "- /d/e", "- /d/e/f"},
		{"~ symlink 0777 /d", "- /d/g", "- /d/l"},
	}
	for k, w := range want {
		if diff := cmp.Diff(w, lines(t, out, k+1)); diff != "" {
			t.Errorf("item %d (-want +got):\n%s", k+1, diff)
		}
	}
	out, err = solve(t, c, fs, verb("describe",
		llb.AddMount(step.StateDir+"/0", states[2], llb.Readonly), llb.AddMount(step.StateDir+"/1", states[4], llb.Readonly)))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string(nil), lines(t, out, 1)); diff != "" {
		t.Errorf("a step that does nothing (-want +got):\n%s", diff)
	}
	bindReal(t, c, fs, states[2], states[0], states[4])
}

// bindReal binds the ledger of an image that is good, its base, to good and to another
// state.
func bindReal(t *testing.T, c *client.Client, fs map[string]fsutil.FS, good, other, same llb.State) {
	source := verb("describe", llb.AddMount(step.StateDir+"/1", good, llb.Readonly))
	plan, err := step.EncodePlan(step.Plan{
		Platform: "linux/amd64", Options: map[string]string{}, Image: "source1", ImageName: "image", Steps: []step.Step{},
		Sources: []step.Source{{ID: "source1", Kind: step.SourceImage, URI: "pkg:docker/x", Evidence: &step.Place{Segment: 0, Item: 1}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	assembled := verb("assemble",
		llb.AddMount(step.PlanDir, llb.Scratch().File(llb.Mkfile("/"+step.PlanFile, 0o644, step.PackPlan(plan))), llb.Readonly),
		llb.AddMount(step.EvidenceDir+"/0", source, llb.Readonly))
	for _, c2 := range []struct {
		rootfs llb.State
		want   string
	}{{good, ""}, {same, ""}, {other, "sworn: bind statements to the image: /d: in the evidence, not in the image"}} {
		_, err := solve(t, c, fs, verb("bind", llb.AddMount(step.LedgerDir, assembled, llb.Readonly),
			llb.AddMount(step.RootfsDir, c2.rootfs, llb.Readonly), llb.AddMount(step.BaseDir, good, llb.Readonly)))
		if (err == nil) != (c2.want == "") || err != nil && !strings.Contains(err.Error(), c2.want) {
			t.Errorf("bind: %v, want %q", err, c2.want)
		}
	}
}

// lines sums up the evidence of an item. /proc, /sys and /dev, which the builder
// makes for the first exec on an empty file system, are left out.
func lines(t *testing.T, dir string, k int) []string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, fmt.Sprintf("%d.json", k)))
	if err != nil {
		t.Fatal(err)
	}
	e, err := decodeEvidence(b)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, l := range []struct {
		mark string
		es   []sbom.Entry
	}{{"+", e.Delta.Added}, {"~", e.Delta.Changed}} {
		for _, e := range l.es {
			if p := string(e.Path); p == "/proc" || p == "/sys" || p == "/dev" || strings.HasPrefix(p, "/etc") {
				continue
			}
			out = append(out, fmt.Sprintf("%s %s %s %s", l.mark, e.Type, e.Mode, e.Path))
		}
	}
	for _, p := range e.Delta.Removed {
		out = append(out, "- "+string(p))
	}
	return out
}
