package main

import (
	"debug/elf"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// Both runners travel with every build.
func TestRunnersAreSmallAndStatic(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("the runner runs on Linux")
	}
	for dir, maxSize := range map[string]int64{".": 3_500_000, "../sworn-recorder": 9_000_000} {
		t.Run(dir, func(t *testing.T) { checkProgram(t, dir, maxSize) })
	}
}

// checkProgram builds a program; maxSize of it, stripped, is in bytes.
func checkProgram(t *testing.T, dir string, maxSize int64) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "RUN")
	cmd := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w", "-o", file, dir)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	fi, err := os.Stat(file)
	if err != nil {
		t.Fatal(err)
	}
	if fi.Size() > maxSize {
		t.Errorf("%d bytes, more than %d", fi.Size(), maxSize)
	}
	f, err := elf.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for _, p := range f.Progs {
		if p.Type == elf.PT_INTERP {
			t.Error("has an interpreter: a step could preload a library into it")
		}
	}
}

func TestRunnerImportsLittle(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", ".").CombinedOutput()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, out)
	}
	for _, p := range strings.Fields(string(out)) {
		first, _, _ := strings.Cut(p, "/")
		ours := strings.HasPrefix(p, "github.com/sworn-build/sworn/step") || p == "github.com/sworn-build/sworn/cmd/sworn-step"
		if p == "net" || strings.Contains(first, ".") && !ours && !strings.HasPrefix(p, "golang.org/x/sys/") {
			t.Errorf("imports %s", p)
		}
	}
}
