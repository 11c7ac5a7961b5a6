package main

import (
	"context"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/moby/buildkit/client"
	digest "github.com/opencontainers/go-digest"
)

func TestEveryProjectHasItsWordsOnce(t *testing.T) {
	for _, p := range projects() {
		for _, word := range []string{"{{first}}", "{{last}}"} {
			if n := strings.Count(p.dockerfile, word); n != 1 {
				t.Errorf("%s: %s is there %d times, want once", p.name, word, n)
			}
		}
		first, last := strings.Index(p.dockerfile, "{{first}}"), strings.Index(p.dockerfile, "{{last}}")
		lines := strings.Count(p.dockerfile[first:], "\nRUN ") + strings.Count(p.dockerfile[first:], "\nCOPY ")
		if first > last || lines == 0 {
			t.Errorf("%s: the first step is not before the last", p.name)
		}
		filled := p.fill("frontend", "base", "a", "b")
		if strings.Contains(filled, "{{") || !strings.HasPrefix(filled, "# syntax=frontend\n") {
			t.Errorf("%s: not filled: %s", p.name, filled)
		}
	}
}

func TestInternalContainersAreCountedByKind(t *testing.T) {
	at := func(s int) *time.Time { v := time.Unix(int64(s), 0); return &v }
	var w vertices
	tools := []digest.Digest{digest.FromString("tools"), digest.FromString("6")}
	w.add(&client.SolveStatus{Vertexes: []*client.Vertex{
		{Digest: tools[0], Name: "docker-image://127.0.0.1:5000/sworn/frontend:dev@sha256:x"},
		{Digest: digest.FromString("7"), Inputs: tools[1:], Name: "[internal] sworn: describe states 3-4 of 4", Started: at(1), Completed: at(9)},
		{Digest: digest.FromString("1"), Inputs: tools, Name: "[internal] sworn: describe states 1-2 of 4", Started: at(1), Completed: at(3)},
		{Digest: digest.FromString("2"), Inputs: tools, Name: "[internal] sworn: describe states 3-4 of 4", Started: at(1), Completed: at(2)},
		{Digest: digest.FromString("3"), Inputs: tools, Name: "[internal] sworn: describe the base", Started: at(1), Completed: at(2), Cached: true},
		{Digest: digest.FromString("4"), Name: "[linux/amd64] generating sbom using x", Started: at(1), Completed: at(2)},
		{Digest: digest.FromString("5"), Name: "[internal] sworn: write the plan", Started: at(1), Completed: at(2)},
		{Digest: digest.FromString("6"), Name: "[2/2] RUN describe", Started: at(1), Completed: at(2)},
	}})
	got := w.internal()
	if len(got) != 2 || got["describe"].Ran != 2 || got["describe"].Wall != 3 || got["scan"].Ran != 1 {
		t.Errorf("got %v", got)
	}
}

func TestPeakAndProcessorTimeAreRead(t *testing.T) {
	name, peak, ok := highest("Name:\tsworn-evidence\nVmPeak:\t 9 kB\nVmHWM:\t     2048 kB\nVmRSS:\t 1 kB\n")
	if name != "sworn-evidence" || peak != 2<<20 || !ok {
		t.Errorf("highest = %q %d %t", name, peak, ok)
	}
	if _, _, ok := highest("Name:\tkthreadd\n"); ok {
		t.Error("a kernel thread has no memory")
	}
	d, err := usage([]byte("usage_usec 1500000\nuser_usec 1\n"))
	if err != nil || d != 1500*time.Millisecond {
		t.Errorf("usage = %v, %v", d, err)
	}
	if _, err := usage([]byte("user_usec 1\n")); err == nil {
		t.Error("usage of nothing")
	}
}

// TestStartIsTheFirstRequest starts the real frontend, built for it.
func TestStartIsTheFirstRequest(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the frontend")
	}
	program := t.TempDir() + "/frontend"
	cmd := exec.CommandContext(t.Context(), "go", "build", "-o", program, "../../cmd/sworn-frontend")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	d, err := startTime(t.Context(), program)
	if err != nil || d <= 0 {
		t.Fatalf("start = %v, %v", d, err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if _, err := startTime(ctx, "/bin/cat"); err == nil {
		t.Error("a program that asks nothing has started")
	}
}
