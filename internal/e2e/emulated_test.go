//go:build e2e

package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/sworn-build/sworn/provenance"
)

// emulator is a user-mode emulator of the architecture that this machine has not.
type emulator struct {
	arch    string // GOARCH
	machine string // uname -m
	program string // path
	line    string // what registers it with the kernel (binfmt_misc)
}

// mustEmulator finds the emulator that hack/tools/build unpacked, or skips the test.
func mustEmulator(t *testing.T, e env) emulator {
	t.Helper()
	em, ok := map[string]emulator{
		"amd64": {arch: "arm64", machine: "aarch64"}, "arm64": {arch: "amd64", machine: "x86_64"},
	}[runtime.GOARCH]
	if !ok {
		t.Skipf("no foreign base image for %s", runtime.GOARCH)
	}
	line, err := os.ReadFile(e.tool("emulator/qemu-" + em.machine + ".conf"))
	if err != nil {
		t.Skipf("Debian's qemu-user-static is not to be had: %v", err)
	}
	em.program = e.tool("emulator/" + em.machine + "-binfmt-P")
	if _, err := os.Stat(em.program); err != nil {
		t.Fatal(err)
	}
	f := strings.Split(strings.TrimSpace(string(line)), ":") // :name:type:offset:magic:mask:interpreter:flags
	if len(f) != 8 || !strings.HasSuffix(f[6], filepath.Base(em.program)) || !strings.Contains(f[7], "F") {
		t.Fatalf("unexpected line for binfmt_misc: %q", line)
	}
	f[1], f[6] = fmt.Sprintf("sworn-test-%d", os.Getpid()), em.program
	em.line = strings.Join(f, ":")
	return em
}

// name is the emulator's in binfmt_misc.
func (em emulator) name() string { return strings.Split(em.line, ":")[1] }

// register has the kernel start programs of the other architecture until the test
// ends. Where it does so already, nothing is registered. Where it cannot be had, the
// test is skipped.
func (em emulator) register(t *testing.T) {
	t.Helper()
	dir := binfmt(t)
	for _, name := range registered(t, dir) {
		if text, err := os.ReadFile(filepath.Join(dir, name)); err == nil && name == "qemu-"+em.machine && strings.HasPrefix(string(text), "enabled") {
			return
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "register"), []byte(em.line), 0); err != nil {
		t.Skipf("the kernel takes no emulator: %v", err)
	}
	t.Cleanup(func() {
		if err := os.WriteFile(filepath.Join(dir, em.name()), []byte("-1"), 0); err != nil {
			t.Errorf("take the emulator back: %v", err)
		}
	})
}

// binfmt mounts the kernel's list of emulators for the test alone.
func binfmt(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := unix.Mount("binfmt_misc", dir, "binfmt_misc", unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC, ""); err != nil {
		t.Skipf("mount binfmt_misc: %v", err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(dir, unix.MNT_DETACH); err != nil {
			t.Errorf("unmount binfmt_misc: %v", err)
		}
	})
	return dir
}

// registered lists the emulators that the kernel has.
func registered(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		if e.Name() != "register" && e.Name() != "status" {
			names = append(names, e.Name())
		}
	}
	return names
}

// platformAccount reads the statements of one platform.
func platformAccount(t *testing.T, all map[string]map[string]statement, platform string) account {
	t.Helper()
	a := account{raw: all[platform]}
	checkTypes(t, a.raw, append(ourTypes(), provenance.SLSAv1Type))
	var err error
	if a.steps, err = provenance.DecodeSteps(a.raw[provenance.StepsType].Predicate); err != nil {
		t.Fatal(err)
	}
	if a.contents, err = provenance.DecodeContents(a.raw[provenance.ContentsType].Predicate); err != nil {
		t.Fatal(err)
	}
	return a
}

// The kernel starts the commands of both platforms, so the runner, a program of this
// machine, watches both.
func TestStepsThatTheKernelEmulatesAreObserved(t *testing.T) {
	e := mustEnv(t)
	em := mustEmulator(t, e)
	em.register(t)
	host := ownBuilder(t, e)
	image := imageName(e.registry, t, "latest")
	build{
		host: host, opts: []string{"platform=linux/amd64,linux/arm64", "attest:provenance=mode=max"}, output: push(image),
		context: files{
			"Dockerfile": "FROM busybox\nCOPY in /in\nUSER 1000\nWORKDIR /tmp\nRUN cat /in > out && uname -m >> out && : " + t.Name() + "\n",
			"in":         "in\n",
		},
	}.mustRun(t, e)
	all := statements(t, image)
	for platform, machine := range map[string]string{"linux/amd64": "x86_64", "linux/arm64": "aarch64"} {
		a := platformAccount(t, all, platform)
		s := a.step(t, "RUN cat")
		wantComplete(t, s)
		wantInput(t, s, whole("/in", "in\n"))
		if d := cmp.Diff(a.file(t, "/bin/sh").Digest, mustInput(t, s, "/bin/sh").Digest); d != "" {
			t.Errorf("%s: the program that was started (-contents +inputs):\n%s", platform, d)
		}
		want := sha256Of([]byte("in\n" + machine + "\n"))
		for _, got := range []*provenance.SHA256{output(t, s, "/tmp/out").Digest, a.file(t, "/tmp/out").Digest} {
			if d := cmp.Diff(want, got); d != "" {
				t.Errorf("%s: /tmp/out (-want +got):\n%s", platform, d)
			}
		}
	}
	private, public := keyPair(t, e)
	wantSworn(t, e, 0, "linux/arm64", "sign", "--key", private, image)
	out := wantSworn(t, e, 0, "verdict: pass", "verify", "--key", public, image)
	if n := strings.Count(out, "\n    signed "); n != 10 {
		t.Errorf("%d statements signed, want 10\n%s", n, out)
	}
}

// BuildKit brings an emulator of its own, which would get the runner to run: the step
// is not observed, and its record says so.
func TestStepsThatBuildKitEmulatesAreDescribedUnobserved(t *testing.T) {
	e := mustEnv(t)
	em := mustEmulator(t, e)
	if names := registered(t, binfmt(t)); len(names) > 0 {
		t.Skipf("this machine emulates other platforms: %s", strings.Join(names, ", "))
	}
	dir := t.TempDir()
	if err := os.Symlink(em.program, filepath.Join(dir, "buildkit-qemu-"+em.machine)); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
	host := ownBuilder(t, e)
	image := imageName(e.registry, t, "latest")
	// One program alone: Debian's emulator has the kernel start what a program starts.
	r := build{
		host: host, opts: []string{"platform=linux/amd64,linux/arm64", "attest:provenance=mode=max"}, output: push(image),
		context: dockerfile("FROM busybox\nRUN [\"/bin/busybox\", \"mkdir\", \"/made\"]\n"),
	}.mustRun(t, e)
	for platform, foreign := range map[string]bool{"linux/" + runtime.GOARCH: false, "linux/" + em.arch: true} {
		a := platformAccount(t, statements(t, image), platform)
		s := a.step(t, "RUN [")
		var want []string
		if foreign {
			want = []string{"the step runs on " + em.arch + ", the runner on " + runtime.GOARCH + ", and the builder's kernel does not start programs of both"}
		}
		if s.Inputs == nil || !slices.Equal(s.Inputs.Reasons, want) || (s.Inputs.Mode == provenance.InputsNone) != foreign || (s.Sandbox == nil) != foreign {
			t.Errorf("%s: inputs %+v, want reasons %q; sandbox %+v\n%s", platform, s.Inputs, want, s.Sandbox, r.log)
		}
		if !slices.Equal(s.Command, []string{"/bin/busybox", "mkdir", "/made"}) {
			t.Errorf("%s: command %q", platform, s.Command)
		}
		if d := cmp.Diff("dir", output(t, s, "/made").Type); d != "" {
			t.Errorf("%s: /made (-want +got):\n%s", platform, d)
		}
		a.file(t, "/made")
	}
	private, public := keyPair(t, e)
	wantSworn(t, e, 0, "linux/"+em.arch, "sign", "--key", private, image)
	wantSworn(t, e, 0, "verdict: pass", "verify", "--key", public, image)
}
